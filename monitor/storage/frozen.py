"""A digest as JSON and back: what was said, so that it can be said again."""

from __future__ import annotations

from functools import cache

from pydantic import TypeAdapter, ValidationError

from monitor.core.digest import Digest
from monitor.errors import StorageError


@cache
def _adapter() -> TypeAdapter[Digest]:
    return TypeAdapter(Digest)


def freeze(digest: Digest) -> str:
    """The digest as JSON text."""
    return _adapter().dump_json(digest).decode()


def thaw(text: str) -> Digest:
    """The digest that a text was made of. Raises StorageError for one of another version of the program."""
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        raise StorageError(
            f"this digest was composed by another version and cannot be shown again: {error.error_count()} "
            "values differ; its mail is in the outbox table as it was sent"
        ) from error
