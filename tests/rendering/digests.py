"""Digests for tests and pictures; every source and sentence is invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

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

DUE = datetime(2026, 11, 23, 5, tzinfo=UTC)


def spans(text: str, *words: str, field: str = "title") -> tuple[Span, ...]:
    return tuple(Span(field, text.index(word), text.index(word) + len(word)) for word in words)


def a_quote(**given: Any) -> Quote:
    title = given.get(
        "title", "Neighbour tracks Chinese and Russian destroyers in joint patrol through strait"
    )
    values: dict[str, Any] = {
        "title": title,
        "summary": "",
        "spans": spans(title, "Chinese and Russian", "joint patrol") if "title" not in given else (),
        "language": "en",
        "feed_title": "Daily Three",
        "reliability": "B",
        "party": None,
        "link": "https://three.example.org/patrol",
        "at": DUE - timedelta(hours=3),
    }
    return Quote(**(values | given))


RU = "Корабли России и Китая начали совместное патрулирование в западной части Тихого океана"
ZH = "中俄海军编队在太平洋西部海域开展联合巡航"


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
        "explain_id": 4711,
        "rule_version": 4,
        "quotes": (
            a_quote(
                title=RU,
                spans=spans(RU, "России и Китая", "совместное патрулирование"),
                language="ru",
                feed_title="Agency One",
                reliability="C",
                party="russia",
                link="https://one.example.org/1",
            ),
            a_quote(
                title=ZH,
                spans=spans(ZH, "中俄", "联合巡航"),
                language="zh",
                feed_title="Agency Two",
                reliability="C",
                party="china",
                link="https://two.example.org/2",
            ),
            a_quote(),
        ),
    }
    return Development(**(values | given))


def a_line(
    domain: str,
    title: str,
    level: Level,
    previous: Level | None,
    index: float,
    by: float | None,
    **given: Any,
) -> DomainLine:
    values: dict[str, Any] = {
        "domain": domain,
        "title": title,
        "level": level,
        "previous_level": previous,
        "deepening": index,
        "deepening_change": by,
        "friction": 4.0,
        "friction_change": None if by is None else 0.0,
        "countermeasure": 1.0,
        "history": (12.0, 14.0, 13.0, 20.0, 22.0, 25.0, index),
        "stories_this_week": 9,
        "coverage": 0.95,
    }
    return DomainLine(**(values | given))


LINES = (
    a_line("defense", "Defense", Level.NOTABLE, Level.ROUTINE, 43.0, 7.0),
    a_line("economy", "Economy", Level.ROUTINE, Level.ROUTINE, 24.0, -1.2, friction=6.0, friction_change=2.0),
    a_line(
        "technology",
        "Technology",
        Level.ROUTINE,
        Level.ROUTINE,
        21.0,
        0.2,
        note="held at Routine: uncorroborated",
    ),
    a_line("democracy", "Democracy", Level.ROUTINE, Level.ROUTINE, 22.0, 1.0),
    a_line("global_influence", "Global influence", Level.QUIET, Level.QUIET, 12.0, -2.0),
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
        "developments": (
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
                        title="Two lenders return payments from Russian importers, traders say",
                        summary="Three traders said that … the banks feared secondary sanctions.",
                        spans=(Span("summary", 4, 17),),
                        feed_title="Sample Wire",
                        link="https://wire.example.org/2",
                    ),
                ),
            ),
            a_development(
                indicator_title="Heads of state call",
                is_new=False,
                points=2.5,
                explain_id=4600,
                quotes=(a_quote(title="The two presidents spoke by telephone"),),
                publishers=1,
                parties=0,
                grade="B3",
            ),
        ),
        "also": (),
        "omitted": 0,
        "held_back": (),
        "coverage": COVERAGE,
        "rules_revision": "3f9c2ab",
        "methodology": "v1",
    }
    return Digest(**(values | given))


def a_quiet_digest() -> Digest:
    lines = tuple(
        a_line(one.domain, one.title, Level.QUIET, Level.QUIET, 3.0, 0.0, stories_this_week=0)
        for one in LINES
    )
    return a_digest(
        lines=lines,
        developments=(),
        headline="Nothing new",
        bottom_line=("Nothing new in Defense, Economy, Technology, Democracy and Global influence.",),
        confidence="high that nothing was missed (95% of feeds healthy)",
    )
