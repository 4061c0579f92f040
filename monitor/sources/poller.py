"""One poll of one feed: ask, compare, parse."""

from __future__ import annotations

import hashlib
from datetime import datetime

from monitor.core.model import FeedState, Fetched, Validators
from monitor.core.outcome import Outcome
from monitor.sources.http import Door
from monitor.sources.parsing import Parser


async def poll(state: FeedState, *, door: Door, parser: Parser, now: datetime) -> Fetched:
    """Fetch a feed and parse what is new in it; raises SourceError.

    A body with the digest of the last one is not parsed. Validators are given
    only with a document that was accepted whole.
    """
    feed = state.feed
    answer = await door.get(feed.url, validators=state.validators, now=now)
    if answer.status == 304:
        return Fetched(outcome=Outcome.NOT_MODIFIED, status=304)
    digest = hashlib.sha256(answer.body).hexdigest()
    if digest == state.body_hash:
        return Fetched(outcome=Outcome.UNCHANGED)
    parsed = await parser.parse(answer.body, feed=feed, content_type=answer.content_type)
    is_whole = parsed.outcome is Outcome.OK
    return Fetched(
        outcome=parsed.outcome,
        entries=parsed.entries,
        validators=answer.validators if is_whole else Validators(),
        body_hash=digest if is_whole else "",
        skipped=parsed.skipped,
        detail=parsed.detail,
    )
