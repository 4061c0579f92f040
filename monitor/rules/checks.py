"""What a catalog must hold beyond the shape of its files: known names, terms that can match, examples."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from monitor.rules.catalog import LANGUAGES, Catalog, Indicator, Term, TermList
from monitor.rules.forms import TermError, check_term
from monitor.rules.query import And, AtLeast, Leaf, Near, Node, Or, Within, leaves

_ONE_HAN = re.compile(r"[\u3400-\u9fff]")
Key = tuple[str | int, ...]


class Reporting(Protocol):
    """Something that notes a problem at a key of one file."""

    def report(self, code: str, message: str, key: Key = (), text: str | None = None) -> None: ...


def check_catalog(
    catalog: Catalog, of_lists: Mapping[str, Reporting], of_indicators: Mapping[str, Reporting]
) -> None:
    """Report everything that is wrong with lists and indicators that could be read."""
    for name, shared in catalog.lists.items():
        _check_list(shared, (name,), catalog.lists.keys(), of_lists[name])
    for indicator in catalog.indicators.values():
        source = of_indicators[indicator.id]
        known = catalog.lists.keys() | indicator.terms.keys()
        for name, own in indicator.terms.items():
            _check_list(own, ("terms", name), known, source)
        _check_names(indicator, catalog, source)
        _check_examples(indicator, source)


def _check_list(terms: TermList, key: Key, known: Iterable[str], source: Reporting) -> None:
    if not terms.terms and not terms.include:
        source.report("R006", f"list {terms.name} is empty", key)
    for name in terms.include:
        if name == terms.name:
            source.report("R008", f"list {name} includes itself", (*key, "include"), name)
        elif name not in known:
            source.report("R005", _unknown(name, known), (*key, "include"), name)
    _check_masks(terms, (*key, "zh"), source)
    for language, written in terms.terms.items():
        for term in written:
            _check_term(term, (*key, language), source)


def _check_term(term: Term, key: Key, source: Reporting) -> None:
    for text in (term.text, *term.not_in):
        try:
            check_term(text)
        except TermError as error:
            source.report(error.code, f"{text!r}: {error}", key, text)
    if _ONE_HAN.fullmatch(term.text.lstrip("=")) and not term.not_in:
        example = f'{{term = "{term.text}", not_in = ["...", "..."]}}'
        source.report(
            "R014", f"{term.text!r} alone matches inside other words; write {example}", key, term.text
        )


def _check_masks(terms: TermList, key: Key, source: Reporting) -> None:
    """A word excluded for one term is hardly meant by another term that it contains: 俄罗斯 in 白俄罗斯."""
    written = terms.terms.get("zh", ())
    longer = dict.fromkeys(word for term in written for word in term.not_in)
    own = {term.text for term in written}
    for term in written:
        within = [word for word in longer if term.text in word and word not in (*term.not_in, *own)]
        if within:
            shown = ", ".join(f'"{word}"' for word in (*term.not_in, *within))
            source.report(
                "R018", f"{term.text!r} also stands in {within[0]}; write not_in = [{shown}]", key, term.text
            )


def _unknown(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"unknown list {name!r}" + (f"; did you mean {close[0]!r}?" if close else "")


def _check_names(indicator: Indicator, catalog: Catalog, source: Reporting) -> None:
    known = catalog.lists.keys() | indicator.terms.keys()
    named = dict.fromkeys(leaf.name for leaf in leaves(indicator.query) if not leaf.is_phrase)
    unknown = [name for name in named if name not in known]
    for name in unknown:
        source.report("R005", _unknown(f"{name}", known), ("match", "query"))
    for name in indicator.except_:
        if name not in catalog.lists:
            source.report("R005", _unknown(name, catalog.lists), ("match", "except"), name)
    includes = [name for own in indicator.terms.values() for name in own.include]
    shared = [name for own in catalog.lists.values() for name in own.include]
    if unknown or any(name not in known for name in (*includes, *shared)):
        return
    for language in LANGUAGES:
        empty = [name for name in named if not catalog.terms_of(indicator, name)[language]]
        if not _can_match(indicator.query, frozenset(empty)):
            lists = ", ".join(f"@{name}" for name in empty)
            source.report(
                "R006", f"no {language} text can match: no {language} term in {lists}", ("match", "query")
            )


def _can_match(node: Node, empty: frozenset[str]) -> bool:
    """Whether the query can be satisfied without the lists that are empty."""
    match node:
        case Leaf(name):
            return name not in empty
        case And(items):
            return all(_can_match(item, empty) for item in items)
        case Or(items):
            return any(_can_match(item, empty) for item in items)
        case Near(left, right):
            return _can_match(left, empty) and _can_match(right, empty)
        case AtLeast(_, item) | Within(item):
            return _can_match(item, empty)


def _check_examples(indicator: Indicator, source: Reporting) -> None:
    if indicator.status in ("draft", "retired"):
        return
    if all(example.must_match for example in indicator.examples):
        source.report("R020", 'no example with expect = "no-match": add a near miss', ("id",))
    shown = {example.language for example in indicator.examples if example.must_match}
    missing = [language for language in LANGUAGES if language not in shown]
    if missing:
        source.report("R021", f"no example that matches in {', '.join(missing)}", ("id",))
