"""Made-up rules and entries for the measurements: the catalogue's own terms, words of syllables, fixed seed.

A quarter of the entries holds the terms of a rule close together, so that rules do match.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from monitor.app import bundled_catalog
from monitor.core.model import Direction
from monitor.rules.catalog import LANGUAGES, Catalog, Indicator, Term, TermList
from monitor.rules.loading import read_catalog
from monitor.rules.parsing import parse_query

SHARES = {"en": 0.48, "ru": 0.30, "zh": 0.22}
LIST_SIZES = (5, 18)
WORDS = (60, 400)
COMMONEST = 1200  # words of the vocabulary that no rule asks for
_SYLLABLES = {
    "en": ("ba co di fe gor hin jal ke lom mer nast or pol quin ras sel ter und ven wick", " s ed ing ly er"),
    "ru": ("ба во го дер жа зи кон лу мор нес оп пра рет ску тов ул фи хор цен шар", " а ов ами ой ский ить"),
}


@dataclass(frozen=True)
class Entry:
    """One entry of a language: title and summary."""

    language: str
    title: str
    summary: str


@cache
def _bundled() -> Catalog:
    return read_catalog(bundled_catalog())[0]


def catalogue_terms(language: str) -> list[str]:
    """The terms of one language that the program comes with, plain ones only."""
    indicators = _bundled().indicators.values()
    tables = [*_bundled().lists.values(), *(table for i in indicators for table in i.terms.values())]
    terms = {term.text for table in tables for term in table.terms.get(language, ())}
    return sorted(term for term in terms if not term.startswith(("re:", "=", '"')))


def vocabulary(language: str, count: int, rng: random.Random) -> list[str]:
    """Different made-up words, the commonest first; those of Chinese in characters of the catalogue."""
    words: dict[str, None] = {}
    han = sorted({character for term in catalogue_terms("zh") for character in term if character >= "\u4e00"})
    while len(words) < count:
        if language == "zh":
            words["".join(rng.choices(han, k=rng.choice((1, 2, 2, 2, 3, 4))))] = None
        else:
            syllables, endings = _SYLLABLES[language]
            stem = "".join(rng.choices(syllables.split(" "), k=rng.choice((1, 1, 2, 2, 3, 4))))
            words[stem + rng.choice(endings.split(" "))] = None
    # Common words are short, on the whole.
    return sorted(words, key=lambda word: len(word) + 3 * rng.random())


def made_terms(words: dict[str, list[str]], count: int, rng: random.Random) -> dict[str, list[str]]:
    """Different terms of each language: half the catalogue's own, half made up, a third of two words."""
    terms = {}
    for language in LANGUAGES:
        wanted = round(count * SHARES[language])
        own = catalogue_terms(language)
        rng.shuffle(own)
        found = dict.fromkeys(own[: wanted // 2])
        rare = words[language][COMMONEST:]
        while len(found) < wanted:
            parts = rng.sample(rare, rng.choice((1, 1, 2)))
            found[("" if language == "zh" else " ").join(parts)] = None
        terms[language] = [term for term in found if len(term) > 1]
    return terms


def made_catalog(terms: dict[str, list[str]], rules: int, rng: random.Random) -> Catalog:
    """Lists of a few terms of each language, and rules that combine two to four of them."""
    size = sum(map(len, terms.values()))
    lists = {}
    for number in range(max(60, size // 11)):
        wanted = rng.randint(*LIST_SIZES)
        lists[f"l{number}"] = TermList(
            name=f"l{number}",
            terms={
                language: tuple(
                    Term(text=t)
                    for t in rng.sample(terms[language], max(1, round(wanted * SHARES[language])))
                )
                for language in LANGUAGES
            },
        )
    names = list(lists)
    made = {f"d.r{n}": _indicator(f"d.r{n}", _query(names, rng)) for n in range(rules)}
    return Catalog(domains={}, lists=lists, indicators=made)


def _query(names: list[str], rng: random.Random) -> str:
    a, b, c, d = (f"@{name}" for name in rng.sample(names, 4))
    near = f"({a} NEAR/10 {b})"
    query = rng.choice(
        (near, near, f"{near} AND {c}", f"{a} AND {b}", f"{a} AND {b} AND {c}", f"({a} OR {b}) AND {c}")
    )
    return f"{query} AND NOT {d}" if rng.random() < 0.3 else query


def _indicator(id: str, query: str) -> Indicator:
    return Indicator(
        id=id,
        domain="d",
        title=id,
        version=1,
        status="active",
        direction=Direction.DEEPENING,
        actors="both",
        weight=5,
        why="made up",
        half_life=timedelta(days=7),
        query_text=query,
        query=parse_query(query),
    )


def made_entries(
    catalog: Catalog, words: dict[str, list[str]], count: int, rng: random.Random
) -> list[Entry]:
    """Entries of words that are as unequally common as those of a language, with terms strewn in."""
    weights = {
        language: list(itertools.accumulate(1 / (rank + 2) for rank in range(len(words[language]))))
        for language in LANGUAGES
    }
    lists = list(catalog.lists.values())
    rules = list(catalog.indicators.values())
    entries = []
    for _ in range(count):
        language = rng.choices(LANGUAGES, [SHARES[name] for name in LANGUAGES])[0]
        length = int(min(WORDS[1], max(WORDS[0], rng.lognormvariate(5.0, 0.5))))
        text = rng.choices(words[language], cum_weights=weights[language], k=length)
        for _ in range(rng.randint(1, 4)):
            text.insert(rng.randrange(length), _term(rng.choice(lists), language, rng))
        if rng.random() < 0.25:
            at = rng.randrange(length)
            named = [name.strip("@()") for name in rng.choice(rules).query_text.split() if "@" in name]
            for name in named[:3]:
                text.insert(at + rng.randint(0, 5), _term(catalog.lists[name], language, rng))
        entries.append(Entry(language, *_written(text, language)))
    return entries


def _term(terms: TermList, language: str, rng: random.Random) -> str:
    return rng.choice(terms.terms[language]).text.strip('="')


def _written(words: list[str], language: str) -> tuple[str, str]:
    """Title of twelve words, and the rest as sentences of some twenty in two paragraphs."""
    space, comma, stop = ("", "，", "。") if language == "zh" else (" ", ", ", ". ")
    out = []
    for at, word in enumerate(words):
        out.append(word.capitalize() if at % 20 == 12 else word)
        out.append(stop if at % 20 == 11 else comma if at % 9 == 8 else space)
    half = 24 + (len(words) // 2) * 2 // 40 * 40
    return "".join(out[:24]).strip(), "".join(out[24:half]) + "\n" + "".join(out[half:])


def made(rules: int, terms: int, entries: int) -> tuple[Catalog, list[Entry]]:
    """A catalog and entries, always the same ones for the same numbers."""
    rng = random.Random(20261124)
    words = {language: vocabulary(language, 30_000, rng) for language in LANGUAGES}
    catalog = made_catalog(made_terms(words, terms, rng), rules, rng)
    return catalog, made_entries(catalog, words, entries, rng)
