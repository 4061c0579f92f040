"""The first lines of a digest: what changed, what did not, and how sure we are of the reporting."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.digest import Development, Digest, DomainLine
from monitor.core.model import Level
from monitor.rendering.language import _, marked, n_
from monitor.rendering.words import WEAK_BELOW, bracketed, comma, level, listed, percent

CONFIDENCES = {"high": marked("high"), "moderate": marked("moderate"), "low": marked("low")}


def headline(digest: Digest) -> str:
    """The bottom line in one clause: the gravest level change, else what is new, else that nothing is."""
    moves = moved(digest.lines)
    if moves:
        return _move(moves[0])
    has_steady = any(line.previous_level is not None for line in digest.lines)
    steady = _("; no level changed") if has_steady else ""
    if digest.new_stories:
        domains = [line.title for line in digest.lines if line.domain in _told_of(digest)]
        stories = n_(
            "{number} new story in {domains}",
            "{number} new stories in {domains}",
            digest.new_stories,
            domains=listed(domains),
        )
        return stories + steady
    stronger = len(strengthened(digest))
    if stronger:
        known = n_("{number} known story stronger", "{number} known stories stronger", stronger)
        return _("Nothing new; {known}", known=known) + steady
    return _("Nothing new in any domain")


def sentences(digest: Digest) -> list[str]:
    """Further level changes, what is new, what is stronger, and where nothing is new.

    The change that is the headline is not said twice.
    """
    said = [_("{sentence}.", sentence=_move(line)) for line in moved(digest.lines)[1:]]
    news = [d for d in (*digest.developments, *digest.also) if d.is_news]
    if news:
        said.append(_("New: {story}.", story=_graded(news) + _others(digest.new_stories - 1)))
    stronger = strengthened(digest)
    if stronger:
        said.append(_("Stronger: {story}.", story=_graded(stronger) + _others(len(stronger) - 1)))
    quiet = [line.title for line in digest.lines if line.domain not in _told_of(digest)]
    if quiet and len(quiet) < len(digest.lines):
        said.append(_("Nothing new in {domains}.", domains=listed(quiet)))
    return said


def warning(digest: Digest) -> str:
    """That too little was read for silence to prove anything, "" where enough was."""
    coverage = digest.coverage
    if coverage.share >= WEAK_BELOW:
        return ""
    return _(
        "Only {healthy} of {expected} feeds could be read ({share}): silence proves little.",
        healthy=coverage.feeds_healthy,
        expected=coverage.feeds_expected,
        share=percent(coverage.share),
    )


def confidence(digest: Digest) -> str:
    """How sure we are of the reporting, with the reason."""
    word, independent = _(CONFIDENCES[digest.assurance.confidence.value]), digest.assurance.independent
    shares = _("{share} of feeds healthy", share=percent(digest.coverage.share))
    if independent is None:
        return _("{word} that nothing was missed ({shares})", word=word, shares=shares)
    sources = (
        n_("{number} independent publisher", "{number} independent publishers", independent)
        if independent
        else _("sources that are party to it only")
    )
    return bracketed(word, comma(sources, shares))


def moved(lines: Sequence[DomainLine]) -> list[DomainLine]:
    """The domains whose level changed, those that stand highest first."""
    return sorted(
        (line for line in lines if line.previous_level not in (None, line.level)),
        key=lambda line: -line.level,
    )


def strengthened(digest: Digest) -> list[Development]:
    """The known events that are better sourced than they were."""
    return [d for d in (*digest.developments, *digest.also) if d.is_stronger]


def _move(line: DomainLine) -> str:
    before = line.previous_level or Level.QUIET
    words = (
        marked("{domain} rose from {before} to {now}")
        if line.level > before
        else marked("{domain} fell from {before} to {now}")
    )
    return _(words, domain=line.title, before=level(before), now=level(line.level))


def _graded(developments: Sequence[Development]) -> str:
    top = max(developments, key=lambda d: d.points)
    return bracketed(top.indicator_title, top.grade)


def _told_of(digest: Digest) -> frozenset[str]:
    """The domains with news."""
    news = (d for d in (*digest.developments, *digest.also) if d.is_news)
    return frozenset(domain for d in news for domain in d.domains)


def _others(number: int) -> str:
    return n_(" and {number} other", " and {number} others", number) if number > 0 else ""
