"""What each kind of catalog file may hold, its mistakes in our words. The only rules file with pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from monitor.rules.codes import nearest

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_Model = TypeVar("_Model", bound="Table")
Duration = Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,3}[dh]$")]
Language = Literal["en", "ru", "zh"]


class Table(BaseModel):
    """A table of a catalog file: no unknown keys, no silent conversion."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TermTable(Table):
    term: Text
    not_in: list[Text] = Field(min_length=1)


class AllowTable(Table):
    code: Text
    reason: Text


class ListTable(Table):
    title: str = ""
    version: int = Field(default=1, ge=1)
    en: list[Text | TermTable] = []
    ru: list[Text | TermTable] = []
    zh: list[Text | TermTable] = []
    include: list[Text] = []
    fact: bool = False
    allow: list[AllowTable] = []


class MatchTable(Table):
    query: Text
    except_: list[Text] = Field(default=[], alias="except")


class ComposeTable(Table):
    within: Duration
    all: list[Text | list[Text]] = []
    any_n: int | None = Field(default=None, ge=2)
    of: list[Text | list[Text]] = []
    in_order: bool = False
    min_weight: int | float = Field(default=1, ge=1, le=10)


class ReportTable(Table):
    section: Text
    quote: str = ""


class ExampleTable(Table):
    lang: Language
    expect: Literal["match", "no-match"]
    text: Text
    summary: str = ""
    why: str = ""


class IndicatorFile(Table):
    id: Text
    title: Text
    version: int = Field(ge=1)
    status: Literal["draft", "test", "active", "retired"]
    direction: Literal["deepening", "friction", "countermeasure"]
    actors: Literal["both", "either"] = "both"
    weight: int | float = Field(ge=1, le=10)
    why: str = ""
    half_life: Duration
    requirement: str = ""
    checklist: list[Text] = []
    urgent: bool = False
    review: date | None = None
    allow: list[AllowTable] = []
    report: ReportTable | None = None
    terms: dict[str, ListTable] = {}
    match: MatchTable | None = None
    compose: ComposeTable | None = None
    example: list[ExampleTable] = []


class SigmaTable(Table):
    deepening: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    friction: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    countermeasure: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class DomainFile(Table):
    id: Text
    title: Text
    order: int = 0
    sigma: SigmaTable = SigmaTable()


@dataclass(frozen=True, slots=True)
class Mistake:
    """A value that the schema refuses: where it stands in the file, its code, and what is expected."""

    key: tuple[str | int, ...]
    code: str
    message: str
    help: str = ""


# What pydantic says of itself, in words for an analyst; the rest of a message comes from the schema.
_EXPECTED = {
    "missing": "missing",
    "string_type": "expected a text in quotes",
    "string_too_short": "expected a text that is not empty",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "bool_type": "expected true or false",
    "list_type": "expected a list in square brackets",
    "dict_type": "expected a table",
    "model_type": "expected a table",
    "too_short": "expected at least {min_length}",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected {ge} or more",
    "less_than_equal": "expected {le} or less",
    "literal_error": "expected {expected}",
    "date_type": "expected a date without quotes such as 2027-01-31",
    "finite_number": "expected a finite number",
    "string_pattern_mismatch": 'expected a number of days or hours such as "21d"',
}
# Alternatives of a value that may have two shapes; no part of the key that its author wrote.
_SHAPES = frozenset(("int", "float", "TermTable", "constrained-str", "list[constrained-str]"))


def read_table(model: type[_Model], value: object) -> tuple[_Model | None, list[Mistake]]:
    """The checked table, or None and all its mistakes, each once."""
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        found: dict[tuple[str | int, ...], Mistake] = {}
        for detail in error.errors(include_url=False):
            key = tuple(part for part in detail["loc"] if part not in _SHAPES)
            found.setdefault(key, _mistake(key, dict(detail), model))
        return None, list(found.values())


def _mistake(key: tuple[str | int, ...], detail: Mapping[str, Any], model: type[BaseModel]) -> Mistake:
    name = ".".join(map(str, key))
    if detail["type"] == "extra_forbidden":
        known = _names(model, key[:-1])
        return Mistake(key, "R002", f"{name}: unknown key", _known(str(key[-1]), known))
    expected = _EXPECTED.get(detail["type"], detail["msg"]).format(**detail.get("ctx", {}))
    found = detail["input"]
    shown = (
        "" if detail["type"] == "missing" or isinstance(found, dict | list) else f", found {_clipped(found)}"
    )
    return Mistake(key, "R007", f"{name}: {expected}{shown}")


def _clipped(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 64:
        return "a huge number"
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:79]}…"


def _known(name: str, known: list[str]) -> str:
    return nearest(name, known) or f"known here: {', '.join(known)}"


_TABLES: Mapping[str, type[BaseModel]] = {
    "match": MatchTable,
    "compose": ComposeTable,
    "allow": AllowTable,
    "report": ReportTable,
    "example": ExampleTable,
    "terms": ListTable,
    "sigma": SigmaTable,
}


def _names(model: type[BaseModel], parents: tuple[str | int, ...]) -> list[str]:
    """The keys that a table may hold."""
    last = next(
        (p for p in reversed(parents) if isinstance(p, str) and p in (*_TABLES, "en", "ru", "zh")), None
    )
    table = model if last is None else TermTable if last in ("en", "ru", "zh") else _TABLES[last]
    return [field.alias or name for name, field in table.model_fields.items()]
