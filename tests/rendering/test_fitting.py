from __future__ import annotations

from dataclasses import replace

from monitor.core.digest import Digest
from monitor.core.model import Span
from monitor.rendering.fitting import shorter
from tests.rendering.digests import a_development, a_full_digest, a_quote

TITLED = a_quote(summary="a summary")
UNTITLED = replace(a_quote(title="x", summary="the words"), spans=(Span("summary", 0, 3),))


def new_ones(digest: Digest) -> int:
    return len(digest.developments) + len(digest.also) + digest.omitted


def test_the_digest_itself_comes_first() -> None:
    digest = a_full_digest()
    assert next(shorter(digest)) is digest


def test_every_version_holds_less_and_no_story_is_lost() -> None:
    versions = list(shorter(a_full_digest(developments=(a_development(quotes=(TITLED,) * 3),) * 12)))
    sizes = [len(repr(version)) for version in versions]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < sizes[0] / 4
    assert {new_ones(version) for version in versions} == {12 + 40 + 7}
    assert all(development.quotes for version in versions for development in version.developments)


def test_a_summary_stays_where_the_title_has_nothing_that_matched() -> None:
    digest = a_full_digest(developments=(a_development(quotes=(TITLED, UNTITLED)),))
    second = list(shorter(digest))[1]
    assert [quote.summary for quote in second.developments[0].quotes] == ["a summary", "the words"]
    last = list(shorter(a_full_digest(developments=(a_development(quotes=(UNTITLED,)),))))[-1]
    assert last.developments[0].quotes[0].summary == "the words"
