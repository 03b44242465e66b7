"""A data folder whose database is damaged, gone or old comes back, with all that the files know."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.cli import run
from bot.domain.boards import Access
from bot.domain.jobs import ImageMessage, now
from bot.domain.styles import Style
from bot.domain.viewers import NO_CHANNEL, Viewer
from bot.errors import BotError
from bot.media.picture_files import pixel_sha256_of
from bot.services.maintenance import sweep, write_records
from bot.services.restoration import RestoreOptions, RestoreReport, restore
from bot.settings import Settings
from bot.storage.backups import make_backup
from tests.support.boards_env import ADA, BEN, GUILD, an_image, open_boards_env, picture
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    SteeredEngine,
    answer_of,
    crash,
    empty_trash,
    ids_of,
    open_env,
    texts_of,
)
from tests.support.sampling import sampled
from tests.unit.storage.test_backups import content_of, cut_header, empty, tear, without_tables
from tests.unit.storage.test_store import opened

pytest_plugins = ["tests.support.bot_fixtures"]
DAMAGES = [Path.unlink, empty, without_tables, cut_header, tear]


async def restored(data: Path, **options: Any) -> RestoreReport:
    return await restore(
        data, RestoreOptions(**options), quarantine_days=30, progress=lambda *_: None
    )


async def rows(data: Path, sql: str) -> list[tuple[Any, ...]]:
    async with opened(data) as store:
        return [tuple(row) for row in await store.database.rows(sql)]


def state_of(data: Path) -> dict[str, bytes]:
    """Return all files of a folder, without those that only tell of a lock."""
    return {
        str(path.relative_to(data)): path.read_bytes()
        for path in data.rglob("*")
        if path.is_file() and path.name not in {"bot.lock", "bot.sqlite3-shm"}
    }


@contextlib.asynccontextmanager
async def stopped(env: DiscordEnv) -> AsyncIterator[Path]:
    """Stop the bot; start it again in the end."""
    await env.idle()
    await crash(env.service)
    env.engine.release()
    await env.crash()
    data = env.settings.data_dir
    with contextlib.closing(sqlite3.connect(data / "bot.sqlite3")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else the log alone heals what is damaged
    yield data
    await env.start_again()
    await env.idle()


GENERATIONS = (
    "SELECT id, job_id, position, relation, parent_id, user_id, guild_id, channel_id, message_id,"
    " prompt, seed, width, height, quality, guidance_scale, variety, variety_scale, pixel_sha256,"
    " created_at, recipe, likeness, durations, safety, is_withheld FROM generations"
    " WHERE deleted_at IS NULL ORDER BY id"
)
JOBS = (
    "SELECT id, state, relation, parent_id, spoiler, guild_id, channel_id, user_id, user_name,"
    " locale, message_id, axis, batch FROM jobs ORDER BY id"
)


@pytest.mark.parametrize("damage", [Path.unlink, tear])
async def test_all_pictures_come_back_without_any_copy(
    env: DiscordEnv, damage: Callable[[Path], None]
):
    first = await env.imagine(prompt="红苹果", seed=5, spoiler=True)
    await env.imagine(env.ming, prompt="{two, three} castles")
    await env.ming.click(first, label="Same seed")
    await env.idle()
    await env.ada.click(first, label="Same seed")
    await env.idle()
    posted = len(env.images())
    async with stopped(env) as data:
        before = await rows(data, GENERATIONS), await rows(data, JOBS)
        shutil.rmtree(data / "backups")
        damage(data / "bot.sqlite3")
        report = await restored(data)
        assert (report.source, report.images, report.unknown) == (None, 5, 0)
        assert (await rows(data, GENERATIONS), await rows(data, JOBS)) == before
        # A crash may leave the log of a database, which is set aside without it, too.
        kept = report.set_aside is not None and (report.set_aside / "bot.sqlite3").exists()
        assert kept is (damage is not Path.unlink)
    assert len(env.images()) == posted
    page = await env.ada.slash(env.channel, "history", search="红苹果")
    assert texts_of(answer_of(page)).count("红苹果") >= 3
    again = await env.ada.click(first, label="Same seed")
    await env.idle()
    assert "Pixel for pixel the same" in texts_of(again.response)


@pytest.mark.parametrize("damage", [empty, cut_header])
async def test_what_is_newer_than_the_copy_comes_back(
    env: DiscordEnv, damage: Callable[[Path], None]
):
    await env.imagine(prompt="old", seed=1)
    copy = make_backup(env.settings.data_dir / "bot.sqlite3", env.settings.data_dir / "backups")
    await env.imagine(prompt="new", seed=2)
    async with stopped(env) as data:
        before = await rows(data, GENERATIONS)
        for path in (data / "backups").iterdir():
            if path != copy:
                path.unlink()
        damage(data / "bot.sqlite3")
        left = state_of(data)
        dry = await restored(data, is_dry=True)
        assert state_of(data) == left, "a dry run changes nothing"
        report = await restored(data)
        assert (report.source, report.images, report.deleted) == (copy, 1, 0)
        assert (dry.images, dry.deleted, dry.source) == (1, 0, copy)
        assert await rows(data, GENERATIONS) == before
        assert copy.is_file()
        if damage is not Path.unlink:
            assert report.set_aside is not None
            aside = report.set_aside / "bot.sqlite3"
            assert aside.read_bytes() == left["bot.sqlite3"]
            assert logs_beside(data) == [], "no log is left beside another database"
    assert len(env.images()) == 2


@pytest.mark.parametrize("damage", DAMAGES)
async def test_whatever_happened_to_the_database_the_copy_takes_its_place(
    tmp_path: Path, damage: Callable[[Path], None]
):
    async with opened(tmp_path) as store:
        made = await an_image(store, 1)
        copy = await store.database.back_up()
        newer = await an_image(store, 2)
    damage(tmp_path / "bot.sqlite3")
    report = await restored(tmp_path)
    assert (report.source, report.images, report.unknown) == (copy, 1, 1)
    async with opened(tmp_path) as store:
        assert await store.generations.find(made.id, None)
        [found] = await store.generations.with_pixels(newer.pixel_sha256, None)
        assert (found.request, found.recipe_text) == (newer.request, newer.recipe_text)
        assert await store.generations.find(found.id, ADA) is None


@pytest.mark.parametrize("is_replaced", [False, True])
async def test_a_log_is_never_applied_to_another_database(tmp_path: Path, *, is_replaced: bool):
    async with opened(tmp_path) as store:
        await an_image(store, 1)
        copy = await store.database.back_up()
        for seed in range(2, 8):
            await an_image(store, seed)
        log = (tmp_path / "bot.sqlite3-wal").read_bytes()
    (tmp_path / "bot.sqlite3-wal").write_bytes(log[: len(log) // 2])
    (tmp_path / "bot.sqlite3").unlink()
    if is_replaced:
        shutil.copy(copy, tmp_path / "bot.sqlite3")
    report = await restored(tmp_path)
    assert report.set_aside is not None
    assert (report.set_aside / "bot.sqlite3-wal").read_bytes() == log[: len(log) // 2]
    assert logs_beside(tmp_path) == []
    assert len(await rows(tmp_path, GENERATIONS)) == 7
    assert await rows(tmp_path, "PRAGMA integrity_check") == [("ok",)]


def logs_beside(data: Path) -> list[Path]:
    return list(data.glob("bot.sqlite3-*"))


async def test_bad_copies_are_skipped_and_told(env: DiscordEnv):
    await env.imagine(seed=1)
    data = env.settings.data_dir
    async with stopped(env):
        shutil.rmtree(data / "backups")
        good = make_backup(data / "bot.sqlite3", data / "backups")
        bad = [make_backup(data / "bot.sqlite3", data / "backups") for _ in range(2)]
        tear(bad[0])
        empty(bad[1])
        cut_header(data / "bot.sqlite3")
        with pytest.raises(BotError, match=r"cannot be used .*name another one"):
            await restored(data, copy=Path(bad[0].name))
        report = await restored(data)
        assert report.source == good
        assert [path for path, _ in report.skipped] == [data / "bot.sqlite3", bad[1], bad[0]]


async def test_a_database_in_order_stays_and_gets_what_it_lacks(env: DiscordEnv):
    """Somebody followed the old advice: the copy is in the place of the damaged database."""
    await env.imagine(prompt="old", seed=1)
    data = env.settings.data_dir
    copy = make_backup(data / "bot.sqlite3", data / "backups")
    await env.imagine(prompt="new", seed=2)
    async with stopped(env):
        before = await rows(data, GENERATIONS)
        assert (await restored(data)).changes_rows is False
        shutil.copy(copy, data / "bot.sqlite3")
        for path in (data / "backups").iterdir():
            path.unlink()
    # The bot was started: the new picture is in quarantine by now.
    await env.start_again()
    async with stopped(env):
        report = await restored(data)
        assert (report.is_current, report.images) == (True, 1)
        assert await rows(data, GENERATIONS) == before
        assert len(list((data / "images").rglob("*.png"))) == 2
    assert len(env.images()) == 2


async def test_what_was_deleted_does_not_come_back(env: DiscordEnv):
    first = await env.imagine(prompt="alone", seed=1)
    second = await env.imagine(prompt="twin", seed=2)
    again = await env.ming.click(second, label="Same seed")
    await env.idle()
    data = env.settings.data_dir
    make_backup(data / "bot.sqlite3", data / "backups")
    newer = await env.imagine(prompt="newer", seed=3)
    [kept] = ids_of(again.response)
    for message in (first, second, newer):
        await env.ada.click(message, label="Delete")
    await empty_trash(env.service)
    async with stopped(env):
        empty(data / "bot.sqlite3")
        report = await restored(data)
        assert (report.images, report.deleted) == (0, 2)
        assert [row[0] for row in await rows(data, GENERATIONS)] == [kept]
    async with stopped(env):
        shutil.rmtree(data / "backups")
        (data / "bot.sqlite3").unlink()
        assert (await restored(data)).images == 1
        assert [row[0] for row in await rows(data, GENERATIONS)] == [kept]


async def test_what_was_deleted_does_not_come_back_from_the_quarantine(env: DiscordEnv):
    data = env.settings.data_dir
    day = data / "quarantine" / now().date().isoformat()
    messages = [await env.imagine(seed=seed) for seed in (1, 2)]
    for folder in ("images", "records"):
        shutil.copytree(data / folder, day / folder)
    shared = next(day.rglob("*.png"))
    [record] = day.rglob(f"{shared.stem}.*.json")
    document = {**json.loads(record.read_bytes()), "id": "other", "job_id": "other"}
    other = record.with_name(f"{shared.stem}.other-0.json")  # of an image that has no row
    other.write_text(json.dumps(document))
    for message in messages:
        await env.ada.click(message, label="Delete")
    await empty_trash(env.service)
    assert {path for path in day.rglob("*.*") if path.is_file()} == {shared, other}
    async with stopped(env):
        shutil.rmtree(data / "backups")
        (data / "bot.sqlite3").unlink()
        assert (await restored(data)).images == 1
        assert [row[0] for row in await rows(data, GENERATIONS)] == ["other"]


async def test_where_an_image_is_shown_is_known_after_the_copy(tmp_path: Path):
    async with opened(tmp_path) as store:
        made, moved = [await an_image(store, seed) for seed in (1, 2)]
        await store.jobs.set_message(moved.job_id, 2, 5)
        copy = await store.database.back_up()
        for each, message_id in ((made, 7), (moved, 8)):
            await store.jobs.set_message(each.job_id, 2, message_id)
            again = ImageMessage(channel_id=3, message_id=10 + message_id)
            await store.deletions.add_copy(again, [each.id])
            await write_records(store, each.job_id)
        for each in (made, moved):
            await store.generations.set_recorded(each.job_id)
    assert (await restored(tmp_path)).changes_rows is False
    (tmp_path / "bot.sqlite3").unlink()
    report = await restored(tmp_path)
    assert (report.source, report.moved) == (copy, 2)
    async with opened(tmp_path) as store:
        for each, message_id in ((made, 7), (moved, 8)):
            found = await store.deletions.messages_of(each.id)
            assert {m.message_id: m.channel_id for m in found} == {
                message_id: 2,
                10 + message_id: 3,
            }
            row = await store.generations.find(each.id, None)
            assert row is not None
            assert row.message_id == message_id


async def test_a_start_leaves_the_files_of_what_is_on_its_way_out(tmp_path: Path):
    async with opened(tmp_path) as store:
        made, twin = [await an_image(store, 1) for _ in range(2)]
        for each in (made, twin):
            await write_records(store, each.job_id)
            os.utime(store.records.path_of(each), (1, 1))
            os.utime(each.path, (1, 1))
            await store.deletions.begin([each.id], by=1, locale="en-US")
        await sweep(store, asyncio.Lock())
        assert all(store.records.path_of(each).exists() for each in (made, twin))
        await store.deletions.end([made.id])
        await sweep(store, asyncio.Lock())
        assert not store.records.path_of(made).exists()
        assert store.records.path_of(twin).exists()
        assert made.path.exists(), "the twin's deletion may have to be taken up from it"
        await store.deletions.end([twin.id])
        await sweep(store, asyncio.Lock())
        assert not made.path.exists()


async def test_jobs_of_the_copy_are_neither_drawn_nor_posted_twice(
    env: DiscordEnv, engine: SteeredEngine
):
    engine.hold()
    running = await env.ada.slash(env.channel, "imagine", prompt="one", size=SMALL, count=2)
    await env.held()
    waiting = await env.ming.slash(env.channel, "imagine", prompt="two", size=SMALL)
    third = await env.ming.slash(env.channel, "imagine", prompt="three", size=SMALL)
    data = env.settings.data_dir
    make_backup(data / "bot.sqlite3", data / "backups")
    await env.ming.slash(env.channel, "cancel")
    engine.release()
    await env.idle()
    asked = (running, waiting, third)
    finished = [each for each in asked if each.response and ids_of(each.response)]
    assert len(finished) == 2
    drawn, posted = len(engine.drawn), len(env.images())
    async with stopped(env):
        before = await rows(data, GENERATIONS)
        cut_header(data / "bot.sqlite3")
        report = await restored(data)
        assert (report.ended, report.given_up) == (len(finished), 3 - len(finished))
    assert (len(engine.drawn), len(env.images())) == (drawn, posted)
    assert ids_of(running.response)
    assert await rows_beside(env) == before


async def rows_beside(env: DiscordEnv) -> list[tuple[Any, ...]]:
    data = env.settings.data_dir
    with contextlib.closing(sqlite3.connect(data / "bot.sqlite3")) as db:
        return db.execute(GENERATIONS).fetchall()


async def test_an_image_that_was_not_posted_yet_is_posted_once(env: DiscordEnv):
    for path in ("/webhooks/*", "/channels/*"):
        for method in ("PATCH", "POST"):
            env.simcord.inject_error(method, path, status=403, code=50013, times=None)
    result = await env.ada.slash(env.channel, "imagine", prompt="x", size=SMALL, seed=1)
    async with stopped(env) as data:
        shutil.rmtree(data / "backups")
        (data / "bot.sqlite3").unlink()
        assert (await restored(data)).images == 1
        env.simcord.backend.faults.clear()
    assert len(env.images()) == 1
    assert ids_of(result.response) == ids_of(env.images()[0])


async def test_pictures_without_a_record_belong_to_nobody_until_they_are_given(
    env: DiscordEnv,
):
    await env.imagine(prompt="of before", seed=1)
    async with stopped(env) as data:
        shutil.rmtree(data / "records")
        shutil.rmtree(data / "backups")
        (data / "bot.sqlite3").unlink()
        left = state_of(data)
        report = await restored(data)
        assert (report.images, report.unknown) == (1, 1)
        [first] = await rows(data, "SELECT id, prompt, seed, user_id, guild_id FROM generations")
        assert first[1:] == ("of before", 1, 0, None)
        shutil.rmtree(data)
        for name, content in left.items():
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            (data / name).write_bytes(content)
        await restored(data, guild_id=env.guild.id, user_id=env.ada.id)
        [second] = await rows(data, "SELECT id, user_id, guild_id FROM generations")
        assert second == (first[0], env.ada.id, env.guild.id)
    for who, sees in (
        (env.ada, True),
        (env.moderator, True),
        (env.ming, False),
    ):
        page = await who.slash(env.channel, "history")
        assert ("of before" in texts_of(answer_of(page))) is sees


def other_pixels(path: Path) -> None:
    buffer = io.BytesIO()
    with Image.open(path) as image:
        image.transpose(Image.Transpose.ROTATE_180).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())


def without_recipe(path: Path) -> None:
    buffer = io.BytesIO()
    with Image.open(path) as image:
        Image.frombytes("RGB", image.size, image.tobytes()).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())
    assert pixel_sha256_of(path.read_bytes()) == path.stem


@pytest.mark.parametrize("damage", [empty, cut_header, other_pixels, without_recipe])
async def test_a_picture_that_proves_nothing_gets_no_row_and_is_kept(
    tmp_path: Path, damage: Callable[[Path], None]
):
    async with opened(tmp_path) as store:
        bad, good = [(await an_image(store, seed)).path for seed in (1, 2)]
    (tmp_path / "bot.sqlite3").unlink()
    damage(bad)
    content = content_of(bad)
    report = await restored(tmp_path)
    assert report.images == 1
    [(path, reason)] = report.unproven
    assert path == bad
    assert reason
    assert await rows(tmp_path, "SELECT pixel_sha256 FROM generations") == [(good.stem,)]
    [kept] = store.quarantine.folder.rglob("*.png")
    assert kept.read_bytes() == content


@pytest.mark.parametrize("content", sampled([b"{", b'{"version": 1}', b"[]", b"\0" * 200], first=2))
async def test_a_picture_with_a_damaged_record_comes_back_as_nobodys(
    env: DiscordEnv, content: bytes
):
    await env.imagine(prompt="kept", seed=1)
    async with stopped(env) as data:
        shutil.rmtree(data / "backups")
        (data / "bot.sqlite3").unlink()
        [record] = (data / "records").rglob("*.json")
        record.write_bytes(content)
        report = await restored(data)
        assert (report.images, report.unknown, report.deleted, report.unproven) == (1, 1, 0, [])
        assert len(report.damaged_records) == 1
        assert len(list((data / "images").rglob("*.png"))) == 1
        report = await restored(data)
        assert (report.images, report.unknown, report.changes_rows) == (0, 0, False)
    async with stopped(env) as data:
        assert (await restored(data, guild_id=1, user_id=2)).given == 1
        assert list((data / "images").rglob("*.png"))


@pytest.mark.nightly
async def test_a_database_that_another_program_holds_is_not_taken_for_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    async with opened(tmp_path) as store:
        await an_image(store, 1)
        await store.database.back_up()
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.sqlite3", isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        sentence = r"cannot be looked into \(another program has locked it\)"
        with pytest.raises(BotError, match=sentence):
            await restored(tmp_path)
        assert await asyncio.to_thread(run, ["check", "--folder", str(tmp_path)]) == 2
        assert "another program has locked it" in capsys.readouterr().err
    assert (await restored(tmp_path)).changes_rows is False


async def test_pictures_that_lie_elsewhere_for_now_are_not_marked_as_deleted(tmp_path: Path):
    """Their disk is not mounted, or only the database was copied to a new machine yet."""
    async with open_boards_env(tmp_path) as boards_env:
        board = await boards_env.board()
        item = (await boards_env.upload(board, 3)).item
        made = [await an_image(boards_env.store, seed) for seed in (1, 2)]
        for each in made:
            await write_records(boards_env.store, each.job_id)
        await boards_env.store.database.back_up()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("images", "records", "boards"):
        (tmp_path / name).rename(elsewhere / name)
    (tmp_path / "images").mkdir()
    empty(tmp_path / "bot.sqlite3")
    report = await restored(tmp_path)
    assert (sorted(report.lost), report.deleted) == (sorted(each.id for each in made), 0)
    assert (report.lost_items, report.taken_off) == ([item.id], 0)
    shutil.copytree(elsewhere, tmp_path, dirs_exist_ok=True)
    async with opened(tmp_path) as store:
        assert await sweep(store, asyncio.Lock()) == 0
    assert len(list((tmp_path / "images").rglob("*.png"))) == 2


async def test_a_newer_database_is_not_replaced_by_an_older_copy(tmp_path: Path):
    async with opened(tmp_path) as store:
        await an_image(store, 1)
        copy = await store.database.back_up()
    for path in (tmp_path / "bot.sqlite3", copy):
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 99999")
        named = copy if path == copy else None
        with pytest.raises(BotError, match=rf"The database {path} has version 99999, this program"):
            await restored(tmp_path, copy=named)


async def test_boards_come_back_as_far_as_their_files_tell(tmp_path: Path):
    async with open_boards_env(tmp_path) as boards_env:
        board = await boards_env.board("Spring", channel_id=5)
        await boards_env.upload(board, 1, caption="one")
        copy = await boards_env.store.database.back_up()
        await boards_env.upload(board, 2, by=BEN, caption="two", tags=["sea"])
        other = await boards_env.board("Summer")
        await boards_env.upload(other, 3, caption="three")
        gone = (await boards_env.upload(board, 4)).item
        await boards_env.boards.remove(board.id, gone.number, viewer=ADA)
        boards_env.clock.move(days=2)
        await boards_env.system.tidy()
        before = [(await boards_env.now(each)).items for each in (board, other)]
    (tmp_path / "bot.sqlite3").unlink()
    report = await restored(tmp_path)
    assert (report.source, report.items, report.boards) == (copy, 2, 1)
    async with open_boards_env(tmp_path) as boards_env:
        assert [(await boards_env.now(each)).items for each in (board, other)] == before
        assert (await boards_env.now(other)).name == "Summer"
        assert (await boards_env.now(other)).everyone is Access.NONE, (
            "it may have been hidden since"
        )
        assert (await boards_env.now(board)).everyone is Access.ADD
    copy.unlink()
    (tmp_path / "bot.sqlite3").unlink()
    report = await restored(tmp_path)
    assert (report.source, report.items, report.boards) == (None, 3, 2)
    async with open_boards_env(tmp_path) as boards_env:
        assert [(await boards_env.now(each)).items for each in (board, other)] == before
        again = await boards_env.boards.add_upload(
            board.id,
            picture(9),
            viewer=ADA,
            author_id=None,
            author_name="",
            channel_id=7,
            is_spoiler=False,
        )
        assert again.item.number == 3


@pytest.mark.parametrize("is_old", [False, True])
async def test_what_a_board_gives_to_prompts_comes_back(tmp_path: Path, *, is_old: bool):
    async with open_boards_env(tmp_path) as boards_env:
        board = await boards_env.board("Spring", style="ink", size="wide")
        await boards_env.upload(board, 1)
    (tmp_path / "bot.sqlite3").unlink()
    if is_old:  # a record of before there were styles
        [record] = (tmp_path / "records" / "boards").glob("*.json")
        document = json.loads(record.read_text("utf-8"))
        del document["board"]["other_defaults"]
        record.write_text(json.dumps(document), "utf-8")
    await restored(tmp_path)
    async with open_boards_env(tmp_path) as boards_env:
        kept = Style.of(name="" if is_old else "ink", size="wide")
        assert (await boards_env.now(board)).defaults == kept


async def test_nothing_to_restore_is_one_sentence(tmp_path: Path):
    with pytest.raises(BotError, match="There is nothing to restore in"):
        await restored(tmp_path)
    assert run(["restore", "--folder", str(tmp_path / "misspelt")]) == 2
    assert not (tmp_path / "misspelt").exists()
    with pytest.raises(BotError, match=r"There is no copy x\.sqlite3: there are none"):
        await restored(tmp_path, copy=Path("x.sqlite3"))


async def test_what_is_posted_tells_nobody_who_asked(env: DiscordEnv):
    message = await env.imagine(seed=1)
    [attachment] = message.attachments
    content = await attachment.read() if hasattr(attachment, "read") else b""
    [kept] = (env.settings.data_dir / "images").rglob("*.png")
    for png in (content, kept.read_bytes()):
        assert str(env.ada.id).encode() not in png
        assert str(env.guild.id).encode() not in png
    [record] = (env.settings.data_dir / "records" / "images").rglob("*.json")
    known = json.loads(record.read_bytes())
    assert (known["user_id"], known["guild_id"]) == (env.ada.id, env.guild.id)
    assert known["message_id"] == message.id
    await env.ada.click(message, label="Delete")
    await empty_trash(env.service)
    assert not record.exists()


async def test_the_command_says_what_it_does_and_refuses_beside_a_running_bot(
    settings: Settings, engine: SteeredEngine, capsys: pytest.CaptureFixture[str]
):
    folder = str(settings.data_dir)
    async with open_env(settings, engine) as env:
        await env.imagine(seed=1)
        assert run(["restore", "--folder", folder]) == 2
        assert "Another copy of the bot works in" in capsys.readouterr().err


@pytest.mark.parametrize("typed", ["abc", "-5", "0", "9" * 30])
def test_an_id_that_is_none_is_refused(typed: str, capsys: pytest.CaptureFixture[str]):
    for option, menu in (("--guild", "Copy Server ID"), ("--user", "Copy User ID")):
        with pytest.raises(SystemExit) as caught:
            run(["restore", f"{option}={typed}"])
        assert caught.value.code == 2
        said = capsys.readouterr().err
        assert f"{option}: {typed!r} is no id: use the number that Discord's `{menu}` gives" in said


def test_the_command_line_restores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    asyncio.run(some_images(tmp_path))
    (tmp_path / "bot.sqlite3").unlink()
    caplog.clear()
    assert run(["restore", "--folder", str(tmp_path), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "This is a dry run: nothing was changed." in said
    assert "2 pictures restored from their files." in said
    assert "2 without a known requester: nobody sees them in Discord" in said
    assert not (tmp_path / "bot.sqlite3").exists()
    assert caplog.messages == []
    assert run(["restore", "--folder", str(tmp_path)]) == 0
    assert asyncio.run(count(tmp_path)) == 0
    assert run(["restore", "--folder", str(tmp_path), "--guild", str(GUILD), "--user", "10"]) == 0
    assert "2 pictures of an earlier restoration given away." in capsys.readouterr().out
    assert asyncio.run(count(tmp_path)) == 2
    (tmp_path / "bot.sqlite3").unlink()
    assert run(["restore", "--folder", str(tmp_path)]) == 0
    assert asyncio.run(count(tmp_path)) == 2, "their records know it, too"
    shutil.rmtree(tmp_path / "records")
    (tmp_path / "bot.sqlite3").unlink()
    assert run(["restore", "--folder", str(tmp_path), "--guild", str(GUILD)]) == 0
    assert f"moderators of server {GUILD} see them" in capsys.readouterr().out
    assert asyncio.run(count(tmp_path)) == 2


async def some_images(data: Path) -> None:
    async with opened(data) as store:
        for seed in (1, 2):
            await an_image(store, seed)


GIVEN = Viewer(user_id=0, guild_id=GUILD, gone=frozenset({NO_CHANNEL}), is_moderator=True)


async def count(data: Path) -> int:
    async with opened(data) as store:
        return len(await store.generations.likenesses(GIVEN))


async def test_source_pictures_come_back_from_the_quarantine(env: DiscordEnv):
    out = io.BytesIO()
    Image.new("RGB", (160, 160), (200, 60, 30)).save(out, "PNG")
    message = await env.imagine(source=("a.png", out.getvalue()))
    data = env.settings.data_dir
    [source] = (data / "sources").rglob("*.png")
    make_backup(data / "bot.sqlite3", data / "backups")
    async with stopped(env):
        env.service._store.quarantine.move([source])
        empty(data / "bot.sqlite3")
        await restored(data)
    assert source.is_file()
    again = await env.ada.click(message, label="Same seed")
    await env.idle()
    assert "Pixel for pixel the same" in texts_of(again.response)
