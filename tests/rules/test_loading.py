from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.errors import CatalogError
from monitor.rules.codes import CODES
from monitor.rules.engine import compile_rules
from monitor.rules.examples import failure_text, marked, run_examples
from monitor.rules.loading import load_catalog
from tests.rules.builders import SOUND_INDICATOR, SOUND_LISTS, write_catalog


def problems(folder: Path, **files: str) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        load_catalog(write_catalog(folder, **files))
    return [text.replace(f"{folder}/", "") for text in caught.value.problems]


def changed(old: str, new: str, text: str = SOUND_INDICATOR) -> str:
    assert old in text
    return text.replace(old, new)


def test_a_sound_catalog(tmp_path: Path) -> None:
    catalog = load_catalog(write_catalog(tmp_path))
    indicator = catalog.indicators["defense.naval-drill"]
    assert (indicator.domain, indicator.weight, indicator.half_life) == ("defense", 6.0, timedelta(days=21))
    assert (indicator.checklist, indicator.section, indicator.except_) == (
        ("DEF-08",),
        "Exercises",
        ("sport",),
    )
    assert catalog.domains["defense"].sigma == {"deepening": 40.0}
    assert re.fullmatch(r"[0-9a-f]{7}", catalog.revision)


def test_its_examples_run_through_the_engine(tmp_path: Path) -> None:
    catalog = load_catalog(write_catalog(tmp_path))
    results = run_examples(catalog, compile_rules(catalog))
    assert [result.passed for result in results] == [True] * 4
    russian, near_miss = results[1], results[3]
    assert (
        marked(russian.example.text, russian.explanation.spans)
        == "[Россия] и [Китай] начали [военно-морские учения]"
    )
    assert near_miss.explanation.missing == "@russia"
    assert near_miss.explanation.lists == {"russia": (), "china": (), "drill": ("naval drill",)}


def test_a_failing_example_says_so(tmp_path: Path) -> None:
    text = changed("Russia and China begin", "Japan and Korea begin")
    catalog = load_catalog(write_catalog(tmp_path, defense__naval_drill=text))
    failed = [result for result in run_examples(catalog, compile_rules(catalog)) if not result.passed]
    assert [(f.example.language, f.explanation.missing) for f in failed] == [("en", "@russia")]
    assert failure_text(failed[0]).split("\n") == [
        "FAILED defense.naval-drill en: must match",
        "    Japan and Korea begin a [naval drill]",
        "    missing: @russia",
        "    @russia: -",
        "    @china: -",
        "    @drill: naval drill",
    ]


def test_revision_names_the_content(tmp_path: Path) -> None:
    one = load_catalog(write_catalog(tmp_path / "one")).revision
    same = load_catalog(write_catalog(tmp_path / "two")).revision
    other = load_catalog(
        write_catalog(tmp_path / "three", defense__naval_drill=changed("weight    = 6", "weight    = 7"))
    ).revision
    assert one == same != other


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("weight    = 6", "weight    = 11", 6, "R007 weight: expected 10 or less, found 11"),
        ("weight    = 6", 'weight    = "6"', 6, "R007 weight: "),
        ("version   = 1", "version   = 0", 3, "R007 version: expected 1 or more, found 0"),
        ('"21d"', '"3 weeks"', 8, "R007 half_life: expected a number of days or hours such as"),
        ('"active"', '"on"', 4, "R007 status: expected 'draft', 'test', 'active' or 'retired', found 'on'"),
        ("weight    =", "wieght    =", 6, "R002 wieght: unknown key; did you mean 'weight'?"),
        ("query  =", "querry =", 18, "R002 match.querry: unknown key; did you mean 'query'?"),
        ("quote   =", "qoute   =", 12, "R002 report.qoute: unknown key; did you mean 'quote'?"),
        ("title     = ", "title     ? ", 2, "R001 "),
        ("defense.naval-drill", "defense.drill", 1, "R003 id: expected 'defense.naval-drill'"),
        ("@russia AND", "@rusia AND", 18, "R005 unknown list 'rusia'; did you mean 'russia'?"),
        ('["sport"]', '["sports"]', 19, "R005 unknown list 'sports'; did you mean 'sport'?"),
        ('["海上联演"]', "[]", 18, "R006 no zh text can match: no zh term in @drill"),
        ("@china AND", "@china OR", 18, "R011 AND and OR side by side"),
        ("AND @drill", "AND NOT NOT @drill", 18, "R012 two NOT in a row"),
        ('["海上联演"]', '["海"]', 16, "R014 '海' alone"),
        ('["naval drill"]', '["navaл drill"]', 14, "R015 "),
        ('["naval drill"]', '["naval", "..."]', 14, "R016 '...': holds no letter"),
        ('["naval drill"]', '["naval dril*"]', 14, "R030 'naval dril*': wildcards"),
        ("AND @drill", "AND (@china NEAR/90 @drill)", 18, "R031 NEAR/90 is wider than 60 words"),
        ('"no-match"', '"match"', 1, "R020 no example"),
        ('lang = "ru"', 'lang = "en"', 1, "R021 no example that matches in ru"),
        (
            'expect = "no-match"',
            'expect = "never"',
            34,
            "R007 example.3.expect: expected 'match' or 'no-match'",
        ),
    ],
)
def test_each_mistake_has_its_code_and_place(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    found = problems(tmp_path, defense__naval_drill=changed(old, new))
    assert any(
        re.match(rf"defense/naval-drill\.toml:{line}:\d+ {re.escape(said)}", text) for text in found
    ), found


def test_column_of_a_query_mistake(tmp_path: Path) -> None:
    text = problems(tmp_path, defense__naval_drill=changed("@china AND @drill", "@china or @drill"))[0]
    assert text.startswith("defense/naval-drill.toml:18:30 R010 expected AND, OR")
    assert text.endswith("(found 'or'); write OR")


def test_all_mistakes_of_all_files_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        defense__naval_drill=changed("weight    = 6", "weight    = 0"),
        _lists__more='[empty]\n[loop]\nen = ["x1"]\ninclude = ["loop", "nothing"]\n[russia]\nen = ["y1"]\n',
        economy___domain='id = "economics"\ntitle = ""\n',
    )
    codes = [text.split()[1] for text in found]
    assert sorted(codes) == ["R003", "R005", "R006", "R007", "R007", "R008"]
    assert "_lists/more.toml:4:13 R008 list loop includes itself" in found


def test_a_bad_query_and_a_bad_term_of_one_file_are_both_told(tmp_path: Path) -> None:
    lists = SOUND_LISTS.replace('"俄罗斯", "中俄"', '"俄罗斯", {term = "俄", not_in = ["白俄罗斯"]}')
    found = problems(tmp_path, _lists__actors=lists)
    assert found == [
        "_lists/actors.toml:5:8 R018 '俄罗斯' also stands in 白俄罗斯; "
        'write {term = "俄罗斯", not_in = ["白俄罗斯"]}'
    ]


def test_drafts_need_no_examples(tmp_path: Path) -> None:
    text = changed('"active"', '"draft"').partition("[[example]]")[0]
    assert load_catalog(write_catalog(tmp_path, defense__naval_drill=text)).indicators


@pytest.mark.parametrize("content", [b"\xff\xfe", b"id = \xd0"])
def test_a_file_that_is_no_utf8(tmp_path: Path, content: bytes) -> None:
    write_catalog(tmp_path)
    (tmp_path / "defense" / "naval-drill.toml").write_bytes(content)
    with pytest.raises(CatalogError, match=r"naval-drill\.toml R000 cannot be read as UTF-8"):
        load_catalog(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="R000 no such folder"):
        load_catalog(tmp_path / "nowhere")


def test_every_code_in_use_is_in_the_table() -> None:
    folder = Path(__file__).parents[2] / "monitor" / "rules"
    used = {
        code for path in folder.glob("*.py") for code in re.findall(r'"(R0\d\d)"', path.read_text("utf-8"))
    }
    assert used == CODES.keys()
