from __future__ import annotations

from monitor.core.changes import Change, classify, fingerprint, is_key_reused, rekeyed
from tests.core.builders import an_entry


def test_unknown_entry_is_new() -> None:
    assert classify("a", None) is Change.NEW


def test_other_text_is_an_edit_and_the_same_text_is_not() -> None:
    before = fingerprint(an_entry())
    assert classify(fingerprint(an_entry(summary="They left port on Tuesday.")), before) is Change.EDITED
    assert classify(fingerprint(an_entry()), before) is Change.SAME


def test_white_space_date_and_link_are_no_edit() -> None:
    before = fingerprint(an_entry())
    later = an_entry(
        summary=" They  left port\non Monday. ", link="https://other.example.org/", published_at=None
    )
    assert fingerprint(later) == before


def test_title_and_summary_do_not_run_into_each_other() -> None:
    assert fingerprint(an_entry(title="a b", summary="c")) != fingerprint(an_entry(title="a", summary="b c"))


def test_an_id_with_another_title_and_another_link_is_another_entry() -> None:
    entry = an_entry(title="Harbour closed", link="https://wire.example.org/2")
    assert is_key_reused(entry, title="Two fleets begin a joint patrol", link="https://wire.example.org/1")
    assert not is_key_reused(entry, title="Harbour closed", link="https://wire.example.org/1")
    assert not is_key_reused(entry, title="Two fleets", link="https://wire.example.org/2")
    assert rekeyed(entry).key != entry.key
    assert rekeyed(entry) == rekeyed(entry)
