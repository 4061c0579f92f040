"""Digests for tests and pictures; every source and sentence is invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.change import Change
from monitor.core.digest import (
    Assurance,
    Confidence,
    Coverage,
    Development,
    Digest,
    DomainLine,
    Earlier,
    Edits,
    Fading,
    FeedTrouble,
    Judged,
    LanguageCoverage,
    Quote,
    Reading,
    Trend,
)
from monitor.core.model import Direction, Level, Modality, Span
from monitor.core.review import Verdict
from monitor.core.surprise import Surprise

DUE = datetime(2026, 11, 23, 5, tzinfo=UTC)

RU = "Корабли России и Китая начали совместное патрулирование в западной части Тихого океана"
ZH = "中俄海军编队在太平洋西部海域开展联合巡航"
EN = "Neighbour tracks Chinese and Russian destroyers in joint patrol through strait"
LENDERS = "Two lenders return payments from Russian importers, traders say"
WHY = "… their money came back in a week; the banks feared secondary sanctions, they said."


def spans(text: str, *words: str, field: str = "title") -> tuple[Span, ...]:
    return tuple(Span(field, text.index(word), text.index(word) + len(word)) for word in words)


def a_quote(**given: Any) -> Quote:
    values: dict[str, Any] = {
        "title": EN,
        "summary": "",
        "spans": spans(EN, "Chinese and Russian", "joint patrol") if "title" not in given else (),
        "language": "en",
        "feed_title": "Daily Three",
        "reliability": "B",
        "party": None,
        "link": "https://three.example.org/patrol",
        "at": DUE - timedelta(hours=3),
    }
    return Quote(**(values | given))


RUSSIAN = a_quote(
    title=RU,
    spans=spans(RU, "России и Китая", "совместное патрулирование"),
    language="ru",
    feed_title="Agency One",
    reliability="C",
    party="russia",
    link="https://one.example.org/1",
    at=DUE - timedelta(hours=8),
)
CHINESE = a_quote(
    title=ZH,
    spans=spans(ZH, "中俄", "联合巡航"),
    language="zh",
    feed_title="Agency Two",
    reliability="C",
    party="china",
    link="https://two.example.org/2",
    at=DUE - timedelta(hours=7),
)


def a_development(**given: Any) -> Development:
    values: dict[str, Any] = {
        "indicator_id": "defense.joint-naval-exercise",
        "indicator_title": "Joint naval patrol or exercise",
        "domain": "defense",
        "direction": Direction.DEEPENING,
        "modality": Modality.OCCURRED,
        "grade": "B2",
        "publishers": 3,
        "parties": 2,
        "points": 6.1,
        "is_new": True,
        "is_retro": False,
        "explain_id": 4711,
        "rule_version": 4,
        "quotes": (RUSSIAN, CHINESE, a_quote()),
    }
    return Development(**(values | given))


DEVELOPMENTS = (
    a_development(),
    a_development(
        indicator_id="economy.bank-refusals",
        indicator_title="Chinese banks refuse Russian payments",
        domain="economy",
        direction=Direction.FRICTION,
        modality=Modality.ALLEGED,
        grade="B3",
        publishers=1,
        parties=0,
        points=1.4,
        explain_id=4712,
        quotes=(
            a_quote(
                title=LENDERS,
                summary=WHY,
                spans=spans(LENDERS, "return payments from Russian")
                + spans(WHY, "banks feared secondary sanctions", field="summary"),
                feed_title="Sample Wire",
                link="https://wire.example.org/2",
            ),
        ),
    ),
    a_development(
        indicator_id="defense.leaders-call",
        indicator_title="Heads of state call",
        is_new=False,
        points=2.5,
        explain_id=4600,
        quotes=(a_quote(title="The two presidents spoke by telephone"),),
        publishers=1,
        parties=0,
        grade="B3",
    ),
)


def a_reading(**given: Any) -> Reading:
    values: dict[str, Any] = {
        "indicator_id": "technology.shared-sensors",
        "indicator_title": "Shared early warning",
        "domain": "technology",
        "direction": Direction.DEEPENING,
        "grade": "B2",
        "points": 1.7,
        "rule_version": 2,
        "explain_id": 4711,
    }
    return Reading(**(values | given))


def a_stronger(**given: Any) -> Development:
    """A story that was known, and has found a second publisher."""
    values: dict[str, Any] = {
        "indicator_id": "technology.chips-supply",
        "indicator_title": "Chips through a third country",
        "domain": "technology",
        "is_new": False,
        "is_stronger": True,
        "earlier": Earlier(grade="C3", publishers=1, modality=Modality.OCCURRED, points=2.0),
        "grade": "B2",
        "publishers": 2,
        "parties": 0,
        "points": 3.4,
        "explain_id": 4650,
        "quotes": (a_quote(title="Customs papers name a trader of chips in a third country"),),
    }
    return a_development(**(values | given))


def a_line(
    domain: str,
    title: str,
    level: Level,
    previous: Level | None,
    history: tuple[float | None, ...],
    by: float | None,
    **given: Any,
) -> DomainLine:
    values: dict[str, Any] = {
        "domain": domain,
        "title": title,
        "level": level,
        "previous_level": previous,
        "deepening": history[-1],
        "deepening_change": by,
        "cause": None,
        "friction": 4.0,
        "friction_change": None if by is None else 0.0,
        "countermeasure": 0.0,
        "history": history,
        "week": Surprise(3, (1, 4)),
        "coverage": 0.95,
    }
    return DomainLine(**(values | given))


RISE = Change(
    methodology=0.0,
    source_grades=0.0,
    rules=1.0,
    verdicts=0.0,
    decay=-3.2,
    corroboration=0.3,
    new_stories=8.9,
)
ROUTINE, QUIET = Level.ROUTINE, Level.QUIET
LINES = (
    a_line(
        "defense",
        "Defense",
        Level.NOTABLE,
        ROUTINE,
        (12, 14, 13, 20, 22, 36, 43),
        7.0,
        week=Surprise(9, (2, 5), 34.0),
        cause=RISE,
    ),
    a_line(
        "economy",
        "Economy",
        ROUTINE,
        ROUTINE,
        (27, 28, 26, 25, 25, 25, 24),
        -1.2,
        friction=6.0,
        friction_change=2.0,
        countermeasure=11.0,
    ),
    a_line(
        "technology",
        "Technology",
        ROUTINE,
        ROUTINE,
        (18, 18, 20, 22, 21, 21, 21),
        0.2,
        note="held at Routine: uncorroborated",
    ),
    a_line("democracy", "Democracy", ROUTINE, ROUTINE, (15, 16, 18, 20, 20, 21, 22), 1.0, coverage=0.55),
    a_line("global_influence", "Global influence", QUIET, QUIET, (22, 20, 18, 16, 15, 14, 12), -2.0),
)
COVERAGE = Coverage(
    feeds_expected=43,
    feeds_healthy=41,
    entries_read=1912,
    languages=(
        LanguageCoverage(language="en", entries=1400, feeds_healthy=29, feeds_expected=29),
        LanguageCoverage(language="ru", entries=402, feeds_healthy=8, feeds_expected=8),
        LanguageCoverage(language="zh", entries=110, feeds_healthy=4, feeds_expected=6),
    ),
    down=(FeedTrouble(title="Gazette Four", since=DUE - timedelta(days=2), reason="http error: HTTP 503"),),
    frozen=(
        FeedTrouble(title="Portal Five", since=DUE - timedelta(days=9), reason="newest entry 9 days old"),
    ),
)


def a_digest(**given: Any) -> Digest:
    values: dict[str, Any] = {
        "recipient_id": "watch",
        "address": "watch@example.org",
        "name": "Watch officer",
        "timezone": "Europe/Vilnius",
        "due_at": DUE,
        "composed_at": DUE,
        "since_at": DUE - timedelta(days=1),
        "next_due_at": DUE + timedelta(days=1),
        "assurance": Assurance(confidence=Confidence.MODERATE, independent=1),
        "lines": LINES,
        "developments": DEVELOPMENTS,
        "also": (),
        "omitted": 0,
        "held_back": (),
        "coverage": COVERAGE,
        "rules_revision": "3f9c2ab",
        "methodology": "v1",
    }
    values |= given
    told = (*values["developments"], *values["also"])
    values.setdefault("new_stories", sum(d.is_news for d in told) + values["omitted"])
    return Digest(**values)


def a_rich_digest(**given: Any) -> Digest:
    """One of everything: new, stronger, fading, and all that we did ourselves."""
    values: dict[str, Any] = {
        "developments": (
            a_development(readings=(a_reading(),)),
            DEVELOPMENTS[1],
            a_stronger(),
            a_development(
                indicator_id="democracy.shared-media",
                indicator_title="State media share a studio",
                domain="democracy",
                is_retro=True,
                grade="C3",
                points=1.1,
                explain_id=4300,
                quotes=(CHINESE,),
            ),
            DEVELOPMENTS[2],
        ),
        "fading": (
            Fading(
                indicator_title="Heads of state visit",
                domain="global_influence",
                reported_at=DUE - timedelta(days=14, hours=3),
                loss=1.3,
            ),
        ),
        "edits": Edits(
            rules_before="1c0ffee",
            verdicts=(Judged(indicator_title="Arms delivery", domain="defense", verdict=Verdict.ROUTINE),),
        ),
        "held_back": ("2 stories silenced until 30 Nov (annual exhibition)",),
    }
    return a_digest(**(values | given))


def a_weekly_digest(**given: Any) -> Digest:
    """A rich digest with the trend of half a year; the domain named last is new."""
    trends = tuple(
        Trend(
            domain=line.domain,
            deepening=(
                *(
                    None if week < begun else line.deepening * (30 + week) / 55 + week % 4
                    for week in range(25)
                ),
                line.deepening,
            ),
            friction=tuple(None if week < begun else line.friction + week % 3 for week in range(26)),
        )
        for line, begun in zip(LINES, (0, 0, 0, 0, 20), strict=True)
    )
    values: dict[str, Any] = {
        "trends": trends,
        "cadence": "weekly mon 07:00",
        "since_at": DUE - timedelta(days=7),
    }
    return a_rich_digest(**(values | given))


# One grey dot: stands for any picture.
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="


def a_drawn_digest(**given: Any) -> Digest:
    """A weekly digest with its pictures."""
    weekly = a_weekly_digest(**given)
    return replace(weekly, trends=tuple(replace(trend, picture=DOT) for trend in weekly.trends))


def a_quiet_digest(**given: Any) -> Digest:
    flat = (4, 3, 4, 3, 3, 3, 3)
    values: dict[str, Any] = {
        "lines": tuple(
            a_line(one.domain, one.title, QUIET, QUIET, flat, 0.0, week=Surprise(0)) for one in LINES
        ),
        "developments": (),
        "assurance": Assurance(confidence=Confidence.HIGH),
    }
    return a_digest(**(values | given))


def a_first_digest() -> Digest:
    return a_digest(
        since_at=None,
        lines=tuple(a_line(one.domain, one.title, one.level, None, (one.deepening,), None) for one in LINES),
    )


def a_full_digest(**given: Any) -> Digest:
    """As much as a digest can hold: twelve stories with three quotes, forty named, twenty feeds down."""
    feeds = tuple(
        FeedTrouble(title=f"Gazette {number}", since=DUE - timedelta(days=2), reason="http error: HTTP 503")
        for number in range(20)
    )
    values: dict[str, Any] = {
        "developments": tuple(a_development(explain_id=number) for number in range(12)),
        "also": tuple(a_development(explain_id=number) for number in range(40)),
        "omitted": 7,
        "held_back": ("2 stories silenced until 30 Nov (annual exhibition)", "1 in cool-down"),
        "coverage": Coverage(
            feeds_expected=43,
            feeds_healthy=23,
            entries_read=1912,
            languages=COVERAGE.languages,
            down=feeds,
            frozen=feeds,
        ),
    }
    return a_digest(**(values | given))
