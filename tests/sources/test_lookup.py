from __future__ import annotations

import pytest

from monitor.sources.lookup import Lookup


async def test_a_name_is_found_with_all_its_addresses() -> None:
    lookup = Lookup(at_once=1)
    assert "127.0.0.1" in {at.address for at in await lookup.find("127.0.0.1", 80)}
    lookup.close()


async def test_an_answer_that_takes_too_long_is_none() -> None:
    lookup = Lookup(at_once=1, deadline_s=0)
    with pytest.raises(OSError, match="no answer in 0 s"):
        await lookup.find("localhost", 80)
    lookup.close()


async def test_a_name_that_no_host_can_have_is_not_found() -> None:
    lookup = Lookup(at_once=1)
    with pytest.raises(OSError, match="label"):
        await lookup.find("a" * 70 + ".example.org", 80)
    lookup.close()
