"""The database: strict, migrated, backed up, and refused when it cannot be trusted."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bot.domain.batches import combined
from bot.domain.jobs import Job, JobSource, Speed, new_id, now
from bot.domain.requests import Axis, ImageRequest, Size
from bot.errors import SettingsError
from bot.services.bootstrap import alone_in
from bot.settings import PROJECT_DIR, Settings
from bot.storage import DatabaseError, Store
from bot.storage.backups import newest_backup
from bot.storage.database import Database
from tests.support.old_database import VERSIONS, opened_database


def opened(folder: Path) -> Store:
    return Store(folder / "bot.sqlite3", images=folder / "images")


def a_job(**changes: object) -> Job:
    origin = JobSource(
        guild_id=1, channel_id=2, user_id=10, user_name="Ada", locale="zh-CN", application_id=3,
        token="token", expires_at=now(),
    )  # fmt: skip
    request = ImageRequest(prompt="红苹果", seed=7, size=Size(width=128, height=192))
    values = {
        "id": new_id(), "requests": (request, request), "origin": origin,
        "relation": "imagine", "spoiler": True, "created_at": now(),
    }  # fmt: skip
    return Job(**{**values, **changes})


async def test_a_job_comes_back_as_it_was_written(tmp_path: Path):
    batch, _ = combined("{红，绿}苹果", [["红", "绿"]], range(2))
    job = a_job(axis=Axis.GUIDANCE, batch=batch)
    async with opened(tmp_path) as store:
        await store.jobs.add(job)
    async with opened(tmp_path) as store:
        assert await store.jobs.find(job.id) == job
        assert await store.jobs.unfinished() == [job]
        await store.jobs.set_posted(job.id)
        assert await store.jobs.unfinished() == []


async def test_every_table_is_strict_and_the_version_is_kept(tmp_path: Path):
    async with opened(tmp_path) as store:
        tables = await store.database.rows(
            "SELECT name, strict FROM pragma_table_list WHERE type = 'table'"
        )
        ours = {row["name"]: row["strict"] for row in tables if "sqlite_" not in row["name"]}
        assert {"jobs", "requests", "generations", "pauses"} <= set(ours)
        assert all(ours.values())
        assert (await store.database.rows("PRAGMA journal_mode"))[0][0] == "wal"
        assert (await store.database.rows("PRAGMA user_version"))[0][0] == VERSIONS[-1]


@pytest.mark.parametrize("version", VERSIONS[:-1])
async def test_a_database_of_every_earlier_version_is_opened_and_backed_up(
    tmp_path: Path, version: int
):
    async with (
        opened_database(tmp_path, version=version) as database,
        database.transaction() as db,
    ):
        await db.execute(
            "INSERT INTO jobs (id, state, relation, spoiler, channel_id, user_id, user_name,"
            " locale, application_id, expires_at, created_at, changed_at) VALUES"
            " ('old', 'queued', 'imagine', 0, 2, 10, 'Ada', 'en-US', 3, ?, ?, ?)",
            (now().isoformat(),) * 3,
        )
        await db.execute("INSERT INTO speeds (model_id, device, tokens, seconds_per_forward)"
                         " VALUES ('demo', 'cpu', 64, 0.5)")  # fmt: skip
    async with opened(tmp_path) as store:
        assert [job.id for job in await store.jobs.unfinished()] == ["old"]
        assert await store.machine.speeds("demo", "cpu") == {64: Speed(seconds_per_forward=0.5)}
    backup = newest_backup(tmp_path / "backups")
    assert backup is not None
    with contextlib.closing(sqlite3.connect(backup)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (version,)
        assert db.execute("SELECT id FROM jobs").fetchall() == [("old",)]


async def test_what_is_not_kept_yet_is_seen_by_its_own_transaction_only(tmp_path: Path):
    async with opened(tmp_path) as store:
        jobs, database = store.jobs, store.database
        async with database.transaction() as db:
            await db.execute("INSERT INTO pauses VALUES (7, 1, '2026-01-01')")
            assert await jobs.pauses() == {7}
            assert await asyncio.create_task(jobs.pauses()) == set()
        assert await jobs.pauses() == {7}
        async with database.snapshot():
            assert await jobs.pauses() == {7}  # the moment that a snapshot is of
            await jobs.pause(8, by=1)
            later = asyncio.create_task(jobs.pauses())
            assert await jobs.pauses() == {7}
        assert await later == {7, 8}, "nobody else is held to a snapshot's moment"
        await given_up(database)
        assert await jobs.pauses() == {7, 8}
        await jobs.pause(9, by=1)
        assert await jobs.pauses() == {7, 8, 9}, "nor to that of one whose reader gave up"


async def given_up(database: Database) -> None:
    """Cancel a task that begins a snapshot."""

    async def look() -> None:
        async with database.snapshot():
            await asyncio.Event().wait()

    task = asyncio.create_task(look())
    await asyncio.sleep(0)  # it waits for the snapshot to begin
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_database_of_another_program_is_refused(tmp_path: Path):
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.sqlite3")) as db:
        db.execute("CREATE TABLE jobs (x)")
    with pytest.raises(
        DatabaseError, match=r"is damaged \(its tables are not this program's\): run"
    ):
        async with opened(tmp_path):
            pass


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path):
    async with opened(tmp_path):
        pass
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.sqlite3")) as db:
        db.execute("PRAGMA user_version = 99999")
    with pytest.raises(DatabaseError, match=r"has version 99999, this program knows \d+: update"):
        async with opened(tmp_path):
            pass


async def test_a_locked_database_is_one_sentence_and_nothing_is_half_written(tmp_path: Path):
    async with opened(tmp_path) as store:
        async with store.database.transaction() as db:
            await db.execute("PRAGMA busy_timeout = 1")
        with contextlib.closing(sqlite3.connect(tmp_path / "bot.sqlite3")) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseError, match=r"could not be written \(another program"):
                await store.jobs.add(a_job())
        assert await store.jobs.unfinished() == []
        await store.jobs.add(a_job())
        assert len(await store.jobs.unfinished()) == 1


async def test_a_full_disk_is_one_sentence_and_nothing_is_half_written(tmp_path: Path):
    async with opened(tmp_path) as store:
        [row] = await store.database.rows("PRAGMA page_count")
        async with store.database.transaction() as db:
            await db.execute(f"PRAGMA max_page_count = {row[0]}")
        request = ImageRequest(prompt="x" * 1500, seed=1, size=Size(width=128, height=128))
        with pytest.raises(DatabaseError, match="disk is full"):
            await asyncio.gather(
                *(store.jobs.add(a_job(requests=(request,) * 4)) for _ in range(50))
            )
        written = await store.jobs.unfinished()
        assert all(len(job.requests) == 4 for job in written)
        async with store.database.transaction() as db:
            await db.execute("PRAGMA max_page_count = 100000")
        await store.jobs.add(a_job())


async def test_a_backup_is_whole_while_jobs_are_written(tmp_path: Path):
    async with opened(tmp_path) as store:

        async def write() -> None:
            for _ in range(40):
                await store.jobs.add(a_job())

        writing = asyncio.create_task(write())
        backups = [await store.database.back_up() for _ in range(3)]
        await writing
    for backup in backups:
        with contextlib.closing(sqlite3.connect(backup)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            [jobs] = db.execute("SELECT count(*) FROM jobs").fetchone()
            [requests] = db.execute("SELECT count(*) FROM requests").fetchone()
            assert requests == 2 * jobs


def test_a_second_copy_of_the_bot_is_refused(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    program = (
        "import sys\nfrom bot.services.bootstrap import alone_in\n"
        "from bot.settings import Settings\n"
        "with alone_in(Settings(data_dir=sys.argv[1])): print('in', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=PROJECT_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        with (
            pytest.raises(SettingsError, match="Another copy of the bot works in"),
            alone_in(settings),
        ):
            pass
        other.kill()
    with alone_in(settings):
        pass
