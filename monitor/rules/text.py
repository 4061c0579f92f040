"""One entry's text, folded for scanning; words, sentences and originals are worked out when asked for."""

from __future__ import annotations

import operator
import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate, chain, count, islice, pairwise

from monitor.core.model import Span
from monitor.rules.folding import UNSPACED_RUN, Offsets, PlainOffsets, fold, fold_keeping_case, offsets_of
from monitor.rules.forms import QUOTES, Exact
from monitor.rules.query import Scope

Window = tuple[int, int]  # characters [start, end) of the folded text

# Wider than any distance a query may ask for, so that NEAR never crosses a paragraph.
_PARAGRAPH_GAP = 1000
_FIRST_UNSPACED = "\u2e80"  # below it no script is written without spaces
_SENTENCE_END = re.compile(
    r"""[。！？；]++[”’」』）»"]*+
    | (?<![!?…])[!?…]++[”’»")\]]*+(?=\s|$)
    | (?<!\.)\.++[”’»")\]]*+(?=\s++["«“(—–-]?\s*+[A-ZА-ЯЁ0-9\u3400-\u9fff])""",
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:^|[^\w])(?:[A-Za-zА-яЁё]|Mr|Mrs|Ms|Dr|Prof|Gen|Col|Maj|Capt|Lt|Adm|Sgt|Sen|Rep|Gov|St|No|vs|Inc|Ltd|Co|Corp"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|гг|им|ул|тыс|млн|млрд|руб|долл|см|др|пр|ст|стр|обл)$"
)


class Text:
    """Title and summary of one entry; each line of the summary is a paragraph of its own.

    `folded` is what the automaton scans: the folded title, a line break, the
    folded paragraphs. No pattern holds a line break, so none crosses one.
    """

    def __init__(self, title: str, summary: str = "") -> None:
        self.parts = [("title", 0, " ".join(title.splitlines()))]
        at = 0
        for line in summary.split("\n"):
            if line and not line.isspace():
                self.parts.append(("summary", at, line))
            at += len(line) + 1
        self._folded_parts = [fold(part) for _, _, part in self.parts]
        self.folded = "\n".join(self._folded_parts)
        self._offsets: dict[int, Offsets | PlainOffsets] = {}
        # Many rules ask for the same places of one text.
        self._word_of: dict[int, int] = {}
        self._span_of: dict[Window, Span] = {}

    def windows(self, scope: Scope) -> list[Window]:
        """The windows of one kind, in order."""
        match scope:
            case Scope.TITLE:
                return self.paragraphs[:1]
            case Scope.LEAD:
                return self._lead
            case Scope.BODY:
                return [(low, self.paragraphs[-1][1]) for low, _ in self.paragraphs[1:2]]
            case Scope.PARAGRAPH:
                return self.paragraphs
            case Scope.SENTENCE:
                return self.sentences

    @cached_property
    def _lead(self) -> list[Window]:
        return self._sentences_of(1, 1) if len(self.parts) > 1 else []

    @cached_property
    def paragraphs(self) -> list[Window]:
        """The title, then each line of the summary."""
        found, at = [], 0
        for part in self._folded_parts:
            found.append((at, at + len(part)))
            at += len(part) + 1
        return found

    @cached_property
    def sentences(self) -> list[Window]:
        """Every sentence, those of the title first."""
        return [window for part in range(len(self.parts)) for window in self._sentences_of(part)]

    def _sentences_of(self, part: int, most: int | None = None) -> list[Window]:
        """The sentences of a part, or the first of them."""
        start, end = self.paragraphs[part]
        inner = (start + cut for cut in _cuts(self.parts[part][2]) if start + cut < end)
        windows = ((low, high) for low, high in pairwise(chain([start], inner, [end])) if low < high)
        return list(islice(windows, most))

    def sentence_at(self, place: int) -> Window:
        """The sentence that a folded character stands in."""
        return self.sentences[max(bisect_right(self.sentences, (place, len(self.folded) + 1)) - 1, 0)]

    @cached_property
    def _words(self) -> tuple[list[int], list[int]]:
        """Folded offset and ordinal of each token; two characters without spaces count as one word."""
        pieces = self.folded.split(" ")
        starts = list(map(operator.add, accumulate(map(len, pieces), initial=0), count()))
        breadths = [1 if "\n" < piece < _FIRST_UNSPACED else _breadth(piece) for piece in pieces]
        return starts, list(accumulate(breadths, initial=0))

    def word_at(self, place: int) -> int:
        """The ordinal of the word that a folded character stands in."""
        known = self._word_of.get(place)
        if known is None:
            known = self._word_of[place] = self._find_word(place)
        return known

    def _find_word(self, place: int) -> int:
        starts, ordinals = self._words
        token = bisect_right(starts, place) - 1
        inside = (place - starts[token]) // 2 if _is_unspaced(self.folded[starts[token]]) else 0
        return ordinals[token] + inside

    def span(self, start: int, end: int) -> Span:
        """The original characters of folded characters [start, end), which stand in one part."""
        known = self._span_of.get((start, end))
        if known is None:
            known = self._span_of[start, end] = self._find_span(start, end)
        return known

    def _find_span(self, start: int, end: int) -> Span:
        part = bisect_right(self.paragraphs, (start, len(self.folded) + 1)) - 1
        field, at, _ = self.parts[part]
        shift = self.paragraphs[part][0]
        first, last = self._offsets_of(part).original(start - shift, end - shift)
        return Span(field, at + first, at + last)

    def _offsets_of(self, part: int) -> Offsets | PlainOffsets:
        if part not in self._offsets:
            self._offsets[part] = offsets_of(self.parts[part][2], self._folded_parts[part])
        return self._offsets[part]

    def reads(self, place: Window, exact: Exact | None) -> bool:
        """Whether the original of a place is written exactly so; always where nothing is asked for."""
        if exact is None:
            return True
        part = bisect_right(self.paragraphs, (place[0], len(self.folded) + 1)) - 1
        shift = self.paragraphs[part][0]
        original = self.parts[part][2]
        first, last = self._offsets_of(part).original(place[0] - shift, place[1] - shift)
        if fold_keeping_case(original[first:last]) != fold_keeping_case(exact.text):
            return False
        return not exact.quoted or (_is_quote(original, first - 1) and _is_quote(original, last))


def _breadth(piece: str) -> int:
    """How many words a piece of folded text between two spaces counts for."""
    if piece == "\n":
        return _PARAGRAPH_GAP
    if piece and _is_unspaced(piece[0]):
        return (len(piece) + 1) // 2
    return min(len(piece), 1)


def _is_quote(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at] in QUOTES


def _is_unspaced(character: str) -> bool:
    return character >= _FIRST_UNSPACED and UNSPACED_RUN.match(character) is not None


def _cuts(original: str) -> Iterator[int]:
    """The folded offset of what follows each sentence; folding piece by piece spares all other offsets."""
    begin, length = 0, 1
    for found in _SENTENCE_END.finditer(original):
        if _ends(original, found):
            piece = fold(original[begin : found.end()])
            begin = found.end()
            if not piece.isspace():
                length += len(piece) - 1
                yield length


def _ends(original: str, found: re.Match[str]) -> bool:
    """A full stop after an initial or an abbreviation ends no sentence."""
    if not found[0].startswith("."):
        return True
    return _ABBREVIATION.search(original[max(0, found.start() - 8) : found.start()]) is None
