from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from monitor.config import KeyReference, config_reference
from monitor.config.schema import MailTable
from monitor.notifiers import NOTIFIERS
from tests.config.builders import load

ROWS = config_reference()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_every_key_has_a_type_and_a_meaning(row: KeyReference) -> None:
    assert row.type
    assert row.meaning.endswith(".")


def test_the_keys_are_those_of_the_file() -> None:
    keys = [row.key for row in ROWS]
    assert len(keys) == len(set(keys))
    assert {"storage.url", "mail.smtp.password_env", "scoring.reliability.A", "feed.every"} <= set(keys)
    assert (
        KeyReference("feed.every", "duration", '"1d"', "How often something new is expected of it.") in ROWS
    )
    assert [row.key for row in ROWS if row.default == "required"] == [
        "domain.id",
        "domain.title",
        "recipient.id",
        "recipient.address",
        "feed.id",
        "feed.url",
    ]


def test_a_file_of_all_defaults_is_the_empty_file(tmp_path: Path) -> None:
    written = [r for r in ROWS if r.default not in ("none", "required")]
    sections = [r for r in written if r.key.split(".")[0] not in ("domain", "recipient", "feed")]
    spelled_out = "\n".join(f"{row.key} = {row.default}" for row in sections)
    assert load(tmp_path, spelled_out) == load(tmp_path, "")


def test_the_notifiers_of_the_schema_are_those_that_exist() -> None:
    assert set(get_args(MailTable.model_fields["notifier"].annotation)) == set(NOTIFIERS)
