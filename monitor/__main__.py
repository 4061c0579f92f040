"""The command `monitor`."""

from __future__ import annotations

from monitor.cli import (
    alerts,
    archive,
    backup,
    cli,
    clock,
    data,
    demo,
    digest,
    doctor,
    feeds,
    rules,
    score,
    status,
    story,
    verdicts,
    work,
)

# Each module adds its commands to `cli` when it is imported.
COMMANDS = (
    alerts,
    archive,
    backup,
    clock,
    data,
    demo,
    digest,
    doctor,
    feeds,
    rules,
    score,
    status,
    story,
    verdicts,
    work,
)


def main() -> None:
    """Run the command line."""
    cli(prog_name="monitor")


if __name__ == "__main__":
    main()
