"""A catalog file while it is checked: its problems, their places, and those that its author allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from monitor.rules.codes import ALLOWABLE, Problem, nearest
from monitor.rules.positions import Key, Place, Positions


class Allowance(Protocol):
    """A code that an author overrules, with the reason."""

    code: str
    reason: str


@dataclass(slots=True)
class Source:
    """One catalog file as read, with its problems so far."""

    path: str
    text: str = ""
    positions: Positions = field(init=False)
    _lines: list[str] = field(init=False)
    _found: list[tuple[Key, Problem]] = field(default_factory=list)
    _allowed: dict[Key, str] = field(default_factory=dict)  # key of an allow -> its code

    def __post_init__(self) -> None:
        self.positions = Positions(self.text)
        self._lines = self.text.split("\n")

    def report(
        self, code: str, message: str, key: Key = (), *, text: str | None = None, help: str = ""
    ) -> None:
        """Note a problem at a key, or at a text inside the value of that key."""
        place = self.positions.place(key) if text is None else self.positions.place_of_text(key, text)
        if key and not place.line:  # what is missing from the file as a whole stands at its beginning
            place = Place(1, 1)
        self.report_at(place, code, message, key, help=help)

    def report_within(
        self, code: str, message: str, key: Key, at: tuple[int, int], *, help: str = ""
    ) -> None:
        """Note a problem at some characters of a text value: the first, counted from 0, and how many."""
        self.report_at(self.positions.place_within(key, *at), code, message, key, help=help)

    def report_at(self, place: Place, code: str, message: str, key: Key = (), *, help: str = "") -> None:
        """Note a problem at a place."""
        problem = Problem(
            path=self.path,
            line=place.line,
            column=place.column,
            width=place.width,
            code=code,
            where=_where(key),
            message=_printable(message),
            help=_printable(help),
            source=self._lines[place.line - 1] if 0 < place.line <= len(self._lines) else "",
        )
        self._found.append((key, problem))

    def allow(self, allowances: Iterable[Allowance], scope: Key = ()) -> None:
        """Silence codes at a key and below it."""
        for number, allowance in enumerate(allowances):
            key = (*scope, "allow", number)
            if allowance.code in ALLOWABLE:
                self._allowed[key] = allowance.code
            else:
                hint = nearest(allowance.code, ALLOWABLE) or f"one of {', '.join(sorted(ALLOWABLE))}"
                self.report("R007", f"{allowance.code} cannot be allowed", key, help=hint)

    def problems(self, *, is_complete: bool) -> list[Problem]:
        """The problems that nobody allows; after a complete check, idle allows are among them."""
        used: set[Key] = set()
        kept = []
        for key, problem in self._found:
            allowing = {
                at
                for at, code in self._allowed.items()
                if code == problem.code and at[:-2] == key[: len(at) - 2]
            }
            used |= allowing
            if not allowing:
                kept.append(problem)
        if is_complete:
            other = Source(self.path, self.text)
            for key, code in self._allowed.items():
                if key not in used:
                    other.report("R042", f"nothing here has {code}", key, help="delete this allow")
            kept += [problem for _, problem in other._found]
        return kept


def _where(key: Key) -> str:
    """A key as dotted names; which item of a list is meant, the caret shows."""
    while key and isinstance(key[-1], int):
        key = key[:-1]
    return _printable(".".join(map(str, key)))


def _printable(text: str) -> str:
    """A name from a file may hold anything; a problem is one line of a terminal or a log."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
