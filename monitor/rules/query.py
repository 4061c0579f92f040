"""A query as a tree: what the parser makes and the engine answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

WIDEST = 60  # words; wider is the same as "in one paragraph"


class Scope(StrEnum):
    """A part of an entry. LEAD is the first sentence of the summary, BODY the whole summary."""

    TITLE = "title"
    LEAD = "lead"
    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A list of terms (`@name`), or a phrase of the query itself (its words in quotes)."""

    name: str
    column: int = 0

    @property
    def is_phrase(self) -> bool:
        return self.name.startswith('"')


@dataclass(frozen=True, slots=True)
class And:
    """All of them, and none of `excluded`."""

    items: tuple[Node, ...]
    excluded: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """Both within `words` words of one paragraph; `ordered`: the left one first, without overlap."""

    left: Node
    right: Node
    words: int
    ordered: bool


@dataclass(frozen=True, slots=True)
class AtLeast:
    """So many places, none overlapping another, where a list's terms stand."""

    count: int
    item: Leaf


@dataclass(frozen=True, slots=True)
class Within:
    """The item inside one window of that kind: one title, one sentence, ..."""

    item: Node
    scope: Scope


Node = Leaf | And | Or | Near | AtLeast | Within


def leaves(node: Node) -> tuple[Leaf, ...]:
    """Every list and phrase that the query names, excluded ones too, in order."""
    match node:
        case Leaf():
            return (node,)
        case And(items, excluded):
            return tuple(leaf for item in (*items, *excluded) for leaf in leaves(item))
        case Or(items):
            return tuple(leaf for item in items for leaf in leaves(item))
        case Near(left, right):
            return leaves(left) + leaves(right)
        case AtLeast(_, item) | Within(item):
            return leaves(item)


def written(node: Node) -> str:
    """A query tree as an analyst would write it."""
    match node:
        case Leaf(name):
            return name if node.is_phrase else f"@{name}"
        case And(items, excluded):
            parts = [_part(item) for item in items] + [f"NOT {_part(item)}" for item in excluded]
            return " AND ".join(parts)
        case Or(items):
            return " OR ".join(_part(item) for item in items)
        case Near(left, right, words, ordered):
            return f"{_part(left)} {'THEN' if ordered else 'NEAR'}/{words} {_part(right)}"
        case AtLeast(count, item):
            return f"ATLEAST/{count} @{item.name}"
        case Within(item, scope):
            inner = f"({written(item)})" if isinstance(item, Within) else _part(item)
            return f"{inner} IN {scope}"


def _part(node: Node) -> str:
    return written(node) if isinstance(node, Leaf | AtLeast | Within) else f"({written(node)})"
