"""The first lines of a digest: what changed, what did not, and how sure we are of the reporting."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.digest import Development, Digest, DomainLine
from monitor.core.model import Level
from monitor.rendering.words import WEAK_BELOW, count, percent


def headline(digest: Digest) -> str:
    """The bottom line in one clause: the gravest level change, else what is new, else that nothing is."""
    moves = moved(digest.lines)
    if moves:
        return _move(moves[0])
    steady = "; no level changed" if any(line.previous_level is not None for line in digest.lines) else ""
    if digest.new_stories:
        domains = [line.title for line in digest.lines if line.domain in _told_of(digest)]
        stories = count(digest.new_stories, "new story", "new stories")
        return f"{stories} in {_named(domains)}{steady}"
    stronger = len(strengthened(digest))
    if stronger:
        return f"Nothing new; {count(stronger, 'known story', 'known stories')} stronger{steady}"
    return "Nothing new in any domain"


def sentences(digest: Digest) -> list[str]:
    """Further level changes, what is new, what is stronger, and where nothing is new.

    The change that is the headline is not said twice.
    """
    said = [f"{_move(line)}." for line in moved(digest.lines)[1:]]
    news = [d for d in (*digest.developments, *digest.also) if d.is_news]
    if news:
        more = f" and {count(digest.new_stories - 1, 'other')}" if digest.new_stories > 1 else ""
        said.append(f"New: {_graded(news)}{more}.")
    stronger = strengthened(digest)
    if stronger:
        more = f" and {count(len(stronger) - 1, 'other')}" if len(stronger) > 1 else ""
        said.append(f"Stronger: {_graded(stronger)}{more}.")
    quiet = [line.title for line in digest.lines if line.domain not in _told_of(digest)]
    if quiet and len(quiet) < len(digest.lines):
        said.append(f"Nothing new in {_named(quiet)}.")
    return said


def warning(digest: Digest) -> str:
    """That too little was read for silence to prove anything, "" where enough was."""
    coverage = digest.coverage
    if coverage.share >= WEAK_BELOW:
        return ""
    return (
        f"Only {coverage.feeds_healthy} of {coverage.feeds_expected} feeds could be read "
        f"({percent(coverage.share)}): silence proves little."
    )


def confidence(digest: Digest) -> str:
    """How sure we are of the reporting, with the reason."""
    word, independent = digest.assurance.confidence.value, digest.assurance.independent
    shares = f"{percent(digest.coverage.share)} of feeds healthy"
    if independent is None:
        return f"{word} that nothing was missed ({shares})"
    sources = (
        count(independent, "independent publisher") if independent else "sources that are party to it only"
    )
    return f"{word} ({sources}, {shares})"


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
    verb = "rose" if line.level > before else "fell"
    return f"{line.title} {verb} from {before.label} to {line.level.label}"


def _graded(developments: Sequence[Development]) -> str:
    top = max(developments, key=lambda d: d.points)
    return f"{top.indicator_title} ({top.grade})"


def _told_of(digest: Digest) -> frozenset[str]:
    """The domains with news."""
    news = (d for d in (*digest.developments, *digest.also) if d.is_news)
    return frozenset(domain for d in news for domain in d.domains)


def _named(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
