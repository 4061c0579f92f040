"""The words of a digest in its reader's language. The only file that knows Babel.

English is what the program is written in; `monitor/locale` holds the others, as
.po files that a translator edits. What has no translation stays English.
"""

from __future__ import annotations

import gettext
import io
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path

from babel.dates import format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal

LOCALES = {"en": "en_US", "ru": "ru_RU", "zh": "zh_Hans_CN"}
FOLDER = Path(__file__).parents[1] / "locale"

logger = logging.getLogger(__name__)
_UNREADABLE = (OSError, ValueError, PoFileError)
_spoken: ContextVar[str] = ContextVar("spoken", default="en")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Let all words that are made in the block be of one language; English for one that we do not speak."""
    token = _spoken.set(language if language in LOCALES else "en")
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    """The language in force: "en", "ru" or "zh"."""
    return _spoken.get()


def _(text: str, **values: object) -> str:
    """A text in the language in force, its {places} filled."""
    translated = _catalogue(spoken()).gettext(text)
    return translated.format(**values) if values else translated


def n_(one: str, many: str, number: int, **values: object) -> str:
    """As `_`, for a text that depends on a number; {number} stands for it, grouped as the language does."""
    translated = _catalogue(spoken()).ngettext(one, many, number)
    return translated.format(number=whole(number), **values)


def marked(text: str) -> str:
    """The same text: it is translated where it is used, and this lets the list of texts know of it."""
    return text


def whole(number: int) -> str:
    """A whole number, its digits grouped."""
    return format_decimal(number, locale=LOCALES[spoken()])


def dated(moment: datetime, pattern: str) -> str:
    """A time by a pattern of Unicode's CLDR."""
    return format_datetime(moment, pattern, locale=LOCALES[spoken()])


def titles(folder: Path, language: str) -> Callable[[str], str]:
    """What puts a title of the catalogue into a language, by the .po file that analysts keep beside it."""
    path = folder / f"{language}.po"
    changed = path.stat().st_mtime_ns if path.is_file() else 0
    return _read(path, changed).gettext


def remarks_on_titles(folder: Path, titles: Collection[str]) -> list[str]:
    """What is wrong with the files of titles: one that cannot be read, a title that nothing has."""
    found = []
    for path in sorted(folder.glob("*.po")):
        try:
            read = _parsed(path)
        except _UNREADABLE as error:
            found.append(f"{path}: cannot be read, its titles stay English: {error}")
        else:
            unknown = [str(message.id) for message in read if message.id and message.id not in titles]
            found += [f"{path}: no indicator has this title any more: {title}" for title in unknown]
    return found


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return _read(FOLDER / f"{language}.po", 0)


@lru_cache(maxsize=16)
def _read(path: Path, changed: int) -> gettext.NullTranslations:
    """The texts of a file as of its last change; none where it is missing or cannot be read."""
    try:
        read = _parsed(path)
    except FileNotFoundError:
        return gettext.NullTranslations()
    except _UNREADABLE as error:
        logger.warning("%s: not read, its texts stay English: %s", path, error)
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _parsed(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.stem, abort_invalid=True)
