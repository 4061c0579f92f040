from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.errors import InputError
from monitor.sources.lines import BrokenLine, Line, read_lines, read_moment

CONTENT = '{"id": "1"}\n\n[1]\n{"id": \n{"id": "Ж"}'.encode() + b'\n\xff\xfe\n{"id": "3"}\n'


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_broken_line_is_reported_with_its_number_and_passed_over(
    tmp_path: Path, is_compressed: bool
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(gzip.compress(CONTENT) if is_compressed else CONTENT)
    found = list(read_lines(path))
    assert [line.number for line in found] == [1, 3, 4, 5, 6, 7]
    assert [line.value["id"] for line in found if isinstance(line, Line)] == ["1", "Ж", "3"]
    assert [type(line) for line in found] == [Line, BrokenLine, BrokenLine, Line, BrokenLine, Line]


def test_a_compressed_file_that_ends_early_gives_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(b'{"id": "1"}\n' * 50_000)[:-20])
    found = list(read_lines(path))
    assert isinstance(found[0], Line)
    assert isinstance(found[-1], BrokenLine)
    assert "broken" in found[-1].reason


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"x" * 9_000_000 + b'\n{"id": "2"}\n')
    first, second = read_lines(path)
    assert isinstance(first, BrokenLine)
    assert second == Line(2, {"id": "2"})


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        list(read_lines(tmp_path / "none"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-06-05", datetime(2025, 6, 5, tzinfo=UTC)),
        ("2025-06-05T10:00:00+03:00", datetime(2025, 6, 5, 7, tzinfo=UTC)),
        ("2009-08-17T11:13:15.000Z", datetime(2009, 8, 17, 11, 13, 15, tzinfo=UTC)),
        ("soon", None),
        (None, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_dates_without_a_zone_are_utc(text: object, expected: datetime | None) -> None:
    assert read_moment(text) == expected
