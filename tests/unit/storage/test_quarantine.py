"""What no row names is never deleted: it is moved out of the way, kept for a while, and told."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
from pathlib import Path

import pytest

from bot.domain.requests import ImageRequest, Size
from bot.services.maintenance import sweep, write_records
from bot.storage import Store
from bot.storage.quarantine import Quarantine
from tests.support.boards_env import an_image
from tests.support.discord_env import SMALL, DiscordEnv, SteeredEngine, crash, empty_trash
from tests.unit.services.test_restore import restored
from tests.unit.storage.test_store import a_job, opened

pytest_plugins = ["tests.support.bot_fixtures"]
TODAY = dt.date(2026, 11, 30)


async def swept(store: Store) -> int:
    return await sweep(store, asyncio.Lock())


def pictures_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.png"))


async def test_pictures_of_a_database_that_was_replaced_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """The old advice: put the copy in the place of the damaged database, and start."""
    async with opened(tmp_path) as store:
        before = await an_image(store, 1)
        backup = await store.database.back_up()
        newer = [await an_image(store, seed) for seed in (2, 3)]
    shutil.copy(backup, tmp_path / "bot.sqlite3")
    async with opened(tmp_path) as store:
        assert await swept(store) == 2
        assert await swept(store) == 0
    assert pictures_in(tmp_path / "images") == [before.path.name]
    assert pictures_in(tmp_path / "quarantine") == sorted(each.path.name for each in newer)
    [warning] = [each for each in caplog.records if each.levelname == "WARNING"]
    for word in (
        "pictures, 2.",
        str(tmp_path / "quarantine"),
        "30 days",
        "`python -m bot restore ",
    ):
        assert word in warning.getMessage()


async def test_a_sweep_deletes_only_its_own_debris_and_what_is_deleted(tmp_path: Path):
    async with opened(tmp_path) as store:
        deleted, kept = await an_image(store, 1), await an_image(store, 2)
        await store.deletions.begin([deleted.id], by=1, locale="en-US")
        await store.deletions.end([deleted.id])  # and its file could not be deleted
        part = kept.path.with_name(".abcd1234.part")
        foreign = [kept.path.with_name(name) for name in (".DS_Store", "notes.txt", ".x.part")]
        for path in (part, *foreign):
            path.write_bytes(b"left behind")
        assert await swept(store) == 0
    assert pictures_in(tmp_path) == [kept.path.name]
    assert not part.exists()
    assert all(path.exists() for path in foreign)


async def test_what_was_drawn_again_is_kept_where_an_older_database_calls_it_deleted(
    tmp_path: Path,
):
    async with opened(tmp_path) as store:
        deleted = await an_image(store, 1)
        await store.deletions.begin([deleted.id], by=1, locale="en-US")
        await store.deletions.end([deleted.id])
        deleted.path.unlink()
        backup = await store.database.back_up()
        again = await an_image(store, 1)
        await write_records(store, again.job_id)
    shutil.copy(backup, tmp_path / "bot.sqlite3")
    async with opened(tmp_path) as store:
        assert await swept(store) == 1
    assert pictures_in(tmp_path / "quarantine") == [again.path.name]
    report = await restored(tmp_path)
    assert report.images == 1
    assert pictures_in(tmp_path / "images") == [again.path.name]


async def test_a_file_that_others_share_stays_until_the_last_is_deleted(env: DiscordEnv):
    first = await env.imagine(seed=5)
    again = await env.imagine(seed=5)
    files = pictures_in(env.settings.data_dir / "images")
    assert len(files) == 1
    for message in (first, again):
        assert pictures_in(env.settings.data_dir / "images") == files
        await env.ada.click(message, label="Delete")
        await empty_trash(env.service)
    assert pictures_in(env.settings.data_dir) == []


def test_files_are_kept_for_the_days_since_they_were_moved(tmp_path: Path):
    quarantine = Quarantine(tmp_path, days=30)
    moved = []
    for age in (31, 30, 0):
        path = tmp_path / "images" / "ab" / f"{age}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (0, 0))  # decades old, and moved lately
        moved += quarantine.move([path], today=TODAY - dt.timedelta(days=age))
    (quarantine.folder / "my own").mkdir()
    assert quarantine.forget(today=TODAY) == 1
    assert [path.exists() for path in moved] == [False, True, True]
    assert (quarantine.folder / "my own").is_dir()


def test_a_second_file_of_the_same_name_replaces_none(tmp_path: Path):
    quarantine = Quarantine(tmp_path, days=30)
    path = tmp_path / "images" / "ab" / "x.png"
    path.parent.mkdir(parents=True)
    contents = [b"one", b"two", b"three"]
    for content in contents:
        path.write_bytes(content)
        quarantine.move([path], today=TODAY)
    found = sorted((quarantine.folder / "2026-11-30" / "images" / "ab").iterdir())
    assert [each.name for each in found] == ["x-2.png", "x-3.png", "x.png"]
    assert sorted(each.read_bytes() for each in found) == sorted(contents)


async def test_unfinished_images_of_unknown_jobs_are_kept(
    env: DiscordEnv, engine: SteeredEngine, caplog: pytest.LogCaptureFixture
):
    engine.hold_after = 1
    await env.ada.slash(env.channel, "imagine", prompt="x", size=SMALL, count=2)
    await env.held()
    [kept] = await env.kept(1)
    folder = kept.parent
    strange = folder / "nojob22-0.png"
    strange.write_bytes(kept.read_bytes())
    await crash(env.service)
    engine.release()
    await env.crash()
    async with opened(env.settings.data_dir) as store:
        ended = a_job(
            requests=(ImageRequest(prompt="x", seed=1, size=Size(width=128, height=128)),)
        )
        await store.jobs.add(ended)
        await store.jobs.set_posted(ended.id)
    over = folder / f"{ended.id}-0.png"
    over.write_bytes(b"of a job that is over")
    await env.start_again()
    await env.idle()
    assert pictures_in(folder) == []
    assert pictures_in(env.settings.data_dir / "quarantine") == [strange.name]
    assert "images of unfinished jobs, 1." in caplog.text
    assert not over.exists()


def test_a_database_that_was_moved_aside_is_kept_as_long(tmp_path: Path):
    quarantine = Quarantine(tmp_path, days=30)
    for name in ("2026-10-30-101112-000000", "2026-11-01-101112-000000", "of-somebody"):
        (tmp_path / "replaced" / name).mkdir(parents=True)
    assert quarantine.forget(today=TODAY) == 1
    left = sorted(path.name for path in (tmp_path / "replaced").iterdir())
    assert left == ["2026-11-01-101112-000000", "of-somebody"]
