"""Copies of the database are verified, and what is damaged or lost is never taken for new."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.services.maintenance import back_up_daily
from bot.storage import DatabaseError, Store
from bot.storage.backups import (
    KEPT,
    BackupError,
    backup_time,
    backups_in,
    health_of,
    make_backup,
    newest_backup,
)
from tests.support.boards_env import an_image
from tests.support.sampling import sampled
from tests.unit.storage.test_store import a_job, opened


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    """Return a database that knows one image; the picture is not there."""
    async with opened(tmp_path) as store:
        await an_image(store)
    shutil.rmtree(tmp_path / "images")
    return tmp_path / "bot.sqlite3"


def content_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def tear(path: Path) -> None:
    """Overwrite pages in the middle of a database."""
    pages = bytearray(path.read_bytes())
    pages[4096 * 2 : 4096 * 12] = b"\xff" * (4096 * 10)
    path.write_bytes(pages)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def without_tables(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 12")


def cut_header(path: Path) -> None:
    path.write_bytes(b"x" * 100 + path.read_bytes()[100:])


def test_the_newest_backups_are_kept(database: Path, tmp_path: Path):
    made = [make_backup(database, tmp_path / "backups") for _ in range(KEPT + 3)]
    assert sorted((tmp_path / "backups").iterdir()) == made[3:]
    assert newest_backup(tmp_path / "backups") == made[-1]
    assert abs(backup_time(made[-1]) - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


@pytest.mark.parametrize("damage", sampled([tear, empty, without_tables, cut_header], first=2))
def test_a_damaged_database_is_never_copied_over_a_good_copy(
    database: Path, tmp_path: Path, damage: Callable[[Path], None]
):
    made = [make_backup(database, tmp_path / "backups") for _ in range(KEPT)]
    damage(database)
    for _ in range(3):
        with pytest.raises(BackupError, match=r"cannot be copied|is not good"):
            make_backup(database, tmp_path / "backups")
    assert sorted((tmp_path / "backups").iterdir()) == made


@pytest.mark.parametrize("damage", sampled([tear, empty, without_tables, cut_header], first=2))
def test_a_copy_that_rotted_pushes_no_good_one_out(
    database: Path, tmp_path: Path, damage: Callable[[Path], None]
):
    made = [make_backup(database, tmp_path / "backups") for _ in range(KEPT)]
    damage(made[-1])
    newest = make_backup(database, tmp_path / "backups")
    assert health_of(made[0]).problem is None
    assert backups_in(tmp_path / "backups") == [newest, *reversed(made)]


async def test_a_new_database_pushes_no_copy_out_that_knows_more(
    database: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    made = [make_backup(database, tmp_path / "backups") for _ in range(KEPT)]
    async with opened(tmp_path / "new"):
        pass
    later = [
        make_backup(tmp_path / "new" / "bot.sqlite3", tmp_path / "backups") for _ in range(KEPT + 2)
    ]
    assert sorted((tmp_path / "backups").iterdir()) == made + later[2:]
    assert "counts for nothing: it knows 0 of 1 images" in caplog.text


def test_copies_by_other_names_are_neither_counted_nor_deleted(database: Path, tmp_path: Path):
    own = tmp_path / "backups" / "bot-before-the-move.sqlite3"
    own.parent.mkdir()
    own.write_bytes(b"an operator's own")
    made = [make_backup(database, tmp_path / "backups") for _ in range(KEPT + 1)]
    assert own.is_file()
    assert newest_backup(tmp_path / "backups") == made[-1]


async def test_a_daily_copy_that_fails_is_one_sentence_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "backups").write_text("a file where the folder should be")
    said = asyncio.Event()
    loop = asyncio.get_running_loop()

    def note(_: logging.LogRecord) -> bool:
        loop.call_soon(said.set)
        return True

    caplog.handler.addFilter(note)
    async with opened(tmp_path) as store, asyncio.timeout(30):
        copying = asyncio.create_task(back_up_daily(store, tmp_path / "backups"))
        await said.wait()
        copying.cancel()
    caplog.handler.removeFilter(note)
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "No daily copy of the database was made" in record.getMessage()
    assert record.exc_info is None


@pytest.mark.parametrize("damage", [tear, cut_header])
async def test_a_damaged_database_names_the_command_that_repairs_it(
    database: Path, tmp_path: Path, damage: Callable[[Path], None]
):
    damage(database)
    before = content_of(database)
    for way in (opened(tmp_path).__aenter__, lambda: opened(tmp_path).to_read().__aenter__()):
        if damage is tear and way.__name__ == "<lambda>":
            continue  # who only reads does not look at every page
        with pytest.raises(DatabaseError, match=r"is damaged .*`python -m bot restore") as caught:
            await way()
        assert str(tmp_path) in caught.value.message
    assert content_of(database) == before


@pytest.mark.parametrize("damage", [Path.unlink, empty, without_tables])
@pytest.mark.parametrize("left", ["images/ab/x.png", "boards/ab/x.jpg", "backups/my.sqlite3"])
async def test_a_lost_database_beside_what_is_left_is_not_taken_for_a_new_one(
    database: Path, tmp_path: Path, left: str, damage: Callable[[Path], None]
):
    (tmp_path / left).parent.mkdir(parents=True)
    (tmp_path / left).write_bytes(b"a treasure")
    damage(database)
    before = content_of(database)
    with pytest.raises(DatabaseError, match=r"holds .*`python -m bot restore --folder") as caught:
        async with opened(tmp_path):
            pass
    assert str(tmp_path) in caught.value.message
    with pytest.raises(DatabaseError, match="`python -m bot restore"):
        async with opened(tmp_path).to_read():
            pass
    assert content_of(database) == before
    assert (tmp_path / left).read_bytes() == b"a treasure"


@pytest.mark.parametrize("damage", [Path.unlink, empty])
async def test_a_log_without_its_database_is_not_deleted(
    tmp_path: Path, damage: Callable[[Path], None]
):
    """SQLite deletes the log of an empty database when it opens it."""
    async with opened(tmp_path) as store:
        await store.jobs.add(a_job())
        log = (tmp_path / "bot.sqlite3-wal").read_bytes()
    assert log
    (tmp_path / "bot.sqlite3-wal").write_bytes(log)
    damage(tmp_path / "bot.sqlite3")
    with pytest.raises(DatabaseError, match=r"holds the file bot\.sqlite3-wal"):
        async with Store(tmp_path / "bot.sqlite3", images=tmp_path / "images"):
            pass
    assert (tmp_path / "bot.sqlite3-wal").read_bytes() == log


async def test_an_empty_folder_is_begun_anew(tmp_path: Path):
    for name in ("images", "backups", "boards/small/ab"):
        (tmp_path / name).mkdir(parents=True)
    empty(tmp_path / "bot.sqlite3")
    async with opened(tmp_path) as store:
        assert await store.jobs.unfinished() == []
