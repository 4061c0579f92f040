"""The engine against the naive evaluator, on queries and texts that hypothesis makes up."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.rules.engine import compile_rules
from monitor.rules.parsing import parse_query
from monitor.rules.query import And, AtLeast, Leaf, Near, Node, Or, Scope, Within, written
from tests.rules.builders import catalog, indicator
from tests.rules.naive import Naive, atoms_of

# Quoted or Chinese: terms without other forms, so that both evaluators look for the same.
LISTS = {
    "a": ["alpha", "beta gamma", "中"],
    "b": ["beta", "俄中"],
    "c": ["gamma", "中俄", "delta"],
    "d": ["俄", "delta alpha"],
}
leaf = st.sampled_from([Leaf(name) for name in LISTS])
words = st.integers(1, 6)
or_of_leaves = st.lists(leaf, min_size=2, max_size=3, unique=True).map(lambda items: Or(tuple(items)))
simple = leaf | or_of_leaves | st.builds(Within, leaf, st.sampled_from(Scope))
unordered = st.builds(Near, simple, simple, words, st.just(False))
distances = (
    unordered
    | st.builds(Near, simple, simple, words, st.just(True))
    | st.builds(Near, unordered, simple, words, st.just(False))
)
atomic = simple | distances | st.builds(AtLeast, st.integers(1, 3), leaf)


def _grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    few = st.lists(inner, max_size=1).map(tuple)
    return (
        st.builds(And, several, few)
        | st.builds(Or, several)
        | st.builds(Within, inner, st.sampled_from(Scope))
    )


queries = st.recursive(atomic, _grown, max_leaves=5)
token = st.sampled_from(["alpha", "beta", "gamma", "delta", "word", "other", "中俄", "俄中国", "国", "中"])
sentence = st.lists(token, min_size=1, max_size=7).map(" ".join)
paragraph = st.lists(sentence.map(str.capitalize), min_size=1, max_size=3).map(". ".join)
summaries = st.lists(paragraph, max_size=3).map("\n".join)


@settings(max_examples=300, deadline=None)
@given(queries, sentence, summaries)
@example(Near(Leaf("a"), Leaf("b"), 1, True), "beta gamma alpha beta", "")
@example(Within(And((Leaf("a"), Leaf("b"))), Scope.SENTENCE), "word", "Alpha. Beta\nGamma")
def test_engine_and_naive_evaluator_agree(query: Node, title: str, summary: str) -> None:
    text = written(query)
    assert parse_query(text) == _without_columns(parse_query(text), query)
    quoted = {
        name: {"en": [t if "中" in t or "俄" in t else f'"{t}"' for t in ts]} for name, ts in LISTS.items()
    }
    rules = compile_rules(catalog(indicator(text), lists=quoted))
    expected = Naive(atoms_of(title, summary), LISTS).place(query)
    found = rules.match(title, summary)
    assert [match.place.value for match in found] == ([expected] if expected else [])
    for match in found:
        assert match.spans
        assert list(match.spans) == sorted(match.spans, key=lambda s: (s.field != "title", s.start))


def _without_columns(parsed: Node, made: Node) -> Node:
    """The parsed tree, if it says the same as the one it was written from."""
    assert written(parsed) == written(made)
    return parsed
