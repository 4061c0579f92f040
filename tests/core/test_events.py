from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.assessment import Factors
from monitor.core.events import Weighed, by_indicator, events, fading, weighed
from monitor.core.model import Modality, Signal
from monitor.core.scoring import Methodology, score
from tests.core.builders import NOON, a_signal, a_story

METHOD = Methodology()
DAY = timedelta(days=1)


def factors(*signals: Signal, at: timedelta = timedelta(0)) -> Factors:
    story = a_story(*signals)
    (found,) = score(story.domain, story.direction, [story], sigma=16.0, at=NOON + at, method=METHOD).stories
    return found


def beside(
    *signals: Signal, before: Sequence[Factors] | None = (), new: tuple[int, ...] = (), at: timedelta = DAY
) -> Weighed:
    known = None if before is None else by_indicator(before)
    return weighed(a_story(*signals), factors(*signals, at=at), known, frozenset(new))


def of(indicator: str, *numbers: int, points: float = 1.0) -> Weighed:
    """A story of an indicator in entries of these numbers."""
    signals = [
        a_signal(id=sum(map(ord, indicator)) * 1000 + n, entry_id=n, indicator_id=indicator) for n in numbers
    ]
    return Weighed(story=a_story(*signals), factors=replace(factors(*signals), points=points))


ONE, TWO = a_signal(id=1, reliability="C", family="a"), a_signal(id=2, reliability="B", family="b")


class TestEvents:
    def grouped(self, *found: Weighed) -> list[list[str]]:
        return [[one.story.indicator_id for one in group] for group in events(found)]

    def test_what_several_indicators_read_in_one_entry_is_one_event_led_by_most_points(self) -> None:
        assert self.grouped(of("a", 1, points=2), of("b", 1, points=3)) == [["b", "a"]]

    def test_half_of_the_fewer_entries_makes_one_event_and_less_does_not(self) -> None:
        assert self.grouped(of("a", 1, 2, 3, points=3), of("b", 3, 4)) == [["a", "b"]]
        assert self.grouped(of("a", 1, 2, 3, points=3), of("b", 3, 4, 5)) == [["a"], ["b"]]

    def test_two_stories_of_one_indicator_stay_two(self) -> None:
        assert self.grouped(of("a", 1), of("a", 2)) == [["a"], ["a"]]

    def test_nothing_is_chained(self) -> None:
        chain = (of("a", 1, 2, points=4), of("b", 2, 3, points=3), of("c", 3, 4, points=2))
        assert self.grouped(*chain) == [["a", "b"], ["c"]]

    def test_a_composite_is_no_other_word_for_its_parts(self) -> None:
        part = a_signal(id=1)
        composite = replace(part, indicator_id="global.both")
        found = [Weighed(story=a_story(s), factors=factors(s)) for s in (part, composite)]
        assert len(events(found)) == 2

    @given(
        st.lists(
            st.tuples(st.sampled_from("abcd"), st.sets(st.integers(1, 6), min_size=1), st.integers(1, 9)),
            max_size=8,
            unique_by=lambda made: (made[0], min(made[1])),
        ),
        st.randoms(),
    )
    def test_every_story_is_in_one_event_whatever_their_order(self, made, random) -> None:  # type: ignore[no-untyped-def]
        found = [of(name, *sorted(numbers), points=points) for name, numbers, points in made]
        shuffled = random.sample(found, len(found))
        assert sorted(map(id, (one for group in events(shuffled) for one in group))) == sorted(map(id, found))
        for group in events(found):
            names = [one.story.indicator_id for one in group]
            assert len(set(names)) == len(names)


class TestNews:
    def test_a_story_that_the_reader_was_told_nothing_of_is_new(self) -> None:
        assert beside(ONE, new=(1,)).is_new
        assert beside(ONE, before=None, new=(1,)).is_new
        assert not beside(ONE, before=(factors(ONE),)).is_new

    def test_a_composite_that_came_true_only_now_is_new_though_its_parts_were_told(self) -> None:
        both = replace(ONE, indicator_id="global.both"), replace(TWO, indicator_id="global.both")
        assert beside(*both, before=(factors(ONE),), new=(2,)).is_new

    def test_a_second_publisher_makes_a_story_stronger_and_says_what_it_was(self) -> None:
        found = beside(ONE, TWO, before=(factors(ONE),), new=(2,))
        assert not found.is_new
        assert found.is_stronger(METHOD)
        earlier = found.earlier(METHOD)
        assert earlier is not None
        assert (earlier.grade, earlier.publishers) == ("C3", 1)
        assert earlier.points == factors(ONE).points

    def test_a_reprint_in_the_same_family_does_not(self) -> None:
        reprint = replace(ONE, id=2, entry_id=2)
        assert not beside(ONE, reprint, before=(factors(ONE),), new=(2,)).is_stronger(METHOD)

    def test_a_better_source_of_the_same_family_does(self) -> None:
        better = replace(ONE, id=2, entry_id=2, reliability="A")
        assert beside(ONE, better, before=(factors(ONE),), new=(2,)).is_stronger(METHOD)

    def test_what_was_planned_and_has_happened_is_stronger(self) -> None:
        planned = replace(ONE, modality=Modality.PLANNED, strength=0.7)
        happened = replace(ONE, id=2, entry_id=2)
        found = beside(happened, planned, before=(factors(planned),), new=(2,))
        assert found.is_stronger(METHOD)
        assert found.earlier(METHOD).modality is Modality.PLANNED  # type: ignore[union-attr]

    def test_what_later_rules_find_makes_nothing_stronger(self) -> None:
        retro = replace(TWO, is_retro=True)
        assert not beside(ONE, retro, before=(factors(ONE),), new=(2,)).is_stronger(METHOD)

    def test_a_new_grade_of_a_source_makes_nothing_stronger(self) -> None:
        regraded = replace(ONE, reliability="A")
        assert not beside(regraded, before=(factors(ONE),)).is_stronger(METHOD)


class TestFading:
    def faded(self, *found: Weighed) -> list[float]:
        return [one.loss for one in fading([(one,) for one in found], {})]

    def test_a_story_that_lost_points_by_age_alone_fades(self) -> None:
        before = factors(ONE)
        (loss,) = self.faded(beside(ONE, before=(before,), at=7 * DAY))
        assert loss == before.points - factors(ONE, at=7 * DAY).points

    def test_what_loses_little_is_not_told(self) -> None:
        assert self.faded(beside(ONE, before=(factors(ONE),), at=timedelta(hours=1))) == []

    def test_what_an_edit_of_ours_takes_away_does_not_fade(self) -> None:
        before = replace(factors(ONE), value=2 * factors(ONE).value)
        assert self.faded(beside(ONE, before=(before,), at=7 * DAY)) == []

    def test_the_largest_losses_are_told_and_no_more_than_three(self) -> None:
        stories = [
            a_signal(id=n, entry_id=n, weight=float(w), indicator_id=f"i{n}")
            for n, w in enumerate((3, 9, 5, 7), start=1)
        ]
        losses = self.faded(*(beside(s, before=(factors(s),), at=9 * DAY) for s in stories))
        assert len(losses) == 3
        assert losses == sorted(losses, reverse=True)
