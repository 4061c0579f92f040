"""A second evaluator that only has to be right: atom by atom, every pair of places, no automaton.

An atom is one word, or one character of a script without spaces. Terms are
taken literally (the tests give it words that have no other forms).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.rules.query import And, AtLeast, Leaf, Near, Node, Or, Scope, Within

HAN = re.compile(r"[\u4e00-\u9fff]")
Place = tuple[int, int]  # atoms [start, end)


@dataclass(frozen=True)
class Atom:
    text: str
    token: int
    word: int
    part: int  # 0 for the title, then one for each paragraph
    sentence: int


def atoms_of(title: str, summary: str) -> list[Atom]:
    parts = [title, *(line for line in summary.split("\n") if line.strip())]
    atoms: list[Atom] = []
    token = word = sentence = 0
    for number, part in enumerate(parts):
        for piece in re.findall(r"[a-z]+|[\u4e00-\u9fff]+|[.。]", part.lower()):
            if piece in ".。":
                sentence += 1
                continue
            is_han = bool(HAN.match(piece))
            for at, text in enumerate(piece if is_han else [piece]):
                atoms.append(Atom(text, token, word + at // 2, number, sentence))
            word += (len(piece) + 1) // 2 if is_han else 1
            token += 1
        sentence += 1
        word += 1000
    return atoms


@dataclass(frozen=True)
class Naive:
    atoms: Sequence[Atom]
    lists: Mapping[str, Sequence[str]]

    def satisfied(self, node: Node) -> bool:
        return bool(self.places(node, (0, len(self.atoms))))

    def place(self, node: Node) -> str | None:
        """The narrowest of title, lead and body that satisfies the query."""
        if not self.satisfied(node):
            return None
        for scope in (Scope.TITLE, Scope.LEAD):
            ends = [end for _, end in self.windows(scope)]
            if ends and self.places(node, (0, ends[0])):
                return scope.value
        return "body"

    def places(self, node: Node, window: Place) -> list[Place]:
        match node:
            case Leaf(name):
                return [place for term in self.lists[name] for place in self.find(term, window)]
            case And(items, excluded):
                each = [self.places(item, window) for item in items]
                wrong = any(self.places(item, window) for item in excluded)
                return [] if wrong or not all(each) else [place for places in each for place in places]
            case Or(items):
                return [place for item in items for place in self.places(item, window)]
            case Near(left, right, words, ordered):
                return [
                    (min(a[0], b[0]), max(a[1], b[1]))
                    for a in self.places(left, window)
                    for b in self.places(right, window)
                    if self.is_near(a, b, words, ordered)
                ]
            case AtLeast(count, item):
                places = self.places(item, window)
                return places if most_apart(places) >= count else []
            case Within(item, scope):
                inner = [(max(a, window[0]), min(b, window[1])) for a, b in self.windows(scope)]
                return [place for w in inner if w[0] < w[1] for place in self.places(item, w)]

    def is_near(self, a: Place, b: Place, words: int, ordered: bool) -> bool:
        first, second = (
            (self.atoms[a[0]].word, self.atoms[a[1] - 1].word),
            (
                self.atoms[b[0]].word,
                self.atoms[b[1] - 1].word,
            ),
        )
        if ordered:
            return b[0] >= a[1] and second[0] - first[1] <= words
        return second[0] - first[1] <= words and first[0] - second[1] <= words

    def find(self, term: str, window: Place) -> list[Place]:
        pieces = [list(p) if HAN.match(p) else [p] for p in term.split()]
        wanted = [(text, number) for number, piece in enumerate(pieces) for text in piece]
        found = []
        for start in range(window[0], window[1] - len(wanted) + 1):
            here = self.atoms[start : start + len(wanted)]
            texts = [a.text for a in here] == [text for text, _ in wanted]
            tokens = [a.token - here[0].token for a in here] == [number for _, number in wanted]
            if texts and tokens and here[0].part == here[-1].part:
                found.append((start, start + len(wanted)))
        return found

    def windows(self, scope: Scope) -> list[Place]:
        last = max((a.part for a in self.atoms), default=0)
        sentences = sorted({a.sentence for a in self.atoms})
        lead = next((a.sentence for a in self.atoms if a.part == 1), -1)
        match scope:
            case Scope.TITLE:
                return self.where(lambda a: a.part == 0)
            case Scope.LEAD:
                return self.where(lambda a: a.sentence == lead)
            case Scope.BODY:
                return self.where(lambda a: a.part > 0)
            case Scope.PARAGRAPH:
                return [w for part in range(last + 1) for w in self.where(lambda a, p=part: a.part == p)]
            case Scope.SENTENCE:
                return [w for s in sentences for w in self.where(lambda a, s=s: a.sentence == s)]

    def where(self, holds) -> list[Place]:  # type: ignore[no-untyped-def]
        at = [i for i, atom in enumerate(self.atoms) if holds(atom)]
        return [(at[0], at[-1] + 1)] if at else []


def most_apart(places: Sequence[Place]) -> int:
    """The largest number of places of which no two overlap, by trying each in turn."""
    best = 0
    for place in places:
        later = [other for other in places if other[0] >= place[1]]
        best = max(best, 1 + most_apart(later))
    return best
