"""What `rules check` says, word for word where an analyst reads it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from monitor.rules.codes import CODES, WARNINGS
from monitor.rules.display import WIDEST, block
from monitor.rules.linting import Report, check_folder
from tests.rules.builders import SOUND_INDICATOR, SOUND_LISTS, write_catalog

TODAY = date(2026, 11, 24)
COMPOSITE = """\
id        = "defense.together"
title     = "Drill and visit at once"
version   = 1
status    = "active"
direction = "deepening"
weight    = 7
why       = "Two kinds of contact in two weeks are a plan"
half_life = "14d"
[compose]
within = "14d"
all    = ["defense.naval-drill", "defense.visit"]
"""
VISIT = SOUND_INDICATOR.replace("naval-drill", "visit")


def check(folder: Path, **files: str) -> Report:
    return check_folder(write_catalog(folder, **files), TODAY)


def codes(report: Report) -> list[str]:
    return [problem.code for problem in report.problems]


def shown(report: Report, folder: Path) -> str:
    return "\n".join(block(problem) for problem in report.problems).replace(f"{folder}/", "")


def changed(old: str, new: str, text: str = SOUND_INDICATOR) -> str:
    assert old in text
    return text.replace(old, new)


def test_a_sound_catalog_has_no_problem_but_notes(tmp_path: Path) -> None:
    report = check(tmp_path)
    assert report.problems == ()
    assert [note.replace(f"{tmp_path}/", "") for note in report.notes] == [
        "lock is missing; monitor rules lock writes it, and then versions are checked",
        "R022: 4 of 13 terms are hit by no example; --all lists them",
    ]


def test_a_term_of_a_list(tmp_path: Path) -> None:
    report = check(tmp_path, _lists__actors=SOUND_LISTS.replace('"俄罗斯", "中俄"', '"中俄", "俄"'))
    assert shown(report, tmp_path) == "\n".join(
        (
            "error R014 '俄' alone matches inside other words",
            "  --> _lists/actors.toml:5:14   russia.zh",
            '5 | zh = ["中俄", "俄"]',
            "  |                ^^",
            '  = help: write {term = "俄", not_in = ["..."]}',
        )
    )


def test_words_that_the_list_excludes_already_are_proposed(tmp_path: Path) -> None:
    lists = SOUND_LISTS.replace('"俄罗斯", "中俄"', '{term = "俄罗斯", not_in = ["白俄罗斯"]}, "俄"')
    (problem,) = check(tmp_path, _lists__actors=lists).problems
    assert (problem.code, problem.help) == ("R014", 'write {term = "俄", not_in = ["白俄罗斯"]}')


def test_the_character_in_a_query_of_several_lines(tmp_path: Path) -> None:
    query = '"""\n  (@russia AND @china)\n  AND @drill or @russia\n"""'
    report = check(tmp_path, defense__naval_drill=changed('"@russia AND @china AND @drill"', query))
    assert shown(report, tmp_path) == "\n".join(
        (
            "error R010 expected AND, OR, NEAR/n or the end here (found 'or')",
            "  --> defense/naval-drill.toml:20:14   match.query",
            "20 |   AND @drill or @russia",
            "   |              ^^",
            "   = help: write OR",
        )
    )


def test_an_unknown_list_is_marked_where_the_query_names_it(tmp_path: Path) -> None:
    report = check(tmp_path, defense__naval_drill=changed("@china AND", "@chnia AND"))
    (problem,) = report.problems
    assert problem.source[problem.column - 1 :][: problem.width] == "@chnia"
    assert problem.help == "did you mean 'china'?"


def test_a_long_line_is_shown_around_the_caret(tmp_path: Path) -> None:
    many = ", ".join(f'"word{number}"' for number in range(100))
    report = check(tmp_path, defense__naval_drill=changed('["naval drill"]', f'[{many}, "nav*", {many}]'))
    _, _, line, caret, _ = block(report.problems[0]).split("\n")
    assert len(line) < WIDEST + 10
    assert line[caret.index("^") :].startswith("nav*")
    assert caret.count("^") == 4


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("", ["R014"]),
        ('allow = [{code = "R014", reason = "the whole title is one word"}]\n', []),
        ('allow = [{code = "R020", reason = "none"}]\n', ["R014"]),
        ('allow = [{code = "R014"}]\n', ["R007"]),
        ('allow = [{code = "R010", reason = "it reads well"}]\n', ["R014", "R007"]),
    ],
)
def test_allow_silences_a_judgement_with_a_reason(tmp_path: Path, written: str, found: list[str]) -> None:
    text = changed('zh = ["海上联演"]\n', f'zh = ["海上联演", "海"]\n{written}')
    assert codes(check(tmp_path, defense__naval_drill=text)) == found


def test_allow_of_a_file_reaches_all_of_it_and_must_silence_something(tmp_path: Path) -> None:
    allow = 'allow = [{code = "R020", reason = "a name of its own"}, {code = "R021", reason = "x"}]\n'
    report = check(tmp_path, defense__naval_drill=allow + changed('"no-match"', '"match"'))
    (problem,) = report.problems
    assert (problem.code, problem.severity, problem.where) == ("R042", "warning", "allow")
    assert problem.source[problem.column - 1 :].startswith('{code = "R021"')


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('half_life = "21d"', 'half_life = "21d"\nreview = 2026-11-23', "R040"),
        ('why       = "Shows practice at sea"', "", "R041"),
        ('en = ["naval drill"]', 'en = ["naval drill", "re:su \\\\d+"]', "R033"),
        ('why       = "Shows practice at sea"', 'why = "joint naval drill "', "R041"),
    ],
)
def test_warnings_stop_nobody(tmp_path: Path, old: str, new: str, code: str) -> None:
    report = check(tmp_path, defense__naval_drill=changed(old, new))
    assert (codes(report), report.errors, report.warnings) == ([code], 0, 1)
    assert code in WARNINGS


def test_a_review_on_its_day_is_not_past(tmp_path: Path) -> None:
    text = changed('half_life = "21d"', 'half_life = "21d"\nreview = 2026-11-24')
    assert codes(check(tmp_path, defense__naval_drill=text)) == []


def test_every_term_without_proof_on_request(tmp_path: Path) -> None:
    report = check_folder(write_catalog(tmp_path), TODAY, every_term=True)
    assert [problem.source[problem.column - 1 :][: problem.width] for problem in report.problems] == [
        '"Moscow"',
        '"俄罗斯"',
        '"中国"',
        '"football match"',
    ]
    assert set(codes(report)) == {"R022"}
    assert report.errors == 0


def test_a_name_cannot_draw_on_the_terminal(tmp_path: Path) -> None:
    report = check(tmp_path, _lists__more='["a\\u001b[2J\\nb\\u202e"]\n')
    (problem,) = report.problems
    assert problem.message == "list a\ufffd[2J\ufffdb\ufffd is empty"
    assert all(line.isprintable() for line in block(problem).split("\n"))


@pytest.mark.parametrize(("old", "code"), [("[russia]", "R001"), ('title = "Russia"', "R007")])
def test_a_broken_list_is_told_once_and_not_by_all_who_name_it(tmp_path: Path, old: str, code: str) -> None:
    new = {"R001": "[russia]\nen =", "R007": "title = 1"}[code]
    assert codes(check(tmp_path, _lists__actors=changed(old, new, SOUND_LISTS))) == [code]


def test_a_broken_indicator_is_told_once_and_not_by_the_composites_that_name_it(tmp_path: Path) -> None:
    files = {
        "defense__visit": VISIT.replace("weight    = 6", "weight    = 60"),
        "defense__together": COMPOSITE,
    }
    assert codes(check(tmp_path, **files)) == ["R007"]


class TestComposites:
    def test_a_sound_one(self, tmp_path: Path) -> None:
        report = check(tmp_path, defense__visit=VISIT, defense__together=COMPOSITE)
        assert report.problems == ()
        made = report.catalog.composites["defense.together"]
        assert (made.composition.needed, made.composition.within.days, made.weight) == (2, 14, 7.0)
        assert report.catalog.observable("defense.together") is made

    def test_a_domain_is_its_indicators_of_that_direction_and_weight(self, tmp_path: Path) -> None:
        text = changed('all    = ["defense.naval-drill", "defense.visit"]',
                       'any_n = 2\nof = ["domain:defense", "economy.deal", "economy.other"]\nmin_weight = 6',
                       COMPOSITE)  # fmt: skip
        deal = SOUND_INDICATOR.replace("defense.naval-drill", "economy.deal")
        report = check(
            tmp_path,
            defense__together=text,
            defense__visit=VISIT.replace("weight    = 6", "weight    = 5"),
            defense__strain=VISIT.replace("visit", "strain").replace("deepening", "friction"),
            economy__deal=deal,
            economy__other=deal.replace("deal", "other"),
        )
        assert report.problems == ()
        parts = report.catalog.composites["defense.together"].composition.parts
        assert parts[0] == frozenset({"defense.naval-drill"})

    @pytest.mark.parametrize(
        ("old", "new", "code", "said"),
        [
            ('"defense.visit"', '"defense.vist"', "R050", "no indicator 'defense.vist'"),
            ('"defense.visit"', '"domain:defence"', "R050", "no domain 'defence'"),
            ('"defense.visit"', '"defense.draft"', "R050", "defense.draft is draft and gives no signals"),
            ('"defense.visit"', '"defense.together"', "R051", "names itself"),
            ('"defense.visit"', '"defense.other"', "R051", "defense.other is a composite too"),
            ('"defense.visit"', '"domain:defense"', "R052", "defense.naval-drill stands in two parts"),
            (', "defense.visit"', "", "R052", "fewer parts than are needed"),
            (', "defense.visit"]', ', "defense.visit"]\nany_n = 2', "R052", "which parts are needed?"),
            ('all    = ["defense.naval-drill", "defense.visit"]', "", "R052", "which parts are needed?"),
            ("[compose]", '[terms.x]\nen = ["x1"]\n[compose]', "R052", "a composite has no terms of its own"),
            ('why       = "Two kinds of contact in two weeks are a plan"', "", "R052", "needs its reason"),
            ('within = "14d"', "", "R007", "compose.within: missing"),
            ("all    =", "any_n = 2\nin_order = true\nof =", "R052", "an order needs all parts"),
        ],
    )
    def test_what_cannot_hold(self, tmp_path: Path, old: str, new: str, code: str, said: str) -> None:
        report = check(
            tmp_path,
            defense__visit=VISIT,
            defense__draft=VISIT.replace("visit", "draft").replace('"active"', '"draft"'),
            defense__other=COMPOSITE.replace("together", "other"),
            defense__together=changed(old, new, COMPOSITE),
        )
        found = [p for p in report.problems if p.path.endswith("together.toml")]
        assert [p.code for p in found if said in p.message] == [code], found
        assert all(p.line for p in found)

    def test_a_file_is_one_or_the_other(self, tmp_path: Path) -> None:
        both = SOUND_INDICATOR + COMPOSITE[COMPOSITE.index("[compose]") :]
        assert codes(check(tmp_path, defense__naval_drill=both)) == ["R007"]


def test_every_warning_is_a_code() -> None:
    assert CODES.keys() >= WARNINGS
