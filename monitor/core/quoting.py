"""Quotes: the original text of a story, cut to what carries the matched words."""

from __future__ import annotations

from monitor.core.digest import Quote
from monitor.core.model import Signal, Span, Story

MOST_QUOTES = 3
EXCERPT = 320  # characters of a summary


def quotes(story: Story) -> tuple[Quote, ...]:
    """One quote a publisher family, strongest first, so that three quotes are three voices."""
    voices: dict[str, Signal] = {}
    for signal in story.signals:
        voices.setdefault(signal.voice, signal)
    return tuple(_quote(signal) for signal in list(voices.values())[:MOST_QUOTES])


def _quote(signal: Signal) -> Quote:
    summary, spans = _excerpt(signal)
    return Quote(
        title=signal.title,
        summary=summary,
        spans=spans,
        language=signal.language,
        feed_title=signal.feed_title,
        reliability=signal.reliability,
        party=signal.party,
        link=signal.link,
        at=signal.effective_at,
        dating=signal.dating,
    )


def _excerpt(signal: Signal) -> tuple[str, tuple[Span, ...]]:
    """The part of the summary that carries matched words; none where the title carries them all."""
    inside = sorted(span for span in signal.spans if span.field == "summary")
    titled = tuple(sorted(span for span in signal.spans if span.field == "title"))
    if not inside:
        return "", titled
    start = max(0, inside[0].start - EXCERPT // 4)
    if start:
        # Begin at a word where the script has any, so that no word is cut in two.
        blank = signal.summary.find(" ", start, inside[0].start)
        start = blank + 1 if blank >= 0 else start
    end = min(len(signal.summary), max(start + EXCERPT, inside[0].end))
    lead, tail = ("… " if start else ""), (" …" if end < len(signal.summary) else "")
    shift = len(lead) - start
    moved = [Span("summary", s.start + shift, s.end + shift) for s in inside if s.end <= end]
    return lead + signal.summary[start:end] + tail, titled + tuple(moved)
