"""Matched words in their original text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.core.model import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of text, matched or not."""

    text: str
    marked: bool


def runs(text: str, spans: Iterable[Span], field: str) -> list[Run]:
    """Cut a text at the spans of one field; the runs joined give the text again.

    Spans may overlap or reach beyond the end; those with nothing but blanks between them are one.
    """
    found: list[Run] = []
    at = 0
    for start, end in _joined(text, sorted(span for span in spans if span.field == field)):
        if start > at:
            found.append(Run(text=text[at:start], marked=False))
        found.append(Run(text=text[start:end], marked=True))
        at = end
    if at < len(text):
        found.append(Run(text=text[at:], marked=False))
    return found


def _joined(text: str, spans: Iterable[Span]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for span in spans:
        start, end = span.start, min(span.end, len(text))
        if start >= end:
            continue
        if joined and not text[joined[-1][1] : start].strip():
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def starred(text: str, spans: Iterable[Span], field: str) -> str:
    """The text with its matched words between asterisks."""
    return "".join(f"*{run.text}*" if run.marked else run.text for run in runs(text, spans, field))
