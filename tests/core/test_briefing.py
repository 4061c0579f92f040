from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from monitor.core.assessment import Assessment
from monitor.core.briefing import Known, Labels, Sent, compose
from monitor.core.digest import Coverage, Digest
from monitor.core.model import Direction, Level, Recipient, Signal, Span
from monitor.core.quoting import EXCERPT
from monitor.core.scoring import Methodology, score
from monitor.core.stories import group_stories
from monitor.core.surprise import Surprise
from monitor.rendering.bottom_line import confidence, headline, sentences, warning
from tests.core.builders import NOON, a_signal

METHOD = Methodology()
COVERAGE = Coverage(feeds_expected=10, feeds_healthy=10, entries_read=100, languages=(), down=(), frozen=())
LABELS = Labels(
    domains={"defense": "Defense", "economy": "Economy"},
    indicators={"defense.joint-naval-exercise": "Joint naval exercise"},
    rules_revision="abc",
    methodology="v1",
)
WATCH = Recipient(id="watch", address="watch@example.org")


def written(
    *signals: Signal,
    new: tuple[int, ...] | None = None,
    levels: dict[str, Level] | None = None,
    previous: dict[str, Sent] | None = None,
    coverage: Coverage = COVERAGE,
    recipient: Recipient = WATCH,
) -> Digest:
    stories = group_stories(signals)

    def assessed(domain: str) -> Assessment:
        scores = {d: score(domain, d, stories, sigma=16.0, at=NOON, method=METHOD) for d in Direction}
        return Assessment(
            domain=domain,
            as_of=NOON,
            level=(levels or {}).get(domain, Level.QUIET),
            level_since=NOON,
            deepening=scores[Direction.DEEPENING],
            friction=scores[Direction.FRICTION],
            countermeasure=scores[Direction.COUNTERMEASURE],
            coverage=1.0,
        )

    return compose(
        recipient,
        Known(
            assessments={domain: assessed(domain) for domain in LABELS.domains},
            stories=stories,
            coverage=coverage,
            weeks={domain: Surprise(len(signals)) for domain in LABELS.domains},
            previous=previous or {},
        ),
        due_at=NOON,
        composed_at=NOON,
        since_at=NOON - timedelta(days=1),
        next_due_at=NOON + timedelta(days=1),
        new_ids=frozenset(s.id for s in signals) if new is None else frozenset(new),
        labels=LABELS,
        method=METHOD,
    )


def events(number: int, **given: object) -> list[Signal]:
    """So many unlike stories."""
    start = int(given.pop("start", 1))  # type: ignore[call-overload]
    return [a_signal(id=n, title=f"{n}a {n}b {n}c", **given) for n in range(start, start + number)]


def test_a_level_change_is_the_headline() -> None:
    before = {"defense": Sent(level=Level.ROUTINE, deepening=20.0, friction=0.0)}
    digest = written(a_signal(), levels={"defense": Level.NOTABLE}, previous=before)
    assert headline(digest) == "Defense rose from Routine to Notable"
    assert sentences(digest)[0] == "New: Joint naval exercise (B3)."
    assert digest.lines[0].deepening_change == digest.lines[0].deepening - 20.0


def test_the_gravest_change_comes_first_and_falls_are_told() -> None:
    before = {
        "defense": Sent(level=Level.NOTABLE, deepening=50.0, friction=0.0),
        "economy": Sent(level=Level.NOTABLE, deepening=50.0, friction=0.0),
    }
    digest = written(levels={"defense": Level.ROUTINE, "economy": Level.ELEVATED}, previous=before)
    assert headline(digest) == "Economy rose from Notable to Elevated"
    assert "Defense fell from Notable to Routine." in sentences(digest)


def test_nothing_new_is_said_in_so_many_words() -> None:
    digest = written()
    assert headline(digest) == "Nothing new in any domain"
    assert sentences(digest) == []
    assert confidence(digest) == "high that nothing was missed (100% of feeds healthy)"


def test_missing_feeds_make_silence_weak() -> None:
    poor = replace(COVERAGE, feeds_healthy=3)
    digest = written(coverage=poor)
    assert warning(digest) == "Only 3 of 10 feeds could be read (30%): silence proves little."
    assert confidence(digest).startswith("low that nothing was missed")


def test_a_first_digest_compares_with_nothing() -> None:
    digest = written(a_signal())
    assert headline(digest) == "1 new story in Defense"
    assert {line.previous_level for line in digest.lines} == {None}


def test_what_is_not_new_is_shown_only_where_it_holds_an_index_up() -> None:
    digest = written(*events(5), new=())
    assert [d.is_new for d in digest.developments] == [False, False]
    assert digest.also == ()


def test_no_domain_crowds_another_out() -> None:
    crowd = events(20, weight=9.0)
    (lone,) = events(1, start=99, domain="economy", indicator_id="economy.pipeline", weight=1.0)
    digest = written(*crowd, lone)
    assert len(digest.developments) == 12
    assert "economy" in {d.domain for d in digest.developments}
    assert len(digest.also) == 9
    assert digest.omitted == 0


def test_nothing_new_is_left_out_without_a_count() -> None:
    digest = written(*events(70))
    assert len(digest.developments) + len(digest.also) + digest.omitted == 70


def test_three_quotes_are_three_voices() -> None:
    voices = [a_signal(id=n, family=f"f{n % 4}", feed_title=f"Feed {n}") for n in range(1, 9)]
    (story,) = written(*voices).developments
    assert story.publishers == 4
    assert len({quote.feed_title for quote in story.quotes}) == 3


def test_confidence_names_parties_that_speak_alone() -> None:
    digest = written(a_signal(party="russia", reliability="C"))
    assert confidence(digest) == "low (sources that are party to it only, 100% of feeds healthy)"


def test_confidence_is_high_with_several_voices_in_two_languages() -> None:
    voices = [
        a_signal(id=1, family="a", reliability="A"),
        a_signal(id=2, family="b", reliability="A", language="ru"),
        a_signal(id=3, family="c", reliability="B"),
    ]
    assert confidence(written(*voices)).startswith("high (3 independent publishers")


def test_an_excerpt_shows_the_matched_words_and_keeps_their_places() -> None:
    summary = "word " * 200 + "the joint patrol began " + "tail " * 100
    start = summary.index("joint")
    signal = a_signal(summary=summary, spans=(Span("summary", start, start + len("joint patrol")),))
    (story,) = written(signal).developments
    (quote,) = story.quotes
    (span,) = quote.spans
    assert quote.summary[span.start : span.end] == "joint patrol"
    assert quote.summary.startswith("… word")
    assert quote.summary.endswith(" …")
    assert len(quote.summary) <= EXCERPT + 4


def test_a_summary_without_matched_words_is_left_out() -> None:
    signal = a_signal(summary="Nothing here", spans=(Span("title", 0, 3),))
    (story,) = written(signal).developments
    assert story.quotes[0].summary == ""


def test_friction_lifts_its_domain_in_the_table_and_is_no_deepening() -> None:
    quarrel = a_signal(domain="economy", direction=Direction.FRICTION, indicator_id="economy.quarrel")
    digest = written(quarrel)
    assert [line.domain for line in digest.lines] == ["economy", "defense"]
    assert digest.lines[0].deepening == 0
    assert digest.lines[0].friction > 0
