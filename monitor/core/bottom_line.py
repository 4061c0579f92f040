"""The first lines of a digest: what changed, what did not, and how sure we are of the reporting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.core.digest import Coverage, Development, DomainLine
from monitor.core.model import Story
from monitor.core.scoring import Methodology, credibility


def _named(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _moves(lines: Iterable[DomainLine]) -> list[tuple[DomainLine, str]]:
    moves = []
    for line in lines:
        before = line.previous_level if line.previous_level is not None else line.level
        if line.level != before:
            verb = "rose" if line.level > before else "fell"
            moves.append((line, f"{line.title} {verb} from {before.label} to {line.level.label}"))
    return sorted(moves, key=lambda move: -move[0].level)


def headline(lines: Sequence[DomainLine], fresh: Sequence[Development]) -> str:
    """The bottom line in one clause: the gravest level change, else what is new, else that nothing is."""
    moves = _moves(lines)
    if moves:
        return moves[0][1]
    if fresh:
        domains = [line.title for line in lines if any(d.domain == line.domain for d in fresh)]
        steady = "; no level changed" if any(line.previous_level is not None for line in lines) else ""
        return f"{_count(len(fresh), 'new story', 'new stories')} in {_named(domains)}{steady}"
    return "Nothing new"


def bottom_line(lines: Sequence[DomainLine], fresh: Sequence[Development], coverage: Coverage) -> list[str]:
    """Up to four sentences: level changes, what is new, where nothing is, and what silence is worth."""
    sentences = [f"{text}." for _, text in _moves(lines)]
    if fresh:
        top = max(fresh, key=lambda d: d.points)
        more = f" and {_count(len(fresh) - 1, 'other')}" if len(fresh) > 1 else ""
        sentences.append(f"New: {top.indicator_title} ({top.grade}){more}.")
    quiet = [line.title for line in lines if not any(d.domain == line.domain for d in fresh)]
    if quiet:
        sentences.append(f"Nothing new in {_named(quiet)}.")
    if coverage.share < 0.7:
        sentences.append(
            f"Only {coverage.feeds_healthy} of {coverage.feeds_expected} feeds could be read: "
            "silence proves little."
        )
    return sentences


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def confidence(
    stories: Sequence[Story], fresh: Sequence[Development], coverage: Coverage, method: Methodology
) -> str:
    """Step 11, about the reporting and not about the future: high, moderate or low, with the reason."""
    shares = f"{coverage.share:.0%} of feeds healthy"
    if not fresh:
        word = "high" if coverage.share >= 0.9 else "moderate" if coverage.share >= 0.7 else "low"
        return f"{word} that nothing was missed ({shares})"
    top = max(fresh, key=lambda d: d.points)
    leading = next(
        s for s in stories if (s.indicator_id, s.leading.entry_id) == (top.indicator_id, top.explain_id)
    )
    q = credibility(leading.signals, method)
    languages = {signal.language for signal in leading.signals}
    neutral = top.publishers - top.parties
    sources = _count(neutral, "independent publisher") if neutral else "sources that are party to it only"
    if q >= 0.7 and coverage.share >= 0.9 and len(languages) >= 2:
        return f"high ({sources}, {shares})"
    if q >= 0.4 and coverage.share >= 0.7:
        return f"moderate ({sources}, {shares})"
    return f"low ({sources}, {shares})"
