"""The engine against the naive evaluator of the tests: the shipped catalogue on the real archive.

    python bench/rules_archive.py [EVERY [FOLDER OF *.jsonl.gz]]

Every EVERY-th entry of the archive (not in this project), and a hundred times as
dense those that name both states, beside every indicator:
the naive evaluator looks for each form of each term by itself, knows no
automaton and no gate, and tries all pairs. Folding, the forms of a term and
the cuts between sentences are shared; they have tests of their own. Exclusion
lists are left out, for they are no part of the query. Exits with 1 at the
first difference, and prints it.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from monitor.app import bundled_catalog, load_rules
from monitor.core.model import Place as Part
from monitor.rules.catalog import Catalog, Indicator, Term
from monitor.rules.engine import compile_rules
from monitor.rules.forms import Forms, forms_of
from monitor.rules.query import Leaf, Node, leaves
from monitor.rules.text import Text
from monitor.sources.lines import Line, read_lines
from tests.rules.naive import Atom, Naive, Place

RESULTS = Path(__file__).parent / "results" / "rules_archive.json"
ARCHIVE = Path(__file__).parents[2] / "shared" / "corpora" / "archive"
PARAGRAPH_GAP = 1000
NAMES_BOTH = re.compile(r"(?s)(?=.*(?:Russia|Росси|РФ|俄))(?=.*(?:Chin|Кита|КНР|中))")

expanded = cache(forms_of)


@dataclass
class Words:
    """The places of lists in one text, each term looked for once and by itself."""

    text: Text
    known: dict[str, list[Place]] = field(default_factory=dict)
    of_list: dict[int, list[Place]] = field(default_factory=dict)

    def places(self, terms: tuple[Term, ...]) -> list[Place]:
        if id(terms) not in self.of_list:
            self.of_list[id(terms)] = [place for term in terms for place in self._known(term)]
        return self.of_list[id(terms)]

    def _known(self, term: Term) -> list[Place]:
        key = "\0".join((term.text, *term.not_in))
        if key not in self.known:
            self.known[key] = list(self._places(term))
        return self.known[key]

    def _places(self, term: Term) -> Iterator[Place]:
        forms = expanded(term.text)
        own = sorted(set(self._of(forms)))
        longer = [place for word in term.not_in for place in self._of(expanded(word))] if own else []
        for start, end in own:
            if not any(a <= start and end <= b for a, b in longer) and self.text.reads(
                (start, end), forms.exact
            ):
                yield start, end

    def _of(self, forms: Forms) -> Iterator[Place]:
        folded = self.text.folded
        if forms.expression is not None:
            yield from forms.expression.places(folded, folded.encode())
        for pattern in forms.patterns:
            at = folded.find(pattern)
            while at >= 0:
                yield at + pattern.startswith(" "), at + len(pattern) - pattern.endswith(" ")
                at = folded.find(pattern, at + 1)


@dataclass(frozen=True)
class NaiveText(Naive):
    """The naive evaluator with one atom per folded character, and terms with all their forms."""

    words: Words = field(kw_only=True)

    def places(self, node: Node, window: Place) -> list[Place]:
        if isinstance(node, Leaf):
            found = self.words.places(self.lists[node.name])  # type: ignore[arg-type]
            return [(a, b) for a, b in found if window[0] <= a and b <= window[1]]
        return super().places(node, window)


def atoms_of(text: Text) -> list[Atom]:
    """One atom per character: its word counted from the start, its paragraph, its sentence."""
    atoms: list[Atom] = []
    words = token = 0
    sentences = text.sentences
    for number, line in enumerate(text.folded.split("\n")):
        for piece_number, piece in enumerate(line.split(" ")):
            if piece_number:
                atoms.append(_atom(" ", token, words, number, len(atoms), sentences))
            is_unspaced = bool(piece) and piece[0] >= "\u2e80"
            for at, character in enumerate(piece):
                word = words + at // 2 if is_unspaced else words
                atoms.append(_atom(character, token, word, number, len(atoms), sentences))
            words += (len(piece) + 1) // 2 if is_unspaced else min(len(piece), 1)
            token += 1
        atoms.append(_atom("\n", token, words, -1, len(atoms), []))
        words += PARAGRAPH_GAP
    return atoms[:-1]


def _atom(character: str, token: int, word: int, part: int, at: int, sentences: list[Place]) -> Atom:
    sentence = next((n for n, (low, high) in enumerate(sentences) if low <= at < high), -1)
    return Atom(character, token, word, part, sentence)


def naive_places(
    text: Text, indicators: Mapping[str, tuple[Indicator, dict[str, tuple[Term, ...]]]]
) -> set[tuple[str, Part]]:
    """Every indicator whose query the text satisfies, with the narrowest part that does."""
    atoms, words = atoms_of(text), Words(text)
    found = set()
    for name, (indicator, lists) in indicators.items():
        place = NaiveText(atoms, lists, words=words).place(indicator.query)  # type: ignore[arg-type]
        if place:
            found.add((name, Part(place)))
    return found


def lists_of(
    indicator: Indicator, catalog: Catalog, same: dict[tuple[Term, ...], tuple[Term, ...]]
) -> dict[str, tuple[Term, ...]]:
    """All terms of each list of a query, of all languages; equal lists are one object in `same`."""

    def terms(leaf: Leaf) -> tuple[Term, ...]:
        if leaf.is_phrase:
            return same.setdefault((Term(text=leaf.name),), (Term(text=leaf.name),))
        of_all = tuple(term for of in catalog.terms_of(indicator, leaf.name).values() for term in of)
        return same.setdefault(of_all, of_all)

    return {leaf.name: terms(leaf) for leaf in leaves(indicator.query)}


def chosen(folder: Path, every: int) -> Iterator[tuple[str, str]]:
    """Title and summary of each entry of the sample."""
    plain = both = 0
    for path in sorted(folder.glob("*.jsonl.gz")):
        for line in read_lines(path):
            if not isinstance(line, Line):
                continue
            title, summary = str(line.value.get("title", "")), str(line.value.get("summary") or "")
            if NAMES_BOTH.search(f"{title} {summary}"):
                both += 1
                if both % max(every // 100, 1) == 0:
                    yield title, summary
            else:
                plain += 1
                if plain % every == 0:
                    yield title, summary


def main() -> None:
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else ARCHIVE
    if not folder.is_dir():
        sys.exit(f"{folder}: no archive here; name its folder")
    started = time.perf_counter()
    shipped, _ = load_rules(bundled_catalog())
    bare = {name: replace(one, except_=()) for name, one in shipped.indicators.items()}
    catalog = replace(shipped, indicators=bare)
    rules = compile_rules(catalog)
    same: dict[tuple[Term, ...], tuple[Term, ...]] = {}
    naive = {
        rule.indicator.id: (rule.indicator, lists_of(rule.indicator, catalog, same)) for rule in rules.rules
    }
    entries = matched = 0
    for title, summary in chosen(folder, every):
        expected = naive_places(Text(title, summary), naive)
        found = {(match.indicator_id, match.place) for match in rules.match(title, summary)}
        if found != expected:
            sys.exit(f"{title}\n{summary}\nengine {sorted(found)}\nnaive  {sorted(expected)}")
        entries += 1
        matched += len(found)
    result = {
        "entries": entries,
        "indicators": len(naive),
        "pairs": entries * len(naive),
        "matches": matched,
        "differences": 0,
        "seconds": round(time.perf_counter() - started),
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
