"""What an edit of the rules does to our own archive, and how a running daemon takes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.core.model import Fetched
from monitor.core.outcome import Outcome
from monitor.core.review import Review, Verdict
from monitor.rules.catalog import Catalog
from monitor.rules.engine import Rules, compile_rules
from monitor.rules.loading import load_catalog
from monitor.services.compare import compare
from monitor.services.compose import compose_now
from monitor.services.context import Context
from monitor.services.near_misses import near_misses
from monitor.services.poll import record_poll
from monitor.services.reload import REFUSED, refusal_in, reload, stamp_of
from monitor.services.rematch import rematch
from monitor.storage import archive, feeds, meta, signals
from monitor.storage.archive import ArchivedEntry
from monitor.storage.engine import reading
from tests.core.builders import NOON, an_entry

DAY = timedelta(days=1)


def record(context: Context, *titles: str, language: str = "en") -> None:
    found = tuple(
        an_entry(
            key=title, title=title, summary="", language=language, link="", published_at=NOON - number * DAY
        )
        for number, title in enumerate(titles)
    )
    with reading(context.engine) as connection:
        state = next(s for s in feeds.all_states(connection) if s.feed.id == "wire")
    record_poll(context, state, Fetched(outcome=Outcome.OK, entries=found), NOON, 0.0)


def stored(context: Context) -> list[ArchivedEntry]:
    with reading(context.engine) as connection:
        return list(archive.entries_between(connection, NOON - 99 * DAY, NOON))


def edited(context: Context, old: str, new: str, file: str = "defense/patrol.toml") -> tuple[Catalog, Rules]:
    path = context.config.catalog_folder / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    catalog = load_catalog(context.config.catalog_folder)
    return catalog, compile_rules(catalog)


WIDER = ('en = ["patrol"]', 'en = ["patrol", "drill"]')
NARROWER = ('query = "@both AND @topic"', 'query = "(@both AND @topic) AND NOT \\"yearly\\""')


class TestCompare:
    TITLES = (
        "Russia and China begin a patrol",
        "Russia and China hold a drill",
        "Russia and China end a yearly patrol",
    )

    def compared(self, context: Context, after: tuple[Catalog, Rules], only: str = ""):  # type: ignore[no-untyped-def]
        before = (context.catalog, context.rules)
        return compare(
            context, stored(context), before, after, since=NOON - 9 * DAY, until=NOON + DAY, only=only
        )

    def test_what_an_edit_gains_and_loses(self, context: Context) -> None:
        record(context, *self.TITLES)
        wider = self.compared(context, edited(context, *WIDER))
        assert [s.title for s in wider.gained] == ["Russia and China hold a drill"]
        assert wider.lost == ()
        assert wider.after.index["defense"] > wider.before.index["defense"]
        narrower = self.compared(context, edited(context, *NARROWER))
        assert [s.title for s in narrower.lost] == ["Russia and China end a yearly patrol"]

    def test_an_edit_that_changes_nothing_changes_nothing(self, context: Context) -> None:
        record(context, *self.TITLES)
        found = self.compared(context, edited(context, "for the tests", "for these tests"))
        assert (found.gained, found.lost, found.digests_that_differ) == ((), (), 0)
        assert found.before.index == found.after.index
        assert found.entries == {"en": 3}

    def test_digests_that_differ_are_counted_by_day(self, context: Context) -> None:
        record(context, *self.TITLES)
        assert self.compared(context, edited(context, *WIDER)).digests_that_differ == 1

    def test_one_rule_alone(self, context: Context) -> None:
        record(context, "Russia and China quarrel", *self.TITLES)
        found = self.compared(context, edited(context, *WIDER), only="economy.")
        assert {s.indicator_id for s in found.after.signals} == {"economy.quarrel"}
        assert found.gained == ()

    def test_verdicts_go_with_the_signals_that_they_are_about(self, context: Context) -> None:
        record(context, self.TITLES[0], "Russia and China: the yearly round of old ships on slow patrol")
        yearly = next(e for e in stored(context) if "yearly" in e.title)
        reviews = {(yearly.id, "defense.patrol"): Review(NOON, Verdict.FALSE)}
        after = edited(context, *NARROWER)
        found = compare(
            context,
            stored(context),
            (context.catalog, context.rules),
            after,
            since=NOON - 9 * DAY,
            until=NOON + DAY,
            reviews=reviews,
        )
        assert [s.verdict for s in found.lost] == [Verdict.FALSE]
        assert found.before.index == found.after.index
        assert (found.stories_gained, found.stories_lost) == (0, 0)
        assert (len(found.before.stories), len(found.after.stories)) == (1, 1)

    def test_stories_gained_and_lost(self, context: Context) -> None:
        record(context, *self.TITLES)
        found = self.compared(context, edited(context, *WIDER))
        assert (found.stories_gained, found.stories_lost) == (1, 0)


class TestNearMisses:
    def test_what_reads_like_an_example_is_listed_and_what_a_rule_took_is_not(self, context: Context) -> None:
        record(context, "Russia and China begin a patrol", "China and Russia: patrol", "A recipe for soup")
        found = near_misses(stored(context), context.catalog, context.rules)
        assert [(m.title, m.indicator_id) for m in found] == [("China and Russia: patrol", "defense.patrol")]
        assert found[0].likeness > 80

    def test_chinese_is_compared_by_characters(self, context: Context) -> None:
        record(context, "中国与俄罗斯海上巡航", language="zh")
        (found,) = near_misses(stored(context), context.catalog, context.rules)
        assert found.indicator_id == "defense.patrol"

    def test_only_one_rules_examples(self, context: Context) -> None:
        record(context, "China and Russia: patrol")
        found = near_misses(stored(context), context.catalog, context.rules, only="economy.quarrel")
        assert {miss.indicator_id for miss in found} == {"economy.quarrel"}


class TestRematch:
    def test_later_rules_find_retro_signals_in_earlier_entries(self, context: Context) -> None:
        record(context, "Russia and China begin a patrol", "Russia and China hold a drill")
        catalog, rules = edited(context, *WIDER)
        after = replace(context, catalog=catalog, rules=rules)
        assert rematch(after, NOON - 9 * DAY, NOON) == 1
        assert rematch(after, NOON - 9 * DAY, NOON) == 0
        with reading(context.engine) as connection:
            found = signals.signals_between(connection, NOON - 9 * DAY, NOON)
        assert {(s.title, s.is_retro) for s in found} == {
            ("Russia and China begin a patrol", False),
            ("Russia and China hold a drill", True),
        }
        digest = compose_now(after, after.config.recipients[0], NOON)
        assert {d.quotes[0].title for d in digest.developments if d.is_retro} == {
            "Russia and China hold a drill"
        }


class TestReload:
    def test_a_sound_edit_is_taken(self, context: Context) -> None:
        edited(context, *WIDER)
        after = reload(context, NOON)
        assert after.catalog.revision != context.catalog.revision
        assert [m.indicator_id for m in after.rules.match("Russia and China hold a drill")] == [
            "defense.patrol"
        ]

    def test_a_broken_set_leaves_the_old_rules_in_force_and_is_told(self, context: Context) -> None:
        path = context.config.catalog_folder / "defense" / "patrol.toml"
        sound = path.read_text(encoding="utf-8")
        path.write_text(sound.replace("@topic", "@topc"), encoding="utf-8")
        assert reload(context, NOON) is context
        with reading(context.engine) as connection:
            refusal = refusal_in(meta.get(connection, REFUSED))
        assert refusal is not None
        assert "patrol.toml" in refusal.words
        (told,) = compose_now(context, context.config.recipients[0], NOON).held_back
        assert "the old rules are" in told
        path.write_text(sound, encoding="utf-8")
        assert reload(context, NOON) is context
        with reading(context.engine) as connection:
            assert refusal_in(meta.get(connection, REFUSED)) is None

    def test_a_change_of_any_file_is_seen(self, context: Context, tmp_path: Path) -> None:
        folder = context.config.catalog_folder
        before = stamp_of(folder)
        assert stamp_of(folder) == before
        edited(context, *WIDER)
        assert stamp_of(folder) != before


@pytest.fixture(params=["sqlite"], autouse=True)
def kind(request: pytest.FixtureRequest) -> str:
    """One database will do: nothing here is about SQL."""
    return str(request.param)


def test_the_archive_comes_in_batches_and_whole(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "BATCH", 2)
    record(context, *(f"Entry {n}" for n in range(5)))
    assert sorted(e.title for e in stored(context)) == [f"Entry {n}" for n in range(5)]


COMPOSITE = """
id = "global_influence.both-at-once"
title = "A patrol and a quarrel within days"
version = 1
status = "active"
direction = "deepening"
weight = 8
why = "for the tests"
half_life = "30d"
[compose]
within = "14d"
all = ["defense.patrol", "economy.quarrel"]
"""


class TestComposites:
    def with_composite(self, context: Context) -> Context:
        path = context.config.catalog_folder / "global_influence" / "both-at-once.toml"
        path.write_text(COMPOSITE, encoding="utf-8")
        catalog = load_catalog(context.config.catalog_folder)
        return replace(context, catalog=catalog, rules=compile_rules(catalog))

    def test_parts_within_the_window_become_a_story_of_their_own(self, context: Context) -> None:
        both = self.with_composite(context)
        record(both, "Russia and China begin a patrol", "Russia and China quarrel")
        digest = compose_now(both, both.config.recipients[0], NOON)
        (composite,) = [d for d in digest.developments if d.indicator_id == "global_influence.both-at-once"]
        assert composite.indicator_title == "A patrol and a quarrel within days"
        assert {q.title for q in composite.quotes} == {
            "Russia and China begin a patrol",
            "Russia and China quarrel",
        } or (composite.publishers == 1)
        line = next(line for line in digest.lines if line.domain == "global_influence")
        assert line.deepening > 0

    def test_one_part_alone_is_none(self, context: Context) -> None:
        both = self.with_composite(context)
        record(both, "Russia and China begin a patrol")
        digest = compose_now(both, both.config.recipients[0], NOON)
        assert {d.domain for d in digest.developments} == {"defense"}
