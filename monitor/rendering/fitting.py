"""Ever shorter versions of a digest, for a reader who cuts off what is too long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from monitor.core.digest import Development, Digest, Quote

# Quotes a story keeps, and how many of them keep their summary; step by step.
_STEPS = ((3, 1), (2, 1), (1, 1), (1, 0))
_NAMED = (20, 10, 0)


def shorter(digest: Digest) -> Iterator[Digest]:
    """The digest whole, then with fewer quotes, then with fewer stories named at its end.

    No development and no number is lost: what is left out is counted.
    """
    yield digest
    for quotes, summaries in _STEPS:
        cut = tuple(_cut(development, quotes, summaries) for development in digest.developments)
        yield replace(digest, developments=cut)
    for named in _NAMED:
        omitted = digest.omitted + max(len(digest.also) - named, 0)
        yield replace(digest, developments=cut, also=digest.also[:named], omitted=omitted)


def _cut(development: Development, quotes: int, summaries: int) -> Development:
    kept = development.quotes[:quotes]
    return replace(development, quotes=kept[:summaries] + tuple(map(_titled, kept[summaries:])))


def _titled(quote: Quote) -> Quote:
    """The quote without its summary, which is kept where the title has nothing that matched."""
    return replace(quote, summary="") if any(span.field == "title" for span in quote.spans) else quote
