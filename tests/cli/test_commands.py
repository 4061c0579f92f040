"""The commands as people and scripts run them: what they print, and how they exit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor import app
from monitor.__main__ import cli
from monitor.demo import demo_config, sample_feeds, serve
from monitor.storage import deliveries
from monitor.storage.engine import open_engine, writing
from tests.core.builders import NOON
from tests.services.conftest import write_catalog

Command = CliRunner


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A configuration of the sample feeds, served over loopback, with a small catalog."""
    write_catalog(tmp_path / "indicators")
    with serve(sample_feeds(NOON)) as port:
        text = demo_config(port, tmp_path / "indicators")
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
        yield tmp_path


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(folder / "config.toml"), *arguments])


def answer(folder: Path, *arguments: str, code: int = 0) -> str:
    result = run(folder, *arguments)
    assert result.exit_code == code, result.output
    return result.stdout


def write_lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


class TestPipeline:
    def test_each_stage_by_hand_from_feed_to_mail(self, folder: Path) -> None:
        polled = answer(folder, "poll", code=1)
        assert "6 feeds polled, 1 failed, 14 new entries" in polled
        assert "sample-gazette: http error" in polled
        assert "defense" in answer(folder, "assess")
        assert "Subject: [RU-CN]" in answer(folder, "digest", "preview")
        assert "watch@example.org" in answer(folder, "digest", "send")
        assert "watch@example.org: sent" in answer(folder, "deliver")
        assert answer(folder, "deliver") == "nothing is due\n"
        assert len(list((folder / "outbox").glob("*.eml"))) == 1
        status = json.loads(answer(folder, "status", "--json"))
        assert status["entries"] == 14
        assert status["mail"] == {"sent": 1}

    def test_what_was_refused_is_named_and_sent_again_when_asked(self, folder: Path) -> None:
        run(folder, "poll")
        answer(folder, "digest", "send")
        engine = open_engine(f"sqlite:///{folder}/demo.db")
        with writing(engine) as connection:
            claimed = deliveries.claim_next(connection, app.now(), by="test")
            assert claimed is not None
            deliveries.settle_failed(connection, claimed, error="550 no such user")
        engine.dispose()
        assert "to watch@example.org: 550 no such user" in answer(folder, "status")
        (refused,) = json.loads(answer(folder, "status", "--json"))["mail_refused"]
        assert (refused["recipient"], refused["error"]) == ("watch@example.org", "550 no such user")
        assert answer(folder, "deliver") == "nothing is due\n"
        assert "watch@example.org: sent" in answer(folder, "deliver", "--refused")
        (mail,) = (folder / "outbox").glob("*.eml")
        assert mail.read_bytes() == claimed.message.payload
        assert json.loads(answer(folder, "status", "--json"))["mail_refused"] == []

    def test_a_second_poll_finds_nothing_due(self, folder: Path) -> None:
        run(folder, "poll")
        assert answer(folder, "poll").startswith("0 feeds polled")

    def test_status_names_what_is_wrong(self, folder: Path) -> None:
        run(folder, "poll")
        text = answer(folder, "status")
        assert "down     sample-gazette" in text
        assert "HTTP 404" in text

    def test_json_for_scripts(self, folder: Path) -> None:
        rows = [json.loads(line) for line in answer(folder, "poll", "--json", code=1).splitlines()]
        assert {row["feed_id"] for row in rows} >= {"sample-wire", "sample-gazette"}
        assert set(json.loads(answer(folder, "assess", "--json"))) >= {"defense", "economy"}
        assert len(json.loads(answer(folder, "feeds", "list", "--json"))) == 6

    def test_a_digest_is_replayed_byte_for_byte(self, folder: Path) -> None:
        run(folder, "poll")
        answer(folder, "digest", "send", "watch")
        today = app.now().date().isoformat()
        text = answer(folder, "digest", "replay", today, "watch")
        assert "Subject: [RU-CN]" in text
        assert "-- the same bytes as were sent" in text
        result = run(folder, "digest", "replay", "2001-01-01", "watch")
        assert (result.exit_code, "no digest was composed" in result.stderr) == (1, True)
        result = run(folder, "digest", "replay", "yesterday")
        assert (result.exit_code, "expected a day such as" in result.stderr) == (2, True)

    def test_a_preview_can_be_written_to_files(self, folder: Path) -> None:
        html, eml = folder / "x.html", folder / "x.eml"
        answer(folder, "digest", "preview", "watch", "--html", str(html), "--eml", str(eml))
        assert html.read_text(encoding="utf-8").lower().startswith("<!doctype html>")
        assert b"Message-ID: <" in eml.read_bytes()


PATROL = "Russia and China begin a patrol"


class TestExplain:
    def test_an_entry_with_a_signal_shows_every_factor(self, folder: Path) -> None:
        rows = [
            {
                "id": "1",
                "lang": "en",
                "date": "2026-11-01",
                "source": "x",
                "title": "Russia and China begin a patrol",
            }
        ]
        archive = write_lines(folder / "a.jsonl", *rows)
        answer(folder, "replay", str(archive), "--database", str(folder / "demo.db"))
        text = answer(folder, "explain", "1")
        assert "*Russia and China* begin a *patrol*" in text
        assert "value = weight 6 x strength 1.00 (title, occurred) x credibility 0.24" in text
        assert "points of the defense deepening index" in text
        assert json.loads(answer(folder, "explain", "1", "--json"))["signals"][0]["factors"]["weight"] == 6

    def test_a_verdict_is_shown_and_makes_the_precision_of_its_rule(self, folder: Path) -> None:
        row = {"id": "1", "lang": "en", "date": "2026-11-01", "source": "x", "title": PATROL}
        archive = write_lines(folder / "a.jsonl", row)
        answer(folder, "replay", str(archive), "--database", str(folder / "demo.db"))
        assert answer(folder, "verdicts") == "no verdicts yet; monitor verdict gives one\n"
        said = answer(folder, "verdict", "1", "routine", "--by", "ann", "--note", "yearly")
        assert said == "defense.patrol of entry 1: routine, says ann\n"
        assert "marked routine" in answer(folder, "explain", "1")
        assert "100%  defense.patrol v3: 0 true, 1 routine, 0 false" in answer(folder, "verdicts")
        answer(folder, "verdict", "1", "false")
        (found,) = json.loads(answer(folder, "verdicts", "--json"))
        assert (found["precision"], found["false"], found["routine"]) == (0.0, 1, 0)

    def test_an_index_is_taken_apart_and_its_change_explained(self, folder: Path) -> None:
        day = {"lang": "en", "source": "x"}
        rows = [
            day | {"id": "1", "date": "2026-11-01", "title": PATROL},
            day
            | {
                "id": "2",
                "date": "2026-11-03",
                "title": "Russia and China, far up north: old ships sail on a yearly patrol",
            },
        ]
        archive = write_lines(folder / "a.jsonl", *rows)
        answer(folder, "replay", str(archive), "--database", str(folder / "demo.db"))
        asked = [
            "score",
            "explain",
            "--domain",
            "defense",
            "--at",
            "2026-11-04T06:00Z",
            "--since",
            "2026-11-02",
        ]
        text = answer(folder, *asked)
        assert "deepening " in text
        assert "weight 6 x strength 1.00 x credibility 0.24 x recency" in text
        assert "new stories +" in text
        assert "decay -" in text
        found = json.loads(answer(folder, *asked, "--json"))
        points = sum(story["points"] for story in found["deepening"]["stories"])
        assert points == pytest.approx(found["deepening"]["index"])
        assert found["deepening"]["change"]["new_stories"] > 0

    def test_a_domain_or_time_that_makes_no_sense_is_said(self, folder: Path) -> None:
        result = run(folder, "score", "explain", "--domain", "sport")
        assert (result.exit_code, "there are defense, democracy" in result.stderr) == (1, True)
        result = run(folder, "score", "explain", "--domain", "defense", "--at", "noon")
        assert (result.exit_code, "expected a time such as" in result.stderr) == (2, True)

    def test_scales_come_from_a_record_of_ninety_days_and_are_refused_before(self, folder: Path) -> None:
        first = date(2026, 7, 1)
        rows = [
            {"lang": "en", "source": "x", "title": PATROL, "id": str(n), "date": f"{first + timedelta(n)}"}
            for n in range(0, 110, 2)
        ]
        archive = write_lines(folder / "a.jsonl", *rows)
        answer(folder, "replay", str(archive), "--database", str(folder / "demo.db"))
        asked = ("score", "calibrate", "--at")
        early = run(folder, *asked, "2026-08-02T12:00Z")
        assert early.exit_code == 1
        assert "a scale needs 90" in early.stderr
        text = answer(folder, *asked, "2026-10-17T12:00Z")
        assert "Repeat this when the record is full" in text
        written = re.search(r"\[sigma\]\ndeepening = ([0-9.]+)  # in force 3\.1; S is", text)
        assert written is not None
        scale = json.loads(answer(folder, *asked, "2026-10-17T12:00Z", "--json").splitlines()[0])
        assert float(written[1]) == pytest.approx(scale["calibrated"], abs=0.05)
        assert scale["days"] >= 90

    def test_silences_are_added_listed_and_ended(self, folder: Path) -> None:
        assert answer(folder, "silence", "list") == "no silence is in force\n"
        words = ["--for", "7d", "--reason", "yearly drill", "--by", "ann"]
        assert "silence 1: defense until" in answer(folder, "silence", "add", "defense", *words)
        assert "ann: yearly drill" in answer(folder, "silence", "list")
        assert answer(folder, "silence", "end", "1") == "silence 1 ended\n"
        result = run(folder, "silence", "end", "1")
        assert (result.exit_code, "no silence 1 is in force" in result.stderr) == (1, True)
        result = run(folder, "silence", "add", "sport", *words)
        assert (result.exit_code, "no domain and no indicator 'sport'" in result.stderr) == (1, True)

    def test_alerts_are_listed_and_acknowledged(self, folder: Path) -> None:
        assert answer(folder, "alert", "now") == "0 urgent mails in the outbox\n"
        assert answer(folder, "alert", "list") == "nothing was urgent in 7 days\n"
        result = run(folder, "alert", "ack", "1")
        assert (result.exit_code, "no alert 1" in result.stderr) == (1, True)

    def test_stories_are_shown_split_and_merged(self, folder: Path) -> None:
        day = {"lang": "en", "source": "x", "date": "2026-11-01"}
        rows = [
            day | {"id": "1", "title": PATROL},
            day | {"id": "2", "title": "Russia and China began their patrol"},
            day | {"id": "3", "title": "Rain"},
        ]
        archive = write_lines(folder / "a.jsonl", *rows)
        answer(folder, "replay", str(archive), "--database", str(folder / "demo.db"))
        text = answer(folder, "story", "show", "1")
        assert "defense.patrol: 2 of one story" in text
        assert "% of the words" in text
        assert answer(folder, "story", "split", "2", "--by", "ann") == "entry 2 is apart from 1\n"
        assert "defense.patrol: 1 of one story" in answer(folder, "story", "show", "1")
        assert "one story of defense.patrol" in answer(folder, "story", "merge", "1", "2")
        assert "defense.patrol: 2 of one story" in answer(folder, "story", "show", "2")
        result = run(folder, "story", "merge", "1", "3")
        assert (result.exit_code, "no signals of one indicator" in result.stderr) == (1, True)
        result = run(folder, "story", "show", "3")
        assert (result.exit_code, "entry 3 has no signal" in result.stderr) == (1, True)

    def test_a_verdict_on_what_is_no_signal_is_refused(self, folder: Path) -> None:
        result = run(folder, "verdict", "999", "true")
        assert (result.exit_code, "entry 999 has no signal" in result.stderr) == (1, True)

    def test_an_entry_without_one_shows_what_was_missing(self, folder: Path) -> None:
        run(folder, "poll")
        texts = [answer(folder, "explain", str(number)) for number in range(1, 15)]
        assert any("no signal" in text for text in texts)

    def test_an_unknown_entry_is_said(self, folder: Path) -> None:
        result = run(folder, "explain", "999")
        assert (result.exit_code, "no entry 999" in result.stderr) == (1, True)


class TestRules:
    def test_check_and_test_pass_on_a_sound_catalog(self, folder: Path) -> None:
        assert "0 problems" in answer(folder, "rules", "check")
        assert "12 examples, 0 failed" in answer(folder, "rules", "test")

    def test_every_problem_at_once_and_nothing_started(self, folder: Path) -> None:
        patrol = folder / "indicators" / "defense" / "patrol.toml"
        patrol.write_text(
            patrol.read_text(encoding="utf-8").replace("weight = 6", "wieght = 60"), encoding="utf-8"
        )
        quarrel = folder / "indicators" / "economy" / "quarrel.toml"
        quarrel.write_text(quarrel.read_text(encoding="utf-8").replace("@topic", "@topc"), encoding="utf-8")
        text = answer(folder, "rules", "check", code=2)
        assert "patrol.toml" in text
        assert "quarrel.toml" in text
        assert "wieght" in text
        polled = run(folder, "poll")
        assert (polled.exit_code, "quarrel.toml" in polled.stderr) == (2, True)
        assert not (folder / "demo.db").exists()
        assert len(json.loads(answer(folder, "rules", "check", "--json", code=2))) >= 2

    def test_a_failing_example_shows_its_text_and_what_was_missing(self, folder: Path) -> None:
        patrol = folder / "indicators" / "defense" / "patrol.toml"
        wrong = '[[example]]\nlang = "en"\nexpect = "match"\ntext = "Russia and China dance"\n'
        patrol.write_text(patrol.read_text(encoding="utf-8") + wrong, encoding="utf-8")
        text = answer(folder, "rules", "test", code=1)
        assert "[Russia and China] dance" in text
        assert "missing: @topic" in text

    def test_match_answers_line_by_line(self, folder: Path) -> None:
        rows = write_lines(
            folder / "in.jsonl",
            {"id": "1", "title": "Russia and China begin a patrol", "extra": 1},
            {"id": "2", "title": "Rain"},
        )
        rows.write_bytes(rows.read_bytes() + b"{broken\n")
        result = run(folder, "rules", "match", str(rows))
        found = [json.loads(line) for line in result.stdout.splitlines()]
        assert found[0] == {
            "id": "1",
            "indicators": ["defense.patrol"],
            "checklist": ["DEF-08"],
            "domains": ["defense"],
        }
        assert found[1] == {"id": "2", "indicators": [], "checklist": [], "domains": []}
        assert "error" in found[2]
        assert (result.exit_code, "in.jsonl:3:" in result.stderr) == (1, True)

    def test_eval_measures_on_labelled_lines(self, folder: Path) -> None:
        base = {"lang": "en", "summary": "", "certainty": "sure", "modality": "occurred"}
        rows = [
            base
            | {
                "id": "1",
                "title": "Russia and China begin a patrol",
                "indicators": ["DEF-08"],
                "domains": ["defense"],
            },
            base | {"id": "2", "title": "Fleets meet", "indicators": ["DEF-08"], "domains": ["defense"]},
        ]
        labels = write_lines(folder / "labels.jsonl", *rows)
        figures = json.loads(answer(folder, "rules", "eval", str(labels), "--json"))
        assert figures["sure_rows"]["all"]["signal"]["recall"] == 0.5
        assert figures["sure_rows"]["all"]["signal"]["precision"] == 1.0
        assert "P/R/F1" in answer(folder, "rules", "eval", str(labels))

    def test_explain_shows_the_forms(self, folder: Path) -> None:
        text = answer(folder, "rules", "explain", "economy.quarrel")
        assert "quarrels" in text
        assert "ссоры" in text
        assert "争吵" in text
        wrong = run(folder, "rules", "explain", "economy.quarel")
        assert "did you mean economy.quarrel?" in wrong.stderr


class TestFeeds:
    def test_check_reports_each_feed(self, folder: Path) -> None:
        text = answer(folder, "feeds", "check", code=1)
        assert "http_error" in text
        assert text.count("ok ") == 5
        assert "sample-wire" in answer(folder, "feeds", "check", "sample-wire")
        assert run(folder, "feeds", "check", "none").exit_code == 1

    def test_what_is_exported_can_be_imported(self, folder: Path) -> None:
        opml = folder / "x.opml"
        answer(folder, "feeds", "export", "--output", str(opml))
        result = run(folder, "feeds", "import", str(opml))
        assert result.stderr.strip().endswith("0 feeds are new")
        other = opml.read_text(encoding="utf-8").replace("wire_en", 'new_"wire')
        opml.write_text(other.replace('new_"wire', "new_wire"), encoding="utf-8")
        table = answer(folder, "feeds", "import", str(opml))
        assert "[[feed]]" in table
        config = (folder / "config.toml").read_text(encoding="utf-8") + "\n" + table
        (folder / "config.toml").write_text(config, encoding="utf-8")
        assert "7 feeds" in answer(folder, "config", "check")


class TestReplay:
    ROWS = tuple(
        {
            "id": str(n),
            "lang": "en",
            "date": f"2026-11-{n:02}",
            "source": "x",
            "title": f"Russia and China begin patrol number {n}",
        }
        for n in range(1, 9)
    )

    def test_days_pass_and_digests_are_written(self, folder: Path) -> None:
        archive = write_lines(folder / "a.jsonl", *self.ROWS)
        out = folder / "out"
        text = answer(
            folder,
            "replay",
            str(archive),
            "--database",
            str(folder / "r.db"),
            "--digests",
            str(out),
            "--json",
        )
        assert json.loads(text) == {"days": 8, "entries": 8, "signals": 8, "digests": 8, "broken": 0}
        assert len(list(out.glob("*.eml"))) == 8

    def test_a_broken_line_is_reported_and_skipped(self, folder: Path) -> None:
        archive = write_lines(folder / "a.jsonl", *self.ROWS[:2], {"id": "x", "title": "no date"})
        archive.write_bytes(archive.read_bytes() + b"{\n")
        result = run(folder, "replay", str(archive), "--database", str(folder / "r.db"))
        assert result.exit_code == 1
        assert "a.jsonl:3: date" in result.stderr
        assert "a.jsonl:4: no JSON" in result.stderr
        assert "2 entries" in result.stdout

    def test_a_feed_document_is_replayed_too(self, folder: Path) -> None:
        document = folder / "feed.xml"
        document.write_bytes(sample_feeds(NOON)["/wire_en.rss"][1])
        text = answer(folder, "replay", str(document), "--database", str(folder / "r.db"), "--json")
        assert json.loads(text)["entries"] == 4

    def test_a_replay_never_goes_into_a_database_in_use(self, folder: Path) -> None:
        archive = write_lines(folder / "a.jsonl", *self.ROWS)
        run(folder, "poll")
        result = run(folder, "replay", str(archive), "--database", str(folder / "demo.db"))
        assert (result.exit_code, "a database of its own" in result.stderr) == (1, True)


class TestConfiguration:
    def test_every_problem_at_once(self, folder: Path) -> None:
        text = (folder / "config.toml").read_text(encoding="utf-8")
        broken = text.replace('timezone = "UTC"', 'timezone = "Mars/Base"').replace(
            "per_host = 4", "per_hots = 4"
        )
        (folder / "config.toml").write_text(broken, encoding="utf-8")
        for command in (["config", "check"], ["run"], ["poll"]):
            result = run(folder, *command)
            assert result.exit_code == 2
            assert "Mars/Base" in result.stderr or "timezone" in result.stderr
            assert "per_hots" in result.stderr
        assert not (folder / "demo.db").exists()

    def test_an_old_database_says_what_to_run(self, folder: Path) -> None:
        from sqlalchemy import text

        engine = open_engine(f"sqlite:///{folder}/demo.db")
        with writing(engine) as connection:
            connection.execute(text("CREATE TABLE something (id INTEGER)"))
        engine.dispose()
        result = run(folder, "poll")
        assert (result.exit_code, "monitor db upgrade" in result.stderr) == (4, True)
        assert "schema none -> 0006" in answer(folder, "db", "upgrade")
        assert run(folder, "poll").exit_code == 1

    def test_no_traceback_for_a_missing_file(self, tmp_path: Path) -> None:
        result = run(tmp_path, "status")
        assert result.exit_code == 2
        assert "config.toml" in result.stderr
        assert "Traceback" not in result.output


def test_the_demonstration_shows_the_whole_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["demo", "--folder", str(tmp_path / "demo")])
    assert result.exit_code == 0, result.output
    assert "SAMPLE" in result.stdout
    html = next(line for line in result.stdout.splitlines() if line.startswith("HTML mail: "))
    assert Path(html.removeprefix("HTML mail: ")).read_text(encoding="utf-8").lower().startswith("<!doctype")
    again = CliRunner().invoke(cli, ["demo", "--folder", str(tmp_path / "demo")])
    assert again.exit_code == 0


def test_the_demonstration_empties_no_folder_of_yours(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    result = CliRunner().invoke(cli, ["demo", "--folder", str(tmp_path)])
    assert result.exit_code == 2
    assert (tmp_path / "thesis.txt").exists()
