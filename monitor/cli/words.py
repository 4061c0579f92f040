"""Numbers in the words of an operator."""

from __future__ import annotations


def size(number: int) -> str:
    """Bytes, in the largest unit that leaves a whole number: "1,024 MiB"."""
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024 or (unit == "MiB" and number < 10 * 1024):
            return f"{number:,} {unit}"
        number //= 1024
    return f"{number:,} GiB"
