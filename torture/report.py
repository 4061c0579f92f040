"""What a run came to, as one JSON object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from torture.check_mail import allowed_copies
from torture.game import Round

SHOWN = 4  # examples of each invariant


def summary(rounds: Sequence[Round], *, database: str, seed: int) -> dict[str, object]:
    """Counts and times over all rounds; times are real seconds."""
    lives = [life for one in rounds for life in one.evidence.lives]
    ready = sorted(life.running - life.began for life in lives if life.running is not None)
    acts: Counter[str] = sum((one.evidence.nemesis.acts for one in rounds), Counter())
    hits: Counter[str] = sum((one.evidence.nemesis.hits for one in rounds), Counter())
    violations = [found for one in rounds for found in one.violations]
    mails = [mail for one in rounds for mail in one.evidence.sink.mails]
    copies = sum(_copies(one) for one in rounds)
    return {
        "database": database,
        "seed": seed,
        "rounds": len(rounds),
        "kills": acts["kill at random"] + acts["kill at a failpoint"],
        "acts": dict(sorted(acts.items())),
        "failpoints": dict(sorted(hits.items())),
        "lives": len(lives),
        "probes": sum(one.evidence.probes for one in rounds),
        "entries published": sum(len(one.evidence.farm.published) for one in rounds),
        "signals": sum(int(one.figures["signals"]) for one in rounds),
        "mails accepted": len(mails),
        "extra copies": copies,
        "replies lost": sum(mail.reply == "lost" for mail in mails),
        "copies that a lost reply, a kill or a fault could explain": sum(_expected(one) for one in rounds),
        "acknowledged acts": sum(len(one.evidence.analyst.acks) for one in rounds),
        "ready p50 s": _share(ready, 0.5),
        "ready p95 s": _share(ready, 0.95),
        "memory peak MB": round(max((life.peak_mb for life in lives), default=0)),
        "violations": dict(sorted(Counter(name for name, _ in violations).items())),
        "examples": list(_examples(violations)),
    }


def _examples(violations: Sequence[tuple[str, str]]) -> Iterator[str]:
    shown: Counter[str] = Counter()
    for name, words in violations:
        shown[name] += 1
        if shown[name] <= SHOWN:
            yield f"{name}: {words}"


def _copies(one: Round) -> int:
    mails = one.evidence.sink.mails
    return len(mails) - len({mail.message_id for mail in mails})


def _expected(one: Round) -> int:
    by_id = {mail.message_id: [] for mail in one.evidence.sink.mails}  # type: ignore[var-annotated]
    for mail in one.evidence.sink.mails:
        by_id[mail.message_id].append(mail)
    return sum(allowed_copies(one.evidence, name, copies) for name, copies in by_id.items())


def _share(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 2) if ordered else None
