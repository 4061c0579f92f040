"""Everything that is wrong with one configuration file, each with its line and its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from monitor.config.schema import Table
from monitor.errors import ConfigError
from monitor.rules.positions import Positions

Key = Sequence[str | int]

# What pydantic says of itself, in words for an operator; the rest of a message comes from our own checks.
_EXPECTED = {
    "missing": "missing",
    "string_type": "expected a text in quotes",
    "string_too_short": "expected a text, found none",
    "string_too_long": "expected at most {max_length} characters",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "finite_number": "expected a number",
    "bool_type": "expected true or false",
    "list_type": "expected a list in square brackets",
    "model_type": "expected a table",
    "too_short": "expected {min_length} values",
    "too_long": "expected {max_length} values",
    "greater_than": "expected more than {gt:g}",
    "greater_than_equal": "expected {ge:g} or more",
    "less_than": "expected less than {lt:g}",
    "less_than_equal": "expected {le:g} or less",
    "literal_error": "expected {expected}",
    "value_error": "{error}",
}
_ELSEWHERE = (
    'a password never stands in this file; write password_env = "NAME" (an environment variable) '
    'or password_file = "path" instead'
)
# A password written where its variable or file should be named must not end up in a log.
_MAY_HOLD_SECRETS = ("url_env", "url_file", "password_env", "password_file", "secret_env", "secret_file")


class Problems:
    """Collects the problems of one file and tells them in the order of their lines."""

    def __init__(self, path: Path, text: str, document: Mapping[str, Any]) -> None:
        self._path = path
        self._positions = Positions(text)
        self._document = document
        self._found: list[tuple[int, str]] = []

    def add(self, key: Key, message: str) -> None:
        """Note what is wrong with the value of a key, such as ("feed", 11, "url")."""
        line, _ = self._positions.of(key)
        place = f"{self._path}:{line}" if line else f"{self._path}"
        self._found.append((line, f"{place}: {self._spell(key)}: {message}"))

    def add_invalid(self, table: Key, model: type[Table], details: Sequence[Mapping[str, Any]]) -> None:
        """Note what pydantic has against the table of a key."""
        for detail in details:
            key = (*table, *detail["loc"])
            if detail["type"] == "extra_forbidden":
                self.add(key, _unknown(str(detail["loc"][-1]), _table_at(model, detail["loc"][:-1])))
            else:
                expected, mark, hint = _expected(detail).partition("; did you mean ")
                self.add(key, f"{expected}{_found(key, detail)}{mark}{hint}")

    def add_unknown(self, key: str, known: Sequence[str]) -> None:
        """Note a key that the file may not have at its top."""
        self.add((key,), _unknown(key, known))

    def raise_if_any(self) -> None:
        """Raise ConfigError with all of them."""
        if self._found:
            raise ConfigError([text for _, text in sorted(self._found, key=lambda found: found[0])])

    def _spell(self, key: Key) -> str:
        """The key as the operator knows it: `feed[12] (id "ru-tass").url`; lists count from 1."""
        spelled = ""
        for depth, part in enumerate(key):
            if isinstance(part, int):
                name = self._id_of(key[: depth + 1])
                spelled += f"[{part + 1}]" + (f' (id "{name}")' if name else "")
            else:
                spelled += f".{part}" if spelled else part
        return spelled

    def _id_of(self, key: Key) -> str:
        value: Any = self._document
        for part in key:
            value = value[part]
        name = value.get("id") if isinstance(value, dict) else None
        return name if isinstance(name, str) and name.isprintable() else ""


def _table_at(model: type[Table], key: Key) -> list[str]:
    """The names that the table of a key may hold."""
    for part in key:
        inner = model.model_fields[str(part)].annotation
        if isinstance(inner, type) and issubclass(inner, Table):
            model = inner
    return list(model.model_fields)


def _unknown(name: str, known: Sequence[str]) -> str:
    if name.casefold() == "password":
        return _ELSEWHERE
    close = get_close_matches(name, known, n=1)
    if close:
        return f'unknown key; did you mean "{close[0]}"?'
    return f"unknown key; known are {', '.join(known)}"


def _expected(detail: Mapping[str, Any]) -> str:
    words = _EXPECTED.get(detail["type"])
    return words.format(**detail.get("ctx", {})) if words else str(detail["msg"])


def _found(key: Key, detail: Mapping[str, Any]) -> str:
    """What stands there instead; never a text that may be a secret, such as an address with a password."""
    value = detail["input"]
    if detail["type"] == "missing" or isinstance(value, Mapping | Table):
        return ""
    if key[-1] in _MAY_HOLD_SECRETS or (isinstance(value, str) and "@" in value and "//" in value):
        return ""
    shown = repr(value)
    return f", found {shown if len(shown) <= 100 else shown[:100] + '...'}"
