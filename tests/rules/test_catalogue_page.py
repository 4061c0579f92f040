"""The catalogue as a page: what an analyst finds on it."""

from __future__ import annotations

from dataclasses import replace

from monitor.rules.catalog import Domain, Example
from monitor.rules.evaluation import Measure
from monitor.rules.page import catalogue_page
from tests.rules.builders import catalog, indicator

EXAMPLES = (
    Example(language="en", must_match=True, text="A drill"),
    Example(language="en", must_match=False, text="A sketch"),
)
DRILL = replace(
    indicator('"drill"', id="defense.drill", checklist=["D1"], except_=["sport"], examples=EXAMPLES),
    section="Exercises",
    quote="drills grow",
    requirement="Do they drill?",
)
CATALOG = replace(
    catalog(DRILL, indicator('"deal"', id="economy.deal", actors="either")),
    domains={
        "economy": Domain(id="economy", title="Economy", order=2),
        "defense": Domain(id="defense", title="Defense", order=1),
    },
)


def test_domains_in_order_each_indicator_with_provenance_query_and_examples() -> None:
    page = catalogue_page(CATALOG, {})
    assert page.index("## Defense") < page.index("### defense.drill") < page.index("## Economy")
    entry = page[page.index("### defense.drill") : page.index("## Economy")]
    for part in (
        "Do they drill?",
        "> drills grow\n>\n> The report, Exercises",
        '```\n"drill"\n```',
        "Not in a sentence of: sport.",
        "- en yes: A drill\n- en no: A sketch",
    ):
        assert part in entry


def test_the_table_links_to_the_entry_and_gives_the_counts() -> None:
    page = catalogue_page(CATALOG, {"defense.drill": Measure(predicted=5, right=4, labelled=6, found=3)})
    assert "| [defense.drill](#defensedrill) | D1 | deepening | both | 5 | 7 d | 5 | 4 | 3 of 6 |" in page
    assert "| [economy.deal](#economydeal) |  | deepening | either | 5 | 7 d | 0 | 0 | 0 of 0 |" in page
