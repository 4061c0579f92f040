"""Every key of config.toml with its type, default and meaning, for the documentation and its test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from types import NoneType
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

from monitor.config.schema import ENTRIES, SECTIONS, Kind, Table

_WORDS = {bool: "true or false", int: "whole number", float: "number", str: "text"}


class KeyReference(NamedTuple):
    """One key: `default` as it would be written, "required" or "none"."""

    key: str
    type: str
    default: str
    meaning: str


def config_reference() -> list[KeyReference]:
    """All keys in the order of the file; those of `[[feed]]` are called feed.url and so on."""
    return [row for name, model in {**SECTIONS, **ENTRIES}.items() for row in _rows(name, model)]


def _rows(name: str, model: type[Table]) -> Iterator[KeyReference]:
    for key, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Table):
            yield from _rows(f"{name}.{key}", inner)
        else:
            default = "required" if field.is_required() else _written(field.default)
            yield KeyReference(
                f"{name}.{key}", _words(inner, field.metadata), default, field.description or ""
            )


def _written(default: object) -> str:
    return "none" if default is None else json.dumps(default, ensure_ascii=False)


def _words(annotation: Any, metadata: Iterable[object] = ()) -> str:
    """The type of a value in the operator's words."""
    for mark in metadata:
        if isinstance(mark, Kind):
            return mark.words
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(arguments[0], arguments[1:])
    if origin is Literal:
        return " or ".join(json.dumps(value) for value in arguments)
    if origin is list:
        return f"list of {_words(arguments[0])}"
    if origin is not None:
        return next(_words(part) for part in arguments if part is not NoneType)
    return _WORDS[annotation]
