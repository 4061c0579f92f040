from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rules.positions import Key, Place, Positions

SOURCE = '''\
id = "x"  # [no] table = here
"quoted key" = 'literal'
dotted.inner = 1
[terms.drill]
en = [
    "one", # "not this"
    { term = "two", not_in = ["three", "тысяча"] },
]
[match]
query = """
  (@a OR
   "b") \\
   AND @c
"""
[[example]]
text = "a \\"quoted\\" \\u0416 word"
[[example]]
text = "second"
[example.more]
deep = """x = 1"""
'''


def at(text: str, line: int) -> tuple[int, int]:
    return (line, SOURCE.splitlines()[line - 1].index(text) + 1)


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (("id",), at("id", 1)),
        (("quoted key",), at('"quoted key"', 2)),
        (("dotted", "inner"), at("dotted", 3)),
        (("terms", "drill"), at("terms", 4)),
        (("terms", "drill", "en"), at("en", 5)),
        (("terms", "drill", "en", 0), at('"one"', 6)),
        (("terms", "drill", "en", 1), at("{", 7)),
        (("terms", "drill", "en", 1, "not_in", 1), at('"тысяча"', 7)),
        (("example", 1, "text"), at("text", 18)),
        (("example", 1, "more", "deep"), at("deep", 20)),
        (("example", 0, "nothing"), at("example", 15)),
        (("match", "nothing"), at("match", 9)),
        (("nowhere",), (0, 0)),
    ],
)
def test_keys_and_items(key: Key, place: tuple[int, int]) -> None:
    assert Positions(SOURCE).of(key) == place


def test_a_text_inside_a_value() -> None:
    found = Positions(SOURCE).place_of_text(("terms", "drill", "en"), "тысяча")
    assert (found.line, found.column, found.width) == (7, at("тысяча", 7)[1], 6)
    assert Positions(SOURCE).place_of_text(("terms", "drill", "en"), "absent").line == 5


@pytest.mark.parametrize(("word", "line"), [("@a", 11), ('"b"', 12), ("@c", 13)])
def test_a_character_of_a_query_of_several_lines(word: str, line: int) -> None:
    query = tomllib.loads(SOURCE)["match"]["query"].strip()
    found = Positions(SOURCE).place_within(("match", "query"), query.index(word), len(word))
    assert (found.line, found.column) == at(word, line)


def test_escapes_count_as_written() -> None:
    text = tomllib.loads(SOURCE)["example"][0]["text"]
    found = Positions(SOURCE).place_within(("example", 0, "text"), text.index("word"), 4)
    assert (found.line, found.column) == at("word", 16)


def texts(value: object, key: Key = ()) -> Iterator[tuple[Key, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from texts(item, (*key, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from texts(item, (*key, number))
    elif isinstance(value, str):
        yield key, value


def test_every_text_of_the_catalog_is_read_as_tomllib_reads_it() -> None:
    folder = Path(__file__).parents[2] / "indicators" / "global_influence"
    for path in folder.glob("*.toml"):
        source = path.read_text(encoding="utf-8")
        positions = Positions(source)
        for key, text in texts(tomllib.loads(source)):
            place = positions.place_of_text(key, text)
            line = source.split("\n")[place.line - 1]
            plain = re.split(r'["\n]', text.strip())[0]  # up to what is written otherwise than read
            assert line[place.column - 1 :].startswith(plain), (path, key)


@given(st.text("[]{}=\"'.,#\\ab1\n \t", max_size=60))
def test_no_source_confuses_the_walk(source: str) -> None:
    place = Positions(source).place(("a",))
    assert place == Place() or 1 <= place.line <= source.count("\n") + 1
