from __future__ import annotations

import pytest
from sqlalchemy import Connection

from monitor.storage import feeds
from tests.core.builders import NOON, a_feed


@pytest.fixture
def listed(connection: Connection) -> Connection:
    """An open transaction on a database that knows the feed `wire`."""
    feeds.sync_feeds(connection, [a_feed()], at=NOON)
    return connection
