"""The command `monitor`."""

from __future__ import annotations

from monitor.cli import archive, cli, data, demo, digest, feeds, rules, status, verdicts, work

__all__ = ["archive", "cli", "data", "demo", "digest", "feeds", "main", "rules", "status", "verdicts", "work"]


def main() -> None:
    """Run the command line."""
    cli(prog_name="monitor")


if __name__ == "__main__":
    main()
