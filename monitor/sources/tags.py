"""One walk over the tags of a document, forwards only, however broken they are."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from monitor.core.outcome import Outcome
from monitor.errors import ParseError

MAX_DEPTH = 200
MAX_ATTRIBUTES = 256

_SKIPPED = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">"))
_TAG = re.compile(r"<(/?)([A-Za-z_][\w.:-]*)")
_ATTRIBUTE = re.compile(r"""=\s*["']""")
_ENTRIES = frozenset({"item", "entry"})
# HTML that nobody closes; it stands in documents that forgot to escape it.
_VOID = frozenset({"br", "hr", "img", "input"})


@dataclass(slots=True)
class Shape:
    """What the tags of a document say: its first element, and how far whole entries reach."""

    root: str = ""
    is_closed: bool = False  # the first element has its end
    entries: int = 0  # whole ones
    entries_start: int | None = None
    entry_start: int = 0  # of the entry at hand
    entries_end: int = 0  # 0: there is no whole entry
    head_end: int = 0  # where the first half of as many entries as are wanted ends
    tail_starts: deque[int] = field(default_factory=deque)  # of the entries in the other half, the last ones


def survey(text: str, max_entries: int) -> Shape:
    """Walk the tags once; raises ParseError for a document that is too deep or has a huge element.

    An end tag closes all that was left open inside its element. A "<" that
    begins no tag is text.
    """
    head = max_entries // 2
    shape, open_elements = Shape(tail_starts=deque(maxlen=max_entries - head)), list[str]()
    at = text.find("<")
    while at >= 0:
        skipped = next((end for begin, end in _SKIPPED if text.startswith(begin, at)), None)
        tag = None if skipped else _TAG.match(text, at)
        end = text.find(skipped or ">", at)
        if end < 0:
            # All but the last character of the end tag is near enough.
            shape.is_closed |= bool(tag and tag[1] and tag[2] == shape.root)
            break
        if tag:
            _enter(shape, open_elements, tag, text[at : end + 1], head)
        at = text.find("<", end if tag or skipped else at + 1)
    return shape


def _enter(shape: Shape, open_elements: list[str], found: re.Match[str], tag: str, head: int) -> None:
    name, end, is_empty = found[2].lower(), found.start() + len(tag), tag.endswith("/>")
    is_entry = name.rpartition(":")[2] in _ENTRIES
    if found[1]:
        _leave(shape, open_elements, name)
    else:
        shape.root = shape.root or found[2]
        if is_entry:
            shape.entry_start = found.start()
            if shape.entries_start is None:
                shape.entries_start = found.start()
        if tag.count("=") > MAX_ATTRIBUTES and len(_ATTRIBUTE.findall(tag)) > MAX_ATTRIBUTES:
            raise ParseError(Outcome.TOO_MANY_ATTRIBUTES, f"more than {MAX_ATTRIBUTES} in one element")
        if not is_empty and name not in _VOID:
            open_elements.append(name)
        if len(open_elements) > MAX_DEPTH:
            raise ParseError(Outcome.TOO_DEEP, f"more than {MAX_DEPTH} elements deep")
    shape.is_closed |= not open_elements
    if is_entry and (found[1] or is_empty):
        shape.entries += 1
        shape.tail_starts.append(shape.entry_start)
        shape.entries_end = end
        if shape.entries == head:
            shape.head_end = end


def _leave(shape: Shape, open_elements: list[str], name: str) -> None:
    if name in open_elements:
        while open_elements.pop() != name:
            pass
    shape.is_closed |= name == shape.root.lower()
