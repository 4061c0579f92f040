"""One poll of one feed: ask, compare, parse."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from monitor.core.model import Feed, FeedState, Fetched, Validators
from monitor.core.outcome import Outcome
from monitor.failpoints import failpoint
from monitor.sources.http import Door, Response
from monitor.sources.parsing import Parser


async def poll(state: FeedState, *, door: Door, parser: Parser, now: datetime) -> Fetched:
    """Fetch a feed and parse what is new in it; raises SourceError.

    A body with the digest of the last one is not parsed. Validators are given
    only with a document that was accepted whole.
    """
    feed = state.feed
    answer = await door.get(feed.url, validators=state.validators, now=now)
    said = f"moved for good to {answer.moved_to}: change its address" if answer.moved_to else ""
    if answer.status == 304:
        return Fetched(
            outcome=Outcome.NOT_MODIFIED, status=304, detail=said, min_wait=_min_wait(answer, feed)
        )
    digest = hashlib.sha256(answer.body).hexdigest()
    if digest == state.body_hash:
        return Fetched(outcome=Outcome.UNCHANGED, detail=said, min_wait=_min_wait(answer, feed))
    parsed = await parser.parse(answer.body, feed=feed, content_type=answer.content_type)
    failpoint("parse.done")
    is_whole = parsed.outcome is Outcome.OK
    return Fetched(
        outcome=parsed.outcome,
        entries=parsed.entries,
        validators=answer.validators if is_whole else Validators(),
        body_hash=digest if is_whole else "",
        skipped=parsed.skipped,
        detail="; ".join(part for part in (said, parsed.detail) if part),
        min_wait=_min_wait(answer, feed, parsed.ttl),
    )


def _min_wait(answer: Response, feed: Feed, ttl: timedelta | None = None) -> timedelta | None:
    """When the server wants us again.

    Retry-After is a wish. How long a document may be kept is advice, often a
    default of some software, and is taken no further than the feed's own rhythm.
    """
    advice = [min(keep, feed.expected_every) for keep in (answer.max_age, ttl) if keep is not None]
    wish = [answer.retry_after] if answer.retry_after is not None else []
    return max(wish + advice, default=None)
