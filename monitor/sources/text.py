"""Hostile markup to plain text; the only file that knows selectolax."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_TITLE = 1_000
MAX_SUMMARY = 20_000
# Markup beyond this is not looked at: text is kept up to MAX_SUMMARY anyway.
MAX_MARKUP = 400_000

_SKIPPED = frozenset({"script", "style", "noscript", "template", "iframe", "object", "svg", "math", "head"})
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption", "figure",
    "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
    "section", "table", "td", "th", "tr", "ul",
})  # fmt: skip
# NUL and controls, which PostgreSQL and terminals refuse, and bidi overrides, which show a text that
# is not there. Zero-width marks stay: the rules fold them, and in some scripts they are spelling.
_NEVER_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r"\s*\n\s*")
_MARKUP = re.compile(r"<[a-zA-Z/!?]|&[#a-zA-Z]")


def clean(text: str) -> str:
    """Text that every database, terminal and mail can hold, white space folded, paragraphs as lines."""
    text = _SURROGATES.sub("\ufffd", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = _NEVER_TEXT.sub("", text)
    return _BREAKS.sub("\n", _SPACES.sub(" ", text)).strip()


def to_text(markup: str) -> str:
    """The text of an HTML fragment: scripts and styles dropped, entities decoded once, blocks as lines."""
    if not _MARKUP.search(markup):
        return clean(markup)
    # A parser of bytes has no use for lone surrogates, and clean() has a sign for them.
    safe = _SURROGATES.sub("\ufffd", markup[:MAX_MARKUP]).replace("\x00", "")
    body = LexborHTMLParser(safe).body
    return clean("".join(_pieces(body))) if body else ""


def _pieces(root: LexborNode) -> list[str]:
    """The text nodes below a node in document order; a walk, since markup may nest thousands deep."""
    pieces: list[str] = []
    node: LexborNode | None = root
    depth = 0  # comparing nodes would serialise them; counting tells when we are back
    while node is not None:
        tag = node.tag or ""
        if tag == "-text":
            pieces.append(node.text_content or "")
        elif tag in _BLOCKS:
            pieces.append("\n")
        child = None if tag in _SKIPPED else node.child
        if child is not None:
            node, depth = child, depth + 1
            continue
        while depth and node is not None and node.next is None:
            node, depth = node.parent, depth - 1
            if node is not None and node.tag in _BLOCKS:
                pieces.append("\n")
        node = node.next if depth and node is not None else None
    return pieces


def one_line(text: str, limit: int = MAX_TITLE) -> str:
    """A title: one line, at most `limit` characters, an ellipsis where it was cut."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"
