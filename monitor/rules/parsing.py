"""The text of a query -> its tree; every refusal names the column and what to write instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from monitor.rules.query import WIDEST, And, AtLeast, Leaf, Near, Node, Or, Scope, Within

DEEPEST = 50

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<list>@[\w-]+) | (?P<phrase>"[^"]*") | (?P<open>\() | (?P<close>\))
    | (?P<near>(?:NEAR|THEN)/\d+) | (?P<atleast>ATLEAST/\d+)
    | (?P<word>AND|OR|NOT|IN)(?![\w/]) | (?P<scope>title|lead|sentence|paragraph|body)\b
    | (?P<wrong>\S+) )""",
    re.VERBOSE,
)


class QueryError(ValueError):
    """A query that cannot be read: `width` characters from `column`, which counts from 0, are to blame."""

    def __init__(self, code: str, column: int, message: str, *, width: int = 1, help: str = "") -> None:
        self.code = code
        self.column = column
        self.width = width
        self.help = help
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


@dataclass(frozen=True, slots=True)
class _Negated:
    """NOT x, until the AND around it takes it in."""

    item: Node
    column: int


def parse_query(text: str) -> Node:
    """Parse a query.

    Raises QueryError with a code (see codes.py) and the column of the culprit.
    """
    parser = _Parser(text)
    node = parser.group(0)
    if parser.token.kind != "end":
        parser.refuse("R010", "expected AND, OR, NEAR/n or the end here")
    return node


def _advice(token: _Token) -> str:
    """What its author may have meant, for the usual slips."""
    word = token.text.strip("()")
    if word.upper() in ("AND", "OR", "NOT", "IN", *(scope.upper() for scope in Scope)):
        is_operator = word.upper() in ("AND", "OR", "NOT", "IN")
        return f"write {word.upper() if is_operator else word.lower()}"
    if word.upper().startswith(("NEAR", "THEN", "ATLEAST")):
        return "write a number of words after it, such as NEAR/8, THEN/8 or ATLEAST/2"
    if token.text.startswith('"'):
        return "end the phrase with a quote"
    if token.kind == "wrong" and word.isalnum():
        return f'write @{word} for a list, or "{word}" for this very word'
    return ""


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "wrong"
        found.append(_Token(kind, match[kind], match.start(kind)))
    return [*found, _Token("end", "", len(text.rstrip()))]


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def refuse(self, code: str, message: str, token: _Token | None = None, help: str = "") -> NoReturn:
        where = token or self.token
        if code == "R010":
            message += f" (found {where.text!r})" if where.text else " (found the end of the query)"
            help = help or _advice(where)
        raise QueryError(code, where.column, message, width=len(where.text), help=help)

    def take(self) -> _Token:
        token = self.token
        self.at += 1
        return token

    def group(self, depth: int) -> Node:
        """What stands between parentheses: operands joined by one kind of operator."""
        if depth > DEEPEST:
            self.refuse("R017", f"nested deeper than {DEEPEST} parentheses", help="name a part as a list")
        items = [self.operand(depth)]
        joint: _Token | None = None
        while self.token.text in ("AND", "OR") or self.token.kind == "near":
            sign = self.take()
            self.check_joint(joint, sign)
            joint = joint or sign
            items.append(self.operand(depth))
        return self.joined(joint, items)

    def check_joint(self, first: _Token | None, sign: _Token) -> None:
        if first is None:
            return
        if first.kind == "near" or sign.kind == "near":
            self.refuse(
                "R011", f"{first.text} and {sign.text} side by side", sign, "put one pair in parentheses"
            )
        if first.text != sign.text:
            self.refuse("R011", "AND and OR side by side", sign, "put one of them in parentheses")

    def joined(self, joint: _Token | None, items: list[Node | _Negated]) -> Node:
        positive = [item for item in items if not isinstance(item, _Negated)]
        negated = [item for item in items if isinstance(item, _Negated)]
        if negated and (joint is None or joint.text != "AND" or not positive):
            at = negated[0].column
            raise QueryError(
                "R012", at, "NOT needs a positive term beside it", width=3, help="write @topic AND NOT @other"
            )
        if joint is None:
            return positive[0]
        if joint.kind == "near":
            return self.near(joint, positive[0], positive[1])
        if joint.text == "OR":
            return Or(tuple(positive))
        return And(tuple(positive), tuple(item.item for item in negated))

    def near(self, sign: _Token, left: Node, right: Node) -> Node:
        words = self.number(sign)
        if words > WIDEST:
            self.refuse("R031", f"{sign.text} is wider than {WIDEST} words", sign, "write IN paragraph")
        for side in (left, right):
            if not _has_places(side):
                self.refuse(
                    "R013",
                    f"{sign.text} stands between words, lists or OR groups of them, not AND groups",
                    sign,
                )
        return Near(left, right, words, ordered=sign.text.startswith("THEN"))

    def number(self, sign: _Token) -> int:
        digits = sign.text.partition("/")[2]
        if len(digits) > 4 or int(digits) < 1:
            self.refuse("R010", "expected a number of 1 or more after the slash", sign)
        return int(digits)

    def operand(self, depth: int) -> Node | _Negated:
        if self.token.text == "NOT":
            sign = self.take()
            if self.token.text == "NOT":
                self.refuse("R012", "two NOT in a row")
            inner = self.operand(depth)
            return _Negated(inner, sign.column) if not isinstance(inner, _Negated) else inner
        node = self.primary(depth)
        if self.token.text == "IN":
            self.take()
            if self.token.kind != "scope":
                self.refuse("R010", f"expected one of {', '.join(Scope)} after IN")
            node = Within(node, Scope(self.take().text))
        if self.token.text == "IN":
            self.refuse("R010", "a second IN", help="put the first in parentheses")
        return node

    def primary(self, depth: int) -> Node:
        token = self.take() if self.token.kind != "end" else self.token
        match token.kind:
            case "list":
                return Leaf(token.text[1:], token.column)
            case "phrase" if token.text.strip('" '):
                return Leaf(token.text, token.column)
            case "open":
                node = self.group(depth + 1)
                if self.token.kind != "close":
                    self.refuse("R010", "expected ) here")
                self.take()
                return node
            case "atleast":
                if self.token.kind != "list":
                    self.refuse("R010", "expected @list after ATLEAST/n")
                name = self.take()
                return AtLeast(self.number(token), Leaf(name.text[1:], name.column))
        return self.refuse("R010", 'expected @list, "phrase", NOT or ( here', token)


def _has_places(node: Node) -> bool:
    """Whether single places in the text satisfy the node, so that a distance to it has a meaning."""
    match node:
        case Leaf():
            return True
        case Or(items):
            return all(_has_places(item) for item in items)
        case Near(left, right):
            return _has_places(left) and _has_places(right)
        case Within(item):
            return _has_places(item)
        case _:
            return False
