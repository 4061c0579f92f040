"""Digests in the language of their reader: every word of ours, and no word of others."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from monitor.app import bundled_catalog
from monitor.config.schema import DOMAINS
from monitor.core.alerts import Silence
from monitor.core.digest import Digest
from monitor.core.model import Level
from monitor.core.outcome import Outcome
from monitor.rendering import held, remarks
from monitor.rendering.language import FOLDER, remarks_on_titles, speaking, titles
from monitor.rendering.layout import width
from monitor.rendering.mail import Sender, render
from monitor.rendering.parts import render_html, render_text
from monitor.rendering.subject import subject
from monitor.rules.loading import load_catalog
from tests.rendering.digests import DUE, a_digest, a_quiet_digest, a_rich_digest, a_weekly_digest

TOP = Path(__file__).parents[2]
KEYWORDS = {"_": None, "n_": (1, 2), "marked": None}
OTHERS = ("ru", "zh")
PLACE = re.compile(r"\{\w+\}")
# Of no language, or of every one: signs of the mail, commands, units, zones.
SHARED = {"ru", "cn", "utc", "eet", "eest", "monitor", "explain", "status"}


def texts_in_the_code() -> set[str | tuple[str, ...]]:
    found: set[str | tuple[str, ...]] = set()
    sources = [("python", path) for path in (TOP / "monitor" / "rendering").glob("*.py")]
    sources += [("jinja2.ext:babel_extract", path) for path in (TOP / "monitor" / "templates").glob("*.j2")]
    for method, path in sources:
        for _, text, _, _ in extract(method, io.BytesIO(path.read_bytes()), keywords=KEYWORDS):
            found.add(text if isinstance(text, str) else tuple(part for part in text if part))
    return found


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def messages(path: Path) -> Iterator[Message]:
    return (message for message in catalogue(path) if message.id)


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_none_is_left_over(language: str) -> None:
    translated = {
        tuple(m.id) if isinstance(m.id, list | tuple) else m.id for m in messages(FOLDER / f"{language}.po")
    }
    assert len(translated) > 200
    assert texts_in_the_code() == translated


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_keeps_the_places_of_its_text(language: str) -> None:
    for message in messages(FOLDER / f"{language}.po"):
        ids = message.id if isinstance(message.id, list | tuple) else [message.id]
        strings = message.string if isinstance(message.string, list | tuple) else [message.string]
        for string in strings:
            assert string or message.id == " "
            if string:
                assert set(PLACE.findall(string)) == set(PLACE.findall(ids[-1])), string


@pytest.mark.parametrize("language", OTHERS)
def test_every_title_of_the_shipped_catalogue_has_a_translation(language: str) -> None:
    found = load_catalog(bundled_catalog())
    indicators = {one.title for one in (*found.indicators.values(), *found.composites.values())}
    translated = {message.id for message in messages(bundled_catalog() / "_titles" / f"{language}.po")}
    assert translated == indicators | set(DOMAINS.values())


def test_a_title_without_a_translation_stays(tmp_path: Path) -> None:
    ours = "A title of our own"
    assert titles(tmp_path, "ru")(ours) == ours
    (tmp_path / "ru.po").write_text(f'msgid "{ours}"\nmsgstr "Наш"\n', encoding="utf-8")
    assert titles(tmp_path, "ru")(ours) == "Наш"
    (tmp_path / "ru.po").write_bytes(b"\xff\xfe no such file")
    assert titles(tmp_path, "ru")(ours) == ours


def test_titles_that_nothing_has_and_files_that_cannot_be_read_are_remarked_on(tmp_path: Path) -> None:
    (tmp_path / "ru.po").write_text('msgid "Old"\nmsgstr "Старое"\n\nmsgid "New"\nmsgstr "Новое"\n')
    (tmp_path / "zh.po").write_bytes(b"\xff\xfe no such file")
    stale, broken = remarks_on_titles(tmp_path, {"New"})
    assert stale == f"{tmp_path / 'ru.po'}: no indicator has this title any more: Old"
    assert broken.startswith(f"{tmp_path / 'zh.po'}: cannot be read")


def words_of(value: Any) -> Iterator[str]:
    """All Latin words that a digest brings with it."""
    if isinstance(value, Enum):
        return  # ours, to be translated
    if isinstance(value, str):
        yield from re.findall(r"[A-Za-z]+", value)
    elif isinstance(value, dict):
        for one in (*value.keys(), *value.values()):
            yield from words_of(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from words_of(one)


def brought(digest: Digest) -> list[Any]:
    """What a digest holds of others' words: titles, quotes, feeds, reasons."""
    events = [asdict(one) for one in (*digest.developments, *digest.also)]
    lines = [(line.title, line.domain) for line in digest.lines]
    feeds = [(feed.title, feed.reason) for feed in (*digest.coverage.down, *digest.coverage.frozen)]
    further = [asdict(one) for one in digest.fading]
    own = [
        asdict(digest.edits),
        digest.rules_revision,
        digest.methodology,
        digest.urgent,
        digest.lost_timezone,
    ]
    links = [digest.unsubscribe_link, digest.acknowledge_link]
    return [[events, further], lines, feeds, own, links]


WEEK = a_weekly_digest(held_back=(), lost_timezone="Mars/Base", urgent=("Ours",), new_stories=9, omitted=3)
SAMPLES = [
    a_rich_digest(held_back=()),
    a_quiet_digest(held_back=()),
    WEEK,
    a_digest(since_at=None, is_sample=True, held_back=()),
]


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("digest", SAMPLES, ids=["rich", "quiet", "week", "first"])
def test_no_english_word_of_ours_is_left(digest: Digest, language: str) -> None:
    digest = replace(digest, language=language)
    text = render_text(digest)
    with speaking(language):
        text += subject(digest)
    ours = {word.lower() for word in words_of(text)} - {word.lower() for word in words_of(brought(digest))}
    assert {word for word in ours - SHARED if len(word) > 1} == set()


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("digest", SAMPLES, ids=["rich", "quiet", "week", "first"])
def test_lines_keep_their_width(digest: Digest, language: str) -> None:
    for line in render_text(replace(digest, language=language)).splitlines():
        assert width(line) <= 78 or "https://" in line, line


@pytest.mark.parametrize("digest", SAMPLES, ids=["rich", "quiet", "week", "first"])
def test_chinese_sentences_have_chinese_marks(digest: Digest) -> None:
    text = render_text(replace(digest, language="zh"))
    assert re.findall(r".*[\u4e00-\u9fff）][,;:(].*", text) == []
    assert re.findall(r"[，。；：、] [\u4e00-\u9fff]", text) == []


def test_html_and_headers_name_the_language() -> None:
    digest = replace(a_rich_digest(), language="zh")
    assert '<html lang="zh">' in render_html(digest)
    sender = Sender(name="Entente", address="entente@example.org")
    payload = render(digest, sender=sender, message_id="<one@example.org>").payload
    assert b"Content-Language: zh\r\n" in payload
    english = render(a_rich_digest(), sender=sender, message_id="<one@example.org>").payload
    assert b"Content-Language" not in english


def test_a_language_that_we_do_not_speak_is_english() -> None:
    assert render_text(replace(a_rich_digest(), language="xx")) == render_text(a_rich_digest())


def test_words_do_not_leak_from_one_digest_into_the_next() -> None:
    before = render_text(a_rich_digest())
    render_text(replace(a_rich_digest(), language="ru"))
    assert render_text(a_rich_digest()) == before


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "1 новый сюжет"), (3, "3 новых сюжета"), (11, "11 новых сюжетов"), (22, "22 новых сюжета")],
)
def test_russian_numbers_take_their_forms(number: int, words: str) -> None:
    digest = replace(a_rich_digest(), language="ru", new_stories=number, lines=())
    with speaking("ru"):
        assert words in subject(replace(digest, lines=tuple(a_quiet_digest().lines)))


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("told of it at 06:00Z", "об этом сообщено в 06:00Z"),
        ("2 urgent mails within the hour", "2 срочных письма за час"),
        ("acknowledged by watch", "в работе у watch"),
        ("silenced by ana until 2026-11-30 06:00Z: a drill", "отключено до 2026-11-30 06:00Z (ana): a drill"),
        ("a reason of another kind", "a reason of another kind"),
    ],
)
def test_stored_reasons_are_known_again(stored: str, said: str) -> None:
    with speaking("ru"):
        assert remarks.of_alert(stored) == said


def test_stored_notes_and_troubles_are_known_again() -> None:
    with speaking("ru"):
        assert remarks.of_level("held at Notable: uncorroborated") == (
            "удержан на уровне «Заметно»: нет подтверждения"
        )
        assert remarks.of_level("held at Marked: coverage 58%") == "удержан на уровне «Остро»: прочитано 58%"
        assert remarks.of_feed("newest entry 9 days old") == "последней записи 9 дней"
        assert remarks.of_feed("http error: 503") == "ошибка HTTP: 503"
        failures = [outcome for outcome in Outcome if outcome.failed]
        assert all(remarks.of_feed(outcome.words) != outcome.words for outcome in failures)


def test_what_is_held_back_is_said_in_the_language() -> None:
    silence = Silence(id=1, subject="defense", owner="ana", reason="учения", starts_at=DUE, ends_at=DUE)
    with speaking("zh"):
        assert held.marked_false(2) == "2 条新事件被标记为不实，已略去。"
        assert "静默" in held.silenced(silence)
        assert held.risen("国防", Level.MARKED) == "国防升至显著"
