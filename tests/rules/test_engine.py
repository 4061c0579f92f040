from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.model import Modality, Place, Span
from monitor.rules.catalog import Term
from monitor.rules.compiling import Gate, compile_catalog
from monitor.rules.engine import compile_rules
from monitor.rules.scanner import MOST_HITS
from monitor.rules.text import Text
from tests.rules.builders import ACTORS, Terms, catalog, indicator

EXERCISE = {"en": ["naval drill"], "ru": ["учение"], "zh": ["联演"]}
MODALITY = {
    "denied": {"en": ["deny", "cancel"], "ru": ["отрицать"], "zh": ["否认"]},
    "planned": {"en": ["plan to", "will"], "zh": ["将"]},
    "alleged": {"en": ["allegedly"]},
}


def found(query: str, title: str, summary: str = "", **terms: list[str | Term]) -> list[str]:
    """The words of the original that matched, for private lists of English terms."""
    made = indicator(query, terms={name: {"en": own} for name, own in terms.items()})
    matches = compile_rules(catalog(made, lists=ACTORS)).match(title, summary)
    texts = {"title": title, "summary": summary}
    return [texts[span.field][span.start : span.end] for match in matches for span in match.spans]


@pytest.mark.parametrize(
    ("title", "spans"),
    [
        ("Russia’s and China's naval drills", ["Russia", "China", "naval drills"]),
        ("Россия и КНР провели учения", ["Россия", "КНР", "учения"]),
        ("俄羅斯與中國舉行聯演", ["俄", "中國", "聯演"]),
        ("中俄联演开始", ["中俄联演"]),
        ("Учёные России и Китая получили премию", []),
        ("白俄罗斯和中国举行联演", []),
        ("俄亥俄州和中国举行联演", []),
        ("俄与白俄罗斯、中国举行联演", ["俄", "中国", "联演"]),
    ],
)
def test_one_rule_in_three_languages(title: str, spans: list[str]) -> None:
    made = indicator("@russia AND @china AND @drill", terms={"drill": EXERCISE})
    matches = compile_rules(catalog(made, lists=ACTORS)).match(title)
    assert [title[s.start : s.end] for m in matches for s in m.spans] == spans


def test_not_in_masks_only_what_it_covers() -> None:
    assert found("@x", "俄亥俄", x=[Term(text="俄", not_in=("俄亥俄",))]) == []
    assert found("@x", "俄亥俄 俄", x=[Term(text="俄", not_in=("俄亥俄",))]) == ["俄"]
    assert found(
        "@x", "Georgia Tech wins in Georgia", x=[Term(text="Georgia", not_in=("Georgia Tech",))]
    ) == ["Georgia"]


def test_one_term_may_be_masked_in_one_list_and_free_in_another() -> None:
    lists: dict[str, Terms] = {
        "masked": {"zh": [Term(text="俄", not_in=("俄亥俄",))]},
        "free": {"zh": ["俄"]},
    }
    rules = compile_rules(
        catalog(indicator("@masked", id="a.masked"), indicator("@free", id="a.free"), lists=lists)
    )
    assert [m.indicator_id for m in rules.match("俄亥俄")] == ["a.free"]


@pytest.mark.parametrize(
    ("term", "title", "matches"),
    [
        ("=US", "US and them", True),
        ("=US", "us and them", False),
        ("=US", "They follow the US's lead", True),
        ("=«Мир»", "Платёжная система «Мир» растёт", True),
        ("=«Мир»", 'Платёжная система "Мир" растёт', True),
        ("=«Мир»", "Мир растёт", False),
        ("=Joint Sea", "Exercise Joint Sea–2025 opens", True),
        ("=Joint Sea", "A joint sea patrol", False),
        ("U.S.", "The U.S. said", True),
        ("U.S.", "US said", False),
        ('"found"', "They find it", False),
        ('"found"', "They FOUND it", True),
    ],
)
def test_exact_and_quoted_terms(term: str, title: str, matches: bool) -> None:
    assert bool(found("@x", title, x=[term])) is matches


def test_exact_and_inflected_in_one_list() -> None:
    assert found("@x", "veto by us", x=["=US", "us"]) == ["us"]


@pytest.mark.parametrize(
    ("query", "title", "summary", "matches"),
    [
        ("@a THEN/3 @b", "alpha supplies beta", "", True),
        ("@a THEN/3 @b", "beta supplies alpha", "", False),
        ("@a NEAR/3 @b", "beta supplies alpha", "", True),
        ("@a NEAR/2 @b", "alpha one two beta", "", False),
        ("@a NEAR/3 @b", "alpha one two beta", "", True),
        ("@a NEAR/60 @b", "alpha", "beta", False),
        ("@a NEAR/60 @b", "x", "alpha\nbeta", False),
        ("@a AND @b", "alpha", "beta", True),
        ("(@a AND @b) IN title", "alpha", "beta", False),
        ("(@a AND @b) IN sentence", "x", "Alpha is. Beta is.", False),
        ("(@a AND @b) IN sentence", "x", "Alpha and U.S. Beta is.", True),
        ("(@a AND @b) IN sentence", "x", "Alpha met Mr. Beta here.", True),
        ("(@a AND @b) IN paragraph", "x", "Alpha is. Beta is.", True),
        ("(@a AND @b) IN paragraph", "x", "Alpha is.\nBeta is.", False),
        ("@a IN lead", "x", "One alpha here. Two.", True),
        ("@a IN lead", "alpha", "One. Two alpha.", False),
        ("@a IN body", "alpha", "", False),
        ("@a AND NOT @b", "alpha", "beta", False),
        ("@a AND NOT (@b IN title)", "alpha", "beta", True),
        ("ATLEAST/2 @a", "alpha", "and alpha", True),
        ("ATLEAST/3 @a", "alpha", "and alpha", False),
        ('@a AND "went home"', "alpha went home", "", True),
        ('@a AND "went home"', "alpha goes home", "", False),
    ],
)
def test_operators(query: str, title: str, summary: str, matches: bool) -> None:
    assert bool(found(query, title, summary, a=["alpha"], b=["beta"])) is matches


def test_evidence_is_only_what_satisfied_the_query() -> None:
    title = "alpha beta one two three four alpha"
    assert found("@a NEAR/2 @b", title, a=["alpha"], b=["beta"]) == ["alpha", "beta"]


def test_a_phrase_does_not_cross_from_title_to_summary() -> None:
    assert found("@x", "a naval", "drill", x=["naval drill"]) == []


def test_places_and_strength() -> None:
    rules = compile_rules(catalog(indicator("@russia AND @china"), lists=ACTORS))
    lead = rules.match("Moscow speaks", "Beijing listens. And more.")[0]
    assert rules.match("Moscow and Beijing", "Russia")[0].place is Place.TITLE
    assert (lead.place, lead.strength) == (Place.LEAD, 0.85)
    body = rules.match("Moscow speaks", "First sentence. Beijing listens.")[0]
    assert (body.place, body.strength) == (Place.BODY, 0.6)
    assert body.spans == (Span("title", 0, 6), Span("summary", 16, 23))


@pytest.mark.parametrize(
    ("title", "modality"),
    [
        ("Moscow and Beijing hold a naval drill", Modality.OCCURRED),
        ("Moscow and Beijing will hold a naval drill", Modality.PLANNED),
        ("Moscow allegedly holds a naval drill with Beijing, which will start", Modality.ALLEGED),
        ("Moscow denied a naval drill with Beijing", Modality.DENIED),
        ("中俄将举行联演", Modality.PLANNED),
        (f"Will it {'go ' * 13} Moscow and Beijing in a naval drill", Modality.OCCURRED),
        ("Moscow and Beijing in a naval drill. They will rest", Modality.OCCURRED),
    ],
)
def test_modality(title: str, modality: Modality) -> None:
    made = indicator("@russia AND @china AND @drill", terms={"drill": EXERCISE})
    rules = compile_rules(catalog(made, lists=ACTORS | MODALITY))
    assert rules.match(title)[0].modality is modality


def test_a_word_of_the_match_itself_sets_no_modality() -> None:
    made = indicator("@russia AND @off", terms={"off": {"en": ["cancel"]}})
    rules = compile_rules(catalog(made, lists=ACTORS | MODALITY))
    assert rules.match("Moscow cancels the parade")[0].modality is Modality.OCCURRED


def test_exclusion_lists() -> None:
    lists = ACTORS | {"sport": {"en": ["football"]}}
    rules = compile_rules(catalog(indicator("@russia AND @china", except_=["sport"]), lists=lists))
    assert rules.match("Russia and China play football") == []
    assert rules.match("Russia and China talk", "Later there is football.")
    assert rules.match("Russia talks", "Beijing plays football.") == []
    assert rules.match("Football on Sunday", "Russia and China talk.") == []


def test_order_of_matches() -> None:
    made = [
        indicator("@russia", id="a.light", weight=2),
        indicator("@russia", id="a.heavy", weight=8),
        indicator("@russia", id="b.heavy", weight=8),
        indicator("@china", id="c.body", weight=10),
        indicator("@russia", id="c.draft", status="draft"),
        indicator("@russia", id="c.test", status="test", weight=1),
    ]
    matches = compile_rules(catalog(*made, lists=ACTORS)).match("Russia", "One. China.")
    assert [m.indicator_id for m in matches] == ["a.heavy", "b.heavy", "a.light", "c.test", "c.body"]


def test_included_lists_and_private_before_shared() -> None:
    lists = {"all": {"en": ["alpha"]}, "x": {"en": ["shared"]}}
    made = indicator("@x", terms={"x": {"en": ["private"]}})
    rules = compile_rules(catalog(made, lists=lists))
    assert rules.match("a private word")
    assert rules.match("a shared word") == []


def test_no_text_and_no_rules() -> None:
    assert compile_rules(catalog()).match("Russia") == []
    rules = compile_rules(catalog(indicator("@russia"), lists=ACTORS))
    assert rules.match("") == []
    assert rules.match("", "\n \n") == []
    assert rules.match("\n", "Russia")[0].place is Place.LEAD


def test_a_title_over_several_lines_is_one_title() -> None:
    rules = compile_rules(catalog(indicator("@russia NEAR/3 @china"), lists=ACTORS))
    match = rules.match("Russia\nand China", "")[0]
    assert match.spans == (Span("title", 0, 6), Span("title", 11, 16))


@pytest.mark.parametrize(
    "summary", ["俄亥俄" * 6000, "Russia " * 2800, "." * 20_000, ". " * 10_000, ".\n" * 9_000, "!?" * 9_000]
)
def test_hostile_texts_take_no_quadratic_time(summary: str) -> None:
    """These took minutes where hits, masks or sentences were compared each with each."""
    lists = ACTORS | {"sport": {"en": ["football"]}}
    query = "((@russia NEAR/20 @china) IN sentence) AND (@russia THEN/9 @china)"
    rules = compile_rules(catalog(indicator(query, except_=["sport"]), lists=lists))
    assert len(rules.match("Russia, China", summary + " Russia. China")) == 1


def test_a_list_counts_its_first_thousand_hits_only() -> None:
    rules = compile_rules(catalog(indicator("@russia"), lists=ACTORS))
    spans = rules.match("Title", "Russia and so on " * (MOST_HITS + 500))[0].spans
    assert len(spans) == MOST_HITS
    assert spans[-1].start == (MOST_HITS - 1) * len("Russia and so on ")


def test_a_word_of_doubt_between_two_hits_speaks_of_the_nearer_one() -> None:
    rules = compile_rules(catalog(indicator("@russia"), lists=ACTORS | MODALITY))
    far = "so " * 20
    assert rules.match(f"Russia {far}allegedly hurt Russia")[0].modality is Modality.ALLEGED
    assert rules.match(f"Russia allegedly hurt {far}Russia")[0].modality is Modality.ALLEGED
    assert rules.match(f"Russia {far}allegedly {far}Russia")[0].modality is Modality.OCCURRED


def test_rules_are_told_apart_by_all_their_lists() -> None:
    """Each of many rules needs two lists of its own; a text with both of one rule satisfies only that."""
    lists: dict[str, Terms] = {f"w{n}": {"en": [f'"word{n}"']} for n in range(80)}
    made = [indicator(f"@w{n} AND (@w{n + 1} OR @w{n - 1})", id=f"a.r{n}") for n in range(1, 79)]
    rules = compile_rules(catalog(*made, lists=lists))
    assert [m.indicator_id for m in rules.match("word40 word42")] == []
    assert [m.indicator_id for m in rules.match("word70 word71")] == ["a.r70", "a.r71"]
    assert len(rules.match(" ".join(f"word{n}" for n in range(80)))) == 78


FACTS = {
    "fact_strait": {"en": ["Northern Strait"], "ru": ["Северный пролив"], "zh": ["北方海峡"]},
    "plain": {"en": ["harbour"]},
}


def facts(title: str, summary: str = "") -> tuple[str, ...]:
    made = catalog(indicator('"drill" OR "учение" OR "演习"'), lists=FACTS)
    lists = {name: replace(one, is_fact=name.startswith("fact_")) for name, one in made.lists.items()}
    (found,) = compile_rules(replace(made, lists=lists)).match(title, summary)
    return found.facts


def test_facts_are_the_same_words_in_every_language() -> None:
    assert facts("A drill in the Northern Strait near the harbour") == ("fact_strait",)
    assert facts("В Северном проливе прошло учение") == ("fact_strait",)
    assert facts("北方海峡演习") == ("fact_strait",)


def test_numbers_of_the_title_are_facts_and_years_are_not() -> None:
    assert facts("In 2026 a drill with 14 ships and 3 tugs") == ("#14",)
    assert facts("14艘军舰演习") == ("#14",)


def test_facts_stand_in_the_title_or_the_first_sentence() -> None:
    assert facts("A drill", "It is in the Northern Strait. Rain fell.") == ("fact_strait",)
    assert facts("A drill", "Rain fell. The Northern Strait is wide.") == ()


def test_the_gate_opens_for_a_whole_way_and_not_for_pieces_of_two() -> None:
    made = catalog(indicator('("alpha" AND "beta") OR ("gamma" AND ("delta" OR "echo"))'))
    compiled = compile_catalog(made)
    gate = Gate(compiled.rules, compiled.topics.sizes)

    def is_open(text: str) -> bool:
        hits = compiled.topics.scan(Text(text).folded)
        return bool(list(gate.open_for(compiled.topics.lists_in(hits))))

    assert not is_open("alpha and gamma")
    assert is_open("beta and alpha")
    assert is_open("gamma and echo")
    assert len(compile_rules(made).match("alpha beta gamma delta")) == 1


def test_a_query_of_too_many_ways_is_still_answered() -> None:
    parts = " AND ".join(f'(("a{n}" AND "b{n}") OR ("c{n}" AND "d{n}"))' for n in range(8))
    rules = compile_rules(catalog(indicator(parts)))
    assert rules.match(" ".join(f"a{n} b{n}" for n in range(8)))
    assert not rules.match(" ".join(f"a{n} d{n}" for n in range(8)))
