"""What a catalog must hold beyond the shape of its files: known names, terms that can match, examples."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from monitor.rules.catalog import LANGUAGES, Catalog, Indicator, Observable, Term, TermList
from monitor.rules.codes import nearest
from monitor.rules.expressions import MARK
from monitor.rules.forms import TermError, check_term
from monitor.rules.positions import Key
from monitor.rules.query import And, AtLeast, Leaf, Near, Node, Or, Within, leaves
from monitor.rules.reporting import Source

_QUERY = ("match", "query")
_HAN = re.compile(r"[\u3400-\u9fff]")


def check_catalog(
    catalog: Catalog,
    of_lists: Mapping[str, Source],
    of_indicators: Mapping[str, Source],
    broken: Collection[str] = (),
) -> None:
    """Report everything that is wrong with lists and indicators that could be read.

    `broken` are the shared lists that could not; who names one of them is not to blame.
    """
    shared_names = catalog.lists.keys() | set(broken)
    for name, shared in catalog.lists.items():
        _check_list(shared, (name,), shared_names, of_lists[name])
    for indicator in catalog.indicators.values():
        source = of_indicators[indicator.id]
        for name, own in indicator.terms.items():
            _check_list(own, ("terms", name), shared_names | indicator.terms.keys(), source)
        _check_names(indicator, shared_names, source)
        _check_languages(indicator, catalog, source)
        _check_examples(indicator, source)
    for about in (*catalog.indicators.values(), *catalog.composites.values()):
        _check_reason(about, of_indicators[about.id])


def _check_list(terms: TermList, key: Key, known: Collection[str], source: Source) -> None:
    if not terms.terms and not terms.include:
        source.report("R006", f"list {terms.name} is empty", key)
    for name in terms.include:
        if name == terms.name:
            source.report("R008", f"list {name} includes itself", (*key, "include"), text=name)
        elif name not in known:
            source.report(
                "R005", f"unknown list {name!r}", (*key, "include"), text=name, help=nearest(name, known)
            )
    for language, written in terms.terms.items():
        longer = dict.fromkeys(word for term in written for word in term.not_in)
        own = {term.text for term in written}
        for number, term in enumerate(written):
            at = (*key, language, number)
            _check_term(term, at, source)
            _check_masks(term, [word for word in longer if word not in own], at, source)


def _check_term(term: Term, key: Key, source: Source) -> None:
    for text in (term.text, *term.not_in):
        try:
            check_term(text)
        except TermError as error:
            reason, _, help = str(error).partition("; ")
            source.report(error.code, f"{text!r}: {reason}", key, text=text, help=help)
    if term.text.startswith(MARK):
        source.report(
            "R033", f"{term.text!r} is a regular expression", key, text=term.text,
            help="write its words as terms; or allow R033 with the reason why they do not do",
        )  # fmt: skip


def _check_masks(term: Term, longer: list[str], key: Key, source: Source) -> None:
    """A word excluded for one term is hardly meant by another that it contains: 俄罗斯 in 白俄罗斯."""
    is_bare = _HAN.fullmatch(term.text.lstrip("=")) and not term.not_in
    if not _HAN.search(term.text):
        return
    within = [word for word in longer if term.text.lstrip("=") in word and word not in term.not_in]
    shown = ", ".join(f'"{word}"' for word in (*term.not_in, *(within or ("...",))))
    help = f'write {{term = "{term.text}", not_in = [{shown}]}}'
    if is_bare:
        source.report(
            "R014", f"{term.text!r} alone matches inside other words", key, text=term.text, help=help
        )
    elif within:
        source.report("R018", f"{term.text!r} also stands in {within[0]}", key, text=term.text, help=help)


def _check_names(indicator: Indicator, shared: Collection[str], source: Source) -> None:
    known = {*shared, *indicator.terms}
    for name, leaf in _named(indicator).items():
        if name not in known:
            at = (leaf.column, len(name) + 1)
            source.report_within("R005", f"unknown list {name!r}", _QUERY, at, help=nearest(name, known))
    for name in indicator.except_:
        if name not in shared:
            message = f"unknown list {name!r}"
            source.report("R005", message, ("match", "except"), text=name, help=nearest(name, shared))


def _named(indicator: Indicator) -> dict[str, Leaf]:
    """The lists that the query names, in order, each where it is named first."""
    found: dict[str, Leaf] = {}
    for leaf in leaves(indicator.query):
        if not leaf.is_phrase:
            found.setdefault(leaf.name, leaf)
    return found


def _check_languages(indicator: Indicator, catalog: Catalog, source: Source) -> None:
    known = catalog.lists.keys() | indicator.terms.keys()
    named = _named(indicator)
    includes = [name for own in indicator.terms.values() for name in own.include]
    shared = [name for own in catalog.lists.values() for name in own.include]
    if not known >= {*named, *includes, *shared}:
        return
    terms = {name: catalog.terms_of(indicator, name) for name in named}
    for language in LANGUAGES:
        empty = [name for name in named if not terms[name][language]]
        if not _can_match(indicator.query, frozenset(empty)):
            lists = ", ".join(f"@{name}" for name in empty)
            at = (named[empty[0]].column, len(empty[0]) + 1)
            message = f"no {language} text can match: no {language} term in {lists}"
            source.report_within("R006", message, _QUERY, at)


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


def _check_reason(about: Observable, source: Source) -> None:
    if about.why.strip().casefold() in ("", about.title.strip().casefold()):
        key = "why" if about.why.strip() else "weight"
        message = f"weight {about.weight:g} without a reason"
        source.report("R041", message, (key,), help="say in why what one such event changes")


def _check_examples(indicator: Indicator, source: Source) -> None:
    if indicator.status in ("draft", "retired"):
        return
    if all(example.must_match for example in indicator.examples):
        source.report("R020", 'no example with expect = "no-match"', ("id",), help="add a near miss")
    shown = {example.language for example in indicator.examples if example.must_match}
    missing = [language for language in LANGUAGES if language not in shown]
    if missing:
        source.report("R021", f"no example that matches in {', '.join(missing)}", ("id",))
