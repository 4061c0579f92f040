"""Every element, attribute and style of a digest beside a list of what mail clients support.

mail_clients.json is a part of Can I email, as its own words say; what a client lacks
must be on the list of what may be lacking, with the reason why nobody misses it.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from monitor.core.digest import Digest
from monitor.rendering import render_html
from tests.rendering.digests import a_digest, a_drawn_digest, a_full_digest, a_quiet_digest, a_rich_digest

LIST = json.loads((Path(__file__).parent / "mail_clients.json").read_text(encoding="utf-8"))
# Elements and attributes that every client has known for ever, or that show nothing; not in the list.
PLAIN = {"html", "head", "title", "meta", "br", "b"}
PLAIN_ATTRIBUTES = {
    *("charset", "name", "content", "style", "class", "href", "rel", "src", "alt", "scope", "colspan"),
    *("border",),
}
ELEMENTS = {
    "h1": "html-h1-h6",
    "h2": "html-h1-h6",
    "h3": "html-h1-h6",
    "tr": "html-table",
    "td": "html-table",
    "th": "html-table",
    "a": "",  # the list has the links within a mail alone
}
PROPERTIES = {
    "margin-top": "css-margin",
    "padding-top": "css-padding",
    "padding-left": "css-padding",
    "padding-right": "css-padding",
    "border-top": "css-border",
    "border-color": "css-border",
    "-webkit-text-size-adjust": "",  # for iPhones alone
    "color": "",  # not in the list: as old as CSS
}
# What some client lacks, and why the digest is as good without it.
MAY_LACK = {
    "css-at-media": "without it a phone shows the columns of a desk",
    "css-at-media-prefers-color-scheme": "the colours are mid-tones that stand on both grounds",
    "css-color-scheme": "see prefers-color-scheme",
    "html-meta-color-scheme": "see prefers-color-scheme",
    "css-background": "we set colours alone, which all know",
    "css-border": "thin, and on cells and headings",
    "css-border-radius": "corners are square",
    "css-display-none": "Outlook keeps the columns that are meant for its width",
    "css-font-size": "in pixels, which all know",
    "css-font-weight": "400, 600 and 700, which all tell apart",
    "css-height": "auto, of pictures that have their own",
    "css-important": "only in the style element, after a space",
    "css-line-height": "a small chart is a little higher",
    "css-margin": "never negative, and none on a span",
    "css-max-height": "display:none hides the same",
    "css-max-width": "a table of 600 px stands around it for Outlook",
    "css-overflow": "display:none hides the same",
    "css-overflow-wrap": "word-break says the same where this is unknown",
    "css-padding": "on cells but for the warning, whose ground is narrower then",
    "css-selector-child": "on phones alone, for a margin",
    "css-selector-class": "for the phone and the dark, as html-style",
    "css-text-align": "left, which all know",
    "css-white-space": "a number may be broken from its change",
    "css-width": "stands as an attribute too",
    "css-word-break": "long words stand in links alone, and links show a host",
    "html-aria-label": "the numbers of the small charts are in the text part",
    "html-dir": "no quote stands in a link",
    "html-lang": "not on cells; quotes are paragraphs",
    "html-role": "a table of layout is read out as a table",
    "html-style": "inline styles stand for all but the phone and the dark",
    "html-height": "in pixels, of cells",
    "html-width": "in pixels, but for tables as wide as the card",
    "html-body": "the ground around the card is white",
}


class Used(HTMLParser):
    """The features that a page uses, as the list calls them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.features: set[str] = set()
        self._in_style = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag not in PLAIN:
            self.features |= {ELEMENTS.get(tag, f"html-{tag}")} - {""}
        for name, value in attrs:
            if name == "style":
                self._declarations(value or "")
            elif name == "name" and value in ("color-scheme", "supported-color-schemes"):
                self.features.add("html-meta-color-scheme")
            elif name not in PLAIN_ATTRIBUTES:
                self.features.add(f"html-{name}")

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            return
        self._in_style = False
        self.features |= {"css-at-media"} if "@media" in data else set()
        self.features |= {"css-at-media-prefers-color-scheme"} if "prefers-color-scheme" in data else set()
        for selector in re.findall(r"^ ?([^@{}\n]+) \{", data, re.MULTILINE):
            self.features |= {"css-selector-child"} if ">" in selector else set()
            self.features |= {"css-selector-class"} if "." in selector else set()
        for body in re.findall(r"\{([^{}]*)\}", data):
            self._declarations(body)

    def _declarations(self, text: str) -> None:
        self.features |= {"css-important"} if "!important" in text else set()
        for part in filter(str.strip, text.split(";")):
            name = part.partition(":")[0].strip()
            slug = PROPERTIES.get(name, f"css-{name}")
            self.features |= {"css-display-none" if slug == "css-display" and "none" in part else slug} - {""}


DIGESTS = (a_digest(), a_rich_digest(is_sample=True), a_drawn_digest(), a_quiet_digest(), a_full_digest())


def lacking(features: set[str]) -> dict[str, list[str]]:
    """The features that a client lacks or has in part, each with the clients; unknown features with none."""
    found = {}
    for slug in features:
        known = LIST["features"].get(slug)
        clients = [client for client, state in (known or {}).items() if not state.startswith("y")]
        if known is None or clients:
            found[slug] = clients
    return found


@pytest.mark.parametrize("digest", DIGESTS)
def test_mail_clients_show_all_that_a_digest_is_made_of(digest: Digest) -> None:
    used = Used(render_html(digest)).features
    assert {"html-table", "css-padding", "css-at-media"} <= used
    assert {slug: clients for slug, clients in lacking(used).items() if slug not in MAY_LACK} == {}


def test_what_no_client_knows_would_be_seen() -> None:
    page = '<div style="position:sticky;display:grid" onclick="x"><video></video></div>'
    assert {"css-position", "html-video", "html-onclick", "css-display"} <= set(lacking(Used(page).features))


def test_nothing_is_excused_that_is_not_used() -> None:
    used = {slug for digest in DIGESTS for slug in Used(render_html(digest)).features}
    assert set(MAY_LACK) <= set(lacking(used))
    assert set(LIST["features"]) <= used
