"""A reload takes a whole set of rules or none: an edit that is half written is never in force."""

from __future__ import annotations

from pathlib import Path

from monitor.rules.loading import load_catalog
from monitor.services.context import Context
from monitor.services.reload import REFUSED, refusal_in, reload
from monitor.storage import meta
from monitor.storage.engine import reading
from tests.core.builders import NOON

CHUNKS = 10


def refused(context: Context) -> bool:
    with reading(context.engine) as connection:
        return refusal_in(meta.get(connection, REFUSED)) is not None


def edited(path: Path) -> str:
    return path.read_text(encoding="utf-8").replace("version = 3", "version = 4")


def test_a_file_that_an_editor_writes_in_pieces_is_taken_when_it_is_whole(context: Context) -> None:
    folder = context.config.catalog_folder
    path = folder / "defense" / "patrol.toml"
    before = context.catalog.revision
    new = edited(path)
    size = len(new) // CHUNKS
    for end in range(0, len(new), size):
        path.write_text(new[:end], encoding="utf-8")
        context = reload(context, NOON)
        # A piece may be a sound file by chance: what is in force is what stands there, or the old.
        assert refused(context) or load_catalog(folder).revision == context.catalog.revision
    path.write_text(new, encoding="utf-8")
    context = reload(context, NOON)
    assert not refused(context)
    assert context.catalog.revision == load_catalog(folder).revision != before


def test_of_two_edited_files_none_is_taken_while_one_is_wrong(context: Context) -> None:
    folder = context.config.catalog_folder
    before = context.catalog
    good, wrong = folder / "defense" / "patrol.toml", folder / "economy" / "quarrel.toml"
    old = wrong.read_text(encoding="utf-8")
    good.write_text(edited(good), encoding="utf-8")
    wrong.write_text(old.replace("@topic", "@topc"), encoding="utf-8")
    held = reload(context, NOON)
    assert held.catalog is before
    assert held.rules is context.rules
    assert refused(context)
    wrong.write_text(old, encoding="utf-8")
    assert reload(held, NOON).catalog.indicators["defense.patrol"].version == 4
