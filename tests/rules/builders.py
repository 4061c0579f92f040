"""Small catalogs for tests: written as an analyst would, or put together from values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from monitor.core.model import Direction
from monitor.rules.catalog import Catalog, Example, Indicator, Term, TermList
from monitor.rules.parsing import parse_query

Terms = Mapping[str, Sequence[str | Term]]  # language -> terms


def term_list(name: str, terms: Terms, include: Sequence[str] = ()) -> TermList:
    as_terms = {
        language: tuple(t if isinstance(t, Term) else Term(text=t) for t in written)
        for language, written in terms.items()
    }
    return TermList(name=name, terms=as_terms, include=tuple(include))


def indicator(
    query: str,
    *,
    id: str = "defense.test",
    terms: Mapping[str, Terms] | None = None,
    except_: Sequence[str] = (),
    weight: float = 5,
    status: str = "active",
    examples: Sequence[Example] = (),
    checklist: Sequence[str] = (),
    actors: str = "both",
) -> Indicator:
    return Indicator(
        id=id,
        domain=id.partition(".")[0],
        title=id,
        version=1,
        status=status,
        direction=Direction.DEEPENING,
        actors=actors,
        weight=weight,
        why="a test",
        half_life=timedelta(days=7),
        query_text=query,
        query=parse_query(query),
        terms={name: term_list(name, own) for name, own in (terms or {}).items()},
        except_=tuple(except_),
        examples=tuple(examples),
        checklist=tuple(checklist),
    )


def catalog(*indicators: Indicator, lists: Mapping[str, Terms] | None = None) -> Catalog:
    return Catalog(
        domains={},
        lists={name: term_list(name, terms) for name, terms in (lists or {}).items()},
        indicators={i.id: i for i in indicators},
        revision="abcdef0",
    )


ACTORS: dict[str, Terms] = {
    "russia": {
        "en": ["Russia", "Russian", "Moscow"],
        "ru": ["Россия", "российский", "РФ"],
        "zh": ["俄羅斯海軍", "俄方", Term(text="俄", not_in=("俄亥俄", "白俄罗斯", "埃塞俄比亚"))],
    },
    "china": {
        "en": ["China", "Chinese", "Beijing"],
        "ru": ["Китай", "китайский", "КНР"],
        "zh": ["中国", "中俄"],
    },
}

SOUND_INDICATOR = """\
id        = "defense.naval-drill"
title     = "Joint naval drill"
version   = 1
status    = "active"
direction = "deepening"
weight    = 6
why       = "Shows practice at sea"
half_life = "21d"
checklist = ["DEF-08"]
[report]
section = "Exercises"
quote   = "naval exercises"
[terms.drill]
en = ["naval drill"]
ru = ["военно-морское учение"]
zh = ["海上联演"]
[match]
query  = "@russia AND @china AND @drill"
except = ["sport"]
[[example]]
lang = "en"
expect = "match"
text = "Russia and China begin a naval drill"
[[example]]
lang = "ru"
expect = "match"
text = "Россия и Китай начали военно-морские учения"
[[example]]
lang = "zh"
expect = "match"
text = "中俄举行海上联演"
[[example]]
lang = "en"
expect = "no-match"
text = "Japan begins a naval drill"
why = "neither of the two"
"""

VISITS = SOUND_INDICATOR.replace("{", "{{").replace("}", "}}").replace("naval-drill", "{name}")

SOUND_LISTS = """\
[russia]
title = "Russia"
en = ["Russia", "Moscow"]
ru = ["Россия"]
zh = ["俄罗斯", "中俄"]
[china]
title = "China"
en = ["China"]
ru = ["Китай"]
zh = ["中国", "中俄"]
[sport]
title = "Sport"
en = ["football match"]
"""

SOUND_DOMAIN = 'id = "defense"\ntitle = "Defense"\norder = 1\n[sigma]\ndeepening = 40.0\n'


def write_catalog(folder: Path, **files: str) -> Path:
    """A sound catalog in `folder`; keyword arguments replace or add files (`__` is a slash)."""
    content = {
        "_lists__actors": SOUND_LISTS,
        "defense___domain": SOUND_DOMAIN,
        "defense__naval-drill": SOUND_INDICATOR,
    } | {name.replace("naval_drill", "naval-drill"): text for name, text in files.items()}
    for name, text in content.items():
        where, _, stem = name.partition("__") if not name.startswith("_lists") else ("_lists", "", name[8:])
        path = folder / where / f"{stem}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
