"""When digests are due, worked out minute by minute and without the program's own calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from torture.setting import Reader

_MINUTE = timedelta(minutes=1)


def dues(reader: Reader, since: datetime, until: datetime) -> Iterator[tuple[datetime, str]]:
    """The dues of a reader in [since, until]: the instant, and the name that the digest has.

    A daily one is due when the clocks on the wall first show its time or, where
    they jump over it, a later one.
    """
    zone = ZoneInfo(reader.zone)
    wanted = reader.cadence.partition(" ")[2]
    at = since.astimezone(UTC).replace(second=0, microsecond=0) - timedelta(days=1)
    done: set[str] = set()
    while at <= until:
        local = at.astimezone(zone)
        if reader.cadence == "hourly":
            if at.minute == 0 and at >= since:
                yield at, f"{at:%Y-%m-%dT%H:%M} UTC"
        elif f"{local:%H:%M}" >= wanted:
            name = f"{local:%Y-%m-%d}T{wanted} {reader.zone}"
            if name not in done:
                done.add(name)
                if at >= since:
                    yield at, name
        at += _MINUTE
