"""The command `monitor`."""

from __future__ import annotations

from monitor.cli import (
    alerts,
    archive,
    cli,
    data,
    demo,
    digest,
    feeds,
    rules,
    score,
    status,
    story,
    verdicts,
    work,
)

# Each module adds its commands to `cli` when it is imported.
COMMANDS = (alerts, archive, data, demo, digest, feeds, rules, score, status, story, verdicts, work)


def main() -> None:
    """Run the command line."""
    cli(prog_name="monitor")


if __name__ == "__main__":
    main()
