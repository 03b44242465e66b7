"""What was being drawn when a process died is known to the next one, slot by slot."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from bot.services.breakdowns import Breakdowns
from bot.storage import Store


async def deaths(store: Store, note: Path) -> list[tuple[str | None, int | None]]:
    """Read the note as the next process would; return the images that it blames."""
    await Breakdowns(store, note).begin()
    with contextlib.closing(sqlite3.connect(note.parent / "bot.sqlite3")) as db:
        return db.execute("SELECT job_id, position FROM breakdowns ORDER BY id").fetchall()


@pytest.fixture
async def store(tmp_path: Path):
    async with Store(tmp_path / "bot.sqlite3", images=tmp_path / "images") as store:
        yield store


async def test_every_slot_blames_the_image_it_had_begun(store: Store, tmp_path: Path):
    breakdowns, note = Breakdowns(store, tmp_path / "drawing"), tmp_path / "drawing"
    await breakdowns.begin()
    breakdowns.drawing(1, "b", 0)
    breakdowns.drawing(0, "a", 3)
    breakdowns.drawing(0, "c", 1)  # its thread is on the next image
    breakdowns.drawn(0, "a", 3)  # before the event loop heard of the end of the last one
    breakdowns.drawing(2, "d", 0)
    breakdowns.drawn(2, "d", 0)
    assert await deaths(store, note) == [("c", 1), ("b", 0)]


@pytest.mark.parametrize("text", ["", " " * 64, "no place", "\0" * 64 + "\n"], ids=repr)
async def test_a_death_at_no_image_counts_as_well(store: Store, tmp_path: Path, text: str):
    note = tmp_path / "drawing"
    note.write_text(text, encoding="utf-8")
    assert await deaths(store, note) == [(None, None)]


async def test_the_note_of_an_earlier_version_is_read(store: Store, tmp_path: Path):
    note = tmp_path / "drawing"
    note.write_text("abc123 2".ljust(64), encoding="ascii")
    assert await deaths(store, note) == [("abc123", 2)]
