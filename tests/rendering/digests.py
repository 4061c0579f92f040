"""Digests for tests and pictures; every source and sentence is invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.change import Change
from monitor.core.digest import (
    Coverage,
    Development,
    Digest,
    DomainLine,
    FeedTrouble,
    LanguageCoverage,
    Quote,
)
from monitor.core.model import Direction, Level, Modality, Span
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


def a_line(
    domain: str,
    title: str,
    level: Level,
    previous: Level | None,
    history: tuple[float, ...],
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
        "headline": "Defense rose from Routine to Notable",
        "bottom_line": (
            "Defense rose from Routine to Notable.",
            "New: Joint naval patrol or exercise (B2) and 1 other.",
            "Nothing new in Technology, Democracy and Global influence.",
        ),
        "confidence": "moderate (1 independent publisher, 95% of feeds healthy)",
        "lines": LINES,
        "developments": DEVELOPMENTS,
        "also": (),
        "omitted": 0,
        "held_back": (),
        "coverage": COVERAGE,
        "rules_revision": "3f9c2ab",
        "methodology": "v1",
    }
    return Digest(**(values | given))


def a_quiet_digest(**given: Any) -> Digest:
    flat = (4, 3, 4, 3, 3, 3, 3)
    values: dict[str, Any] = {
        "lines": tuple(
            a_line(one.domain, one.title, QUIET, QUIET, flat, 0.0, week=Surprise(0)) for one in LINES
        ),
        "developments": (),
        "headline": "Nothing new",
        "bottom_line": ("Nothing new in Defense, Economy, Technology, Democracy and Global influence.",),
        "confidence": "high that nothing was missed (95% of feeds healthy)",
    }
    return a_digest(**(values | given))


def a_first_digest() -> Digest:
    return a_digest(
        since_at=None,
        lines=tuple(a_line(one.domain, one.title, one.level, None, (one.deepening,), None) for one in LINES),
        headline="2 new stories in Defense and Economy; no level changed",
        bottom_line=("New: Joint naval patrol or exercise (B2) and 1 other.",),
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
