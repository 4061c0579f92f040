from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError

import monitor
from monitor.core.digest import Digest
from monitor.core.model import Span
from monitor.rendering import render_html
from monitor.rendering.parts import LARGEST, environment
from tests.rendering.digests import (
    COVERAGE,
    EN,
    RU,
    ZH,
    a_development,
    a_digest,
    a_drawn_digest,
    a_first_digest,
    a_full_digest,
    a_quiet_digest,
    a_quote,
    a_rich_digest,
)

TEMPLATES = Path(monitor.__file__).parent / "templates"
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></title></textarea><svg/onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "--><iframe src=//evil.example></iframe><!--",
    "{{ 7*7 }}{% raw %}",
    "<![endif]--><base href=//evil.example>",
)
OURS = {
    *("html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "th"),
    *("h1", "h2", "h3", "p", "span", "b", "br", "code", "a", "img"),
}


class Reader(HTMLParser):
    """What a mail client would make of the markup."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.marked: list[str] = []
        self._in_mark = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_mark = dict(attrs).get("class") == "mark"

    def handle_endtag(self, tag: str) -> None:
        self._in_mark = False

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._in_mark:
            self.marked.append(data)

    def attributes(self, name: str) -> list[str | None]:
        return [attrs[name] for _, attrs in self.tags if name in attrs]

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def poisoned(value: Any, attack: str) -> Any:
    """The same value with every free text in it replaced by an attack."""
    if isinstance(value, tuple):
        return tuple(poisoned(one, attack) for one in value)
    if is_dataclass(value) and not isinstance(value, type | Span):
        keep = {"domain", "timezone"}
        new = {f.name: poisoned(getattr(value, f.name), attack) for f in fields(value) if f.name not in keep}
        return replace(value, **new)
    return attack if type(value) is str else value


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_of_a_feed_becomes_markup(attack: str) -> None:
    digest = a_full_digest(developments=(a_development(quotes=(a_quote(summary="x"),)),))
    found = Reader(render_html(poisoned(digest, attack)))
    assert {tag for tag, _ in found.tags} <= OURS
    assert not [name for _, attrs in found.tags for name in attrs if name.startswith("on")]
    assert found.attributes("href") == []
    assert " ".join(attack.split()) in found.text


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_title_of_what_changed_or_of_a_trend_becomes_markup(attack: str) -> None:
    found = Reader(render_html(poisoned(a_drawn_digest(), attack)))
    assert {tag for tag, _ in found.tags} <= OURS
    assert not [name for _, attrs in found.tags for name in attrs if name.startswith("on")]
    assert all(str(src).startswith("cid:trend-") for src in found.attributes("src"))


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "https://[broken", 'https://x.example/"><script>']
)
def test_only_web_addresses_become_links(link: str) -> None:
    digest = a_digest(developments=(a_development(quotes=(a_quote(link=link),)),))
    found = Reader(render_html(digest))
    assert {tag for tag, _ in found.tags} <= OURS
    assert all(str(href).startswith("https://x.example/") for href in found.attributes("href"))


def test_links_give_nothing_away_and_show_their_host() -> None:
    found = Reader(render_html(a_digest()))
    links = [attrs for tag, attrs in found.tags if tag == "a"]
    assert [attrs["href"] for attrs in links][:2] == [
        "https://one.example.org/1",
        "https://two.example.org/2",
    ]
    assert {attrs["rel"] for attrs in links} == {"noopener noreferrer nofollow"}
    assert "one.example.org" in found.text


def test_matched_words_are_marked_in_the_original_language() -> None:
    found = Reader(render_html(a_digest()))
    assert found.marked[:6] == [
        *("России и Китая", "совместное патрулирование"),
        *("中俄", "联合巡航"),
        *("Chinese and Russian", "joint patrol"),
    ]
    for sentence in (RU, ZH, EN):
        assert sentence in found.text
    quotes = [(attrs["lang"], attrs["dir"]) for tag, attrs in found.tags if tag == "p" and "lang" in attrs]
    assert quotes[:3] == [("ru", "auto"), ("zh", "auto"), ("en", "auto")]


def test_nothing_is_fetched_from_anywhere() -> None:
    html = render_html(a_full_digest())
    found = Reader(html)
    assert not found.attributes("src")
    assert all(str(src).startswith("cid:") for src in Reader(render_html(a_drawn_digest())).attributes("src"))
    assert not found.attributes("background")
    assert "url(" not in html
    assert "@import" not in html


def test_the_order_of_a_digest() -> None:
    text = Reader(render_html(a_digest(held_back=("1 in cool-down",)))).text
    order = [
        "Monday 23 November 2026, 07:00 EET (05:00Z) · since 22 Nov 07:00 EET",
        "Confidence in the reporting",
        "▲ Notable",
        "What changed",
        "Evidence: Defense",
        "Evidence: Economy",
        "Held back",
        "Coverage Language",
        "next digest 24 Nov 07:00 EET",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_a_level_is_a_word_a_shape_and_a_colour_and_a_chart_has_its_numbers() -> None:
    html = render_html(a_digest())
    assert '<b class="level2" style="color:#96600f">▲ Notable</b>' in html
    assert "↑ was Routine" in html
    assert "12, 14, 13, 20, 22, 36, 43" in Reader(html).attributes("aria-label")
    assert "held at Routine: uncorroborated" in html
    assert "only 55% of its feeds could be read" in html


def test_every_text_is_of_a_kind_that_the_dark_style_knows() -> None:
    found = Reader(render_html(a_digest(is_sample=True)))
    shades = {"ink", "dim", "sample", "bar"} | {f"level{number}" for number in range(5)}
    for tag, attrs in found.tags:
        if "color:#" in (attrs.get("style") or "").replace("background", "") and tag != "a":
            assert shades & set((attrs.get("class") or "").split()), (tag, attrs)


@pytest.mark.parametrize(
    "digest", [a_digest(), a_rich_digest(), a_full_digest(), a_quiet_digest(), a_first_digest()]
)
def test_bottom_line_and_table_stand_within_the_first_15_kilobytes(digest: Digest) -> None:
    html = render_html(digest).encode()
    assert html.index(b"Index 0 to 100") < 15_000
    assert len(html) < LARGEST


def test_twelve_long_stories_still_fit_and_say_what_was_left_out() -> None:
    title, summary = "中俄" * 500, "中俄合作" * 80
    spans = tuple(Span(field, at * 10, at * 10 + 4) for at in range(5) for field in ("title", "summary"))
    quote = a_quote(title=title, summary=summary, spans=spans, link="https://one.example.org/" + "a" * 1900)
    story = a_development(quotes=(quote,) * 3)
    html = render_html(a_full_digest(developments=(story,) * 12, also=(story,) * 40))
    assert len(html.encode()) <= LARGEST
    assert html.count("2 more publishers, and why") == 12
    assert "next digest 24 Nov" in html


def test_one_event_names_its_indicators_and_what_it_is_worth_for_each() -> None:
    text = Reader(render_html(a_rich_digest())).text
    assert "Defense: Joint naval patrol or exercise; also Technology: Shared early warning" in text
    assert "Also Technology: Shared early warning (B2, 1.7 points)" in text
    assert "Nothing new in Democracy and Global influence." in text


def test_what_makes_all_else_worth_less_stands_before_the_bottom_line() -> None:
    poor = replace(COVERAGE, feeds_healthy=26)
    text = Reader(render_html(a_rich_digest(coverage=poor, lost_timezone="Europe/Nowhere"))).text
    body = text[text.index("Defense rose from Routine to Notable") :]
    assert body.index("silence proves little") < body.index("Europe/Nowhere") < body.index("New: Joint naval")


def test_an_empty_digest_has_a_bottom_line_and_a_coverage() -> None:
    text = Reader(render_html(a_quiet_digest())).text
    assert "Nothing new in any domain" in text
    assert "41 of 43 feeds healthy, 1,912 entries read." in text
    assert "What changed" not in text
    assert "Evidence" not in text


def test_the_first_digest_shows_no_changes() -> None:
    text = Reader(render_html(a_first_digest())).text
    assert "first digest" in text
    assert "was Routine" not in text
    assert "None" not in text


def test_a_name_that_nobody_gave_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="subject"):
        environment().get_template("digest.html.j2").render()
    with pytest.raises(UndefinedError, match="misspelt"):
        environment().from_string("{{ digest.misspelt }}").render(digest=a_digest())


def test_no_template_calls_anything_safe() -> None:
    names = sorted(path.name for path in TEMPLATES.iterdir() if path.suffix == ".j2")
    assert names == ["digest.html.j2", "digest.txt.j2"]
    for name in names:
        source = (TEMPLATES / name).read_text(encoding="utf-8")
        assert "safe" not in source.replace("safe_link", "")
        assert "autoescape" not in source
        assert "Markup" not in source
