"""Broken rule files, made from sound ones by chance: for the fuzz test and its long run in bench/."""

from __future__ import annotations

import random
import re

DEEP = "(" * 200 + "@russia" + ")" * 200
WRONG_VALUES = (
    "[]", "{}", "1", "-1", "nan", "inf", "true", '""', '" "', "2026-01-01", '"x"', "[[1], {a = 2}]",
    '["", 3]',     "'''\n'''", "9" * 5000, "0x" + "f" * 5000, "[" * 200 + "]" * 200,
    '{term = "x"}', '[{term = "x", not_in = []}]',
)  # fmt: skip
WRONG_QUERIES = (
    DEEP, " OR ".join(["@russia"] * 10_000), "@russia NEAR/500 @china", "@russia NEAR/0 @china",
    "NOT @russia", "@russia AND @china OR @drill", "@russia @china", "@russia THEN/x @china",
    "ATLEAST/99999 @nothing", "()", '"', '\\"\\"', "@", "@russia IN headline", "AND", "俄 AND 中",
    "@russia\\u0000AND", "NOT " * 500, "(" * 5000,
)  # fmt: skip
WRONG_TERMS = ('"Pоссия"', '"Кремлcкий"', '"俄"', '"..."', '"nav*"', '"="', '"\\u200b"', '"x\\ny"', '"（）"')


def broken(sound: str, rng: random.Random) -> str:
    """The file with one to three mutations; now and then one of them leaves it sound."""
    for _ in range(rng.randint(1, 3)):
        sound = rng.choice(_MUTATIONS)(sound, rng)
    return sound


def _cut(text: str, rng: random.Random) -> str:
    start = rng.randrange(len(text) + 1)
    return text[:start] + text[start + rng.randint(1, 80) :]


def _swapped(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def _doubled(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return "\n".join(lines)


def _letter(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice("\"'[]{}=#,\\.\t\n\0é俄c*?@()\u202e") + text[at:]


def _misspelled(text: str, rng: random.Random) -> str:
    keys = list(re.finditer(r"^(\w+)(?=\s*=)", text, re.MULTILINE))
    if not keys:
        return text
    key = rng.choice(keys)
    return text[: key.start()] + key[0][::-1] + text[key.end() :]


def _value(text: str, rng: random.Random) -> str:
    return _replaced(text, r"(?<==)[^\n]*", f" {rng.choice(WRONG_VALUES)}", rng)


def _query(text: str, rng: random.Random) -> str:
    return _replaced(text, r'(?<=query  = ")[^\n]*(?=")', rng.choice(WRONG_QUERIES), rng)


def _term(text: str, rng: random.Random) -> str:
    return _replaced(text, r'(?<=\[)"[^"\n]*"', rng.choice(WRONG_TERMS), rng)


def _replaced(text: str, pattern: str, new: str, rng: random.Random) -> str:
    places = list(re.finditer(pattern, text))
    if not places:
        return text
    place = rng.choice(places)
    return text[: place.start()] + new + text[place.end() :]


_MUTATIONS = (_cut, _swapped, _doubled, _letter, _misspelled, _value, _query, _term)
