"""Deferred answers arrive, or their user is told why not, whatever ends the bot meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sqlite3
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from bot.discord_ui.deferrals import MAX_ATTEMPTS
from bot.media.thumbnails import PictureCache
from bot.services.temporary_files import sweep_temporary
from tests.support.boards_env import picture
from tests.support.discord_env import walk
from tests.support.discord_server.bot_process import BotProcess
from tests.support.discord_server.faults import CDN, Fault
from tests.support.discord_server.openapi import ROOT
from tests.support.discord_server.server import DiscordServer
from tests.support.discord_server.world import Place, Seen
from tests.wire.test_discord_server import SEND, imagine

pytest_plugins = ["tests.support.wire_fixtures"]

ORIGINAL = "/webhooks/{webhook_id}/{token}/messages/@original"
UPLOAD = "PATCH"  # of a file of an export


@pytest.fixture(autouse=True)
def every_request_is_as_discord_describes_it(server: DiscordServer):
    yield
    assert server.rest.unknown == []
    assert server.description.violations == []


@pytest.fixture
async def board(server: DiscordServer, place: Place, bot: BotProcess) -> list[Path]:
    """Hang two pictures on the only board there is; return their files, the first one first."""
    await run(server, place, "board create", name="Spring")
    folder, files = bot.data_dir / "boards", list[Path]()
    for seed in (1, 2):
        await run(server, place, "board add", image=(f"{seed}.png", picture(seed)))
        files += set(folder.glob("[0-9a-f][0-9a-f]/*.png")) - set(files)
    return files


async def run(server: DiscordServer, place: Place, name: str, /, **options: Any) -> Any:
    """Run a command, and wait until it is answered and nothing of it says "thinking…"."""
    asked = await server.people.slash(place.ada, place.channel, name, **options)
    await completed(server, asked)
    return asked


async def deferred(server: DiscordServer, place: Place, name: str, /, **options: Any) -> Any:
    """Run a command, and wait until its answer is promised."""
    asked = await server.people.slash(place.ada, place.channel, name, **options)
    await server.changes.until(lambda: asked.acknowledged, what="a promise")
    return asked


async def completed(server: DiscordServer, asked: Any) -> Seen:
    """Wait until nothing says "thinking…" any more, and return the answer."""
    await server.changes.until(
        lambda: asked.acknowledged and not is_thinking(asked), what="the end of thinking"
    )
    found = server.people.response(asked)
    assert found is not None
    return found


def is_thinking(asked: Any) -> bool:
    return bool(asked._interaction.loading)


async def files_in(server: DiscordServer, asked: Any, count: int = 1) -> list[str]:
    """Wait until the answer holds so many files and return their names; they are whole."""

    def look() -> Seen | None:
        found = server.people.response(asked)
        return found if found is not None and len(found.attachments) == count else None

    message = await server.changes.until(look, what=f"{count} files")
    for each in message.attachments:
        path, _, rest = each["url"].removeprefix(server.backend.cdn.base).partition("?")
        expires, _, signature = rest.removeprefix("ex=").partition("&hm=")
        content = server.backend.cdn.read(path, expires, signature)
        assert zipfile.ZipFile(BytesIO(content)).testzip() is None
    return [each["filename"] for each in message.attachments]


async def forgotten(bot: BotProcess, server: DiscordServer) -> None:
    """Assert that in the end there are neither rows nor temporary files, and was no traceback."""
    while rows_of(bot):
        await server.changes.within(0.1)
    assert await bot.terminate() == 0
    assert temporary(bot) == []
    assert rows_of(bot) == []
    assert "Traceback" not in bot.log, bot.log


def rows_of(bot: BotProcess) -> list[tuple[Any, ...]]:
    """Return what is written down of answers that are awaited."""
    with contextlib.closing(sqlite3.connect(bot.data_dir / "bot.sqlite3")) as db:
        return db.execute("SELECT * FROM deferrals").fetchall()


async def drawn(server: DiscordServer, place: Place) -> str:
    """Draw an image and return its id."""
    return (await server.people.image(await imagine(server, place))).images[0]


def custom_ids(message: Seen) -> list[str]:
    return [each["custom_id"] for each in walk(message) if "custom_id" in each]


def temporary(bot: BotProcess) -> list[Path]:
    return list((bot.data_dir / "tmp").glob("*"))


class Blocked:
    """A picture whose reader waits until it is let go."""

    def __init__(self, path: Path) -> None:
        self._path, self._content = path, path.read_bytes()
        path.unlink()
        os.mkfifo(path)

    async def is_read(self) -> None:
        """Wait until somebody reads it."""
        self._pipe = await asyncio.to_thread(os.open, self._path, os.O_WRONLY)

    def let_go(self) -> None:
        """Be a file again, and end the waiting."""
        whole = self._path.with_suffix(".whole")
        whole.write_bytes(self._content)
        whole.replace(self._path)
        os.close(self._pipe)


async def blocked_export(server: DiscordServer, place: Place, path: Path) -> tuple[Any, Blocked]:
    """Ask for an export that stands still while it reads a picture."""
    blocked = Blocked(path)
    asked = await deferred(server, place, "board export")
    await blocked.is_read()
    return asked, blocked


async def test_an_export_that_a_kill_interrupts_comes_after_the_restart(
    server: DiscordServer, place: Place, bot: BotProcess, board: list[Path]
):
    asked, blocked = await blocked_export(server, place, board[0])
    await bot.kill()
    assert is_thinking(asked)
    blocked.let_go()
    await bot.start()
    assert await files_in(server, asked) == ["spring.zip"]
    assert server.people.followups(asked) == []
    await forgotten(bot, server)
    await bot.start()
    await forgotten(bot, server)
    assert await files_in(server, asked) == ["spring.zip"]


@pytest.mark.nightly
async def test_an_orderly_stop_says_that_the_export_goes_on(
    server: DiscordServer, place: Place, bot: BotProcess, board: list[Path]
):
    asked, blocked = await blocked_export(server, place, board[0])
    bot._process.send_signal(15)
    told = await completed(server, asked)
    assert "The bot restarts. After that it goes on with `/board export` by itself" in told.text
    blocked.let_go()
    assert await bot.ended() == 0
    assert temporary(bot) == []
    assert "Traceback" not in bot.log
    await bot.start()
    assert await files_in(server, asked) == ["spring.zip"]
    assert "restarts" not in server.people.response(asked).text
    await forgotten(bot, server)


@pytest.mark.nightly
async def test_where_its_token_died_an_export_is_sent_to_its_reader_once(
    server: DiscordServer, place: Place, bot: BotProcess, board: list[Path]
):
    asked, blocked = await blocked_export(server, place, board[0])
    await bot.kill()
    blocked.let_go()
    server.move_clock(16 * 60)
    await bot.start()
    direct = place.ada.user.dm_channel
    await server.changes.until(lambda: server.people.messages(direct), what="a private message")
    await forgotten(bot, server)
    [message] = server.people.messages(direct)
    assert [each["filename"] for each in message.attachments] == ["spring.zip"]
    assert is_thinking(asked), "nobody can change that any more"


@pytest.mark.nightly
async def test_who_left_meanwhile_gets_no_export(
    server: DiscordServer, place: Place, bot: BotProcess, board: list[Path]
):
    _, blocked = await blocked_export(server, place, board[0])
    await bot.kill()
    blocked.let_go()
    server.backend.remove_member(place.guild.id, place.ada.id)
    server.move_clock(16 * 60)
    await bot.start()
    await forgotten(bot, server)
    assert server.people.messages(place.ada.user.dm_channel) == []


@pytest.mark.nightly
async def test_a_page_in_between_is_not_taken_for_somebody_who_left(
    server: DiscordServer, place: Place, bot: BotProcess, board: list[Path]
):
    asked, blocked = await blocked_export(server, place, board[0])
    await bot.kill()
    blocked.let_go()
    server.faults.next(Fault.GONE, "GET", "/guilds/{guild_id}/members/{user_id}")
    await bot.start()
    assert await files_in(server, asked) == ["spring.zip"]
    await forgotten(bot, server)


@pytest.mark.nightly
async def test_of_several_files_each_is_there_once_wherever_the_bot_is_killed(
    server: DiscordServer, place: Place, bot: BotProcess, board: list[Path]
):
    for seed in (3, 4, 5):
        await run(server, place, "board add", image=(f"{seed}.png", picture(seed, side=300)))
    server.people.limit_uploads(place.channel.id, 130_000)
    whole = await run(server, place, "board export")
    names = await files_in(server, whole, 3)
    for uploads in range(1, len(names) + 1):
        asked = await deferred(server, place, "board export")
        before = len(server.journal.of(UPLOAD, ORIGINAL))
        await server.changes.until(
            lambda: len(server.journal.of(UPLOAD, ORIGINAL)) >= before + uploads  # noqa: B023
        )
        await bot.kill()
        await bot.start()
        assert await files_in(server, asked, len(names)) == names
        await server.changes.within(0.0)
    assert server.people.followups(asked) == []


async def test_an_answer_that_only_reads_is_given_after_a_restart(
    server: DiscordServer, place: Place, bot: BotProcess
):
    image = await drawn(server, place)
    server.faults.next(Fault.HANGS, "PATCH", ORIGINAL, times=4)
    asked = [
        await deferred(server, place, "history"),
        await deferred(server, place, "lineage", id=image),
        await deferred(server, place, "show", id=image),
        await deferred(server, place, "inspect", image=("a.png", picture(1))),
    ]
    await server.changes.until(lambda: server.journal.fault_counts[Fault.HANGS] == len(asked))
    await bot.kill()
    server.faults.clear()
    await bot.start()
    texts = [(await completed(server, each)).text for each in asked]
    assert "a red apple" in texts[0]
    assert server.people.response(asked[1]).attachments
    assert server.people.response(asked[2]).images == [image]
    assert "comes from elsewhere" in texts[3]
    await forgotten(bot, server)
    assert all(server.people.followups(each) == [] for each in asked)


async def test_what_changes_something_is_not_done_twice_and_its_user_is_told_to_look(
    server: DiscordServer, place: Place, bot: BotProcess
):
    server.faults.next(Fault.HANGS, "PATCH", ORIGINAL)
    asked = await deferred(server, place, "board create", name="Spring")
    await server.changes.until(lambda: server.journal.fault_counts[Fault.HANGS])
    await bot.kill()
    server.faults.clear()
    await bot.start()
    told = await completed(server, asked)
    assert "interrupted while it worked on `/board create`: look whether it is done" in told.text
    await forgotten(bot, server)
    with contextlib.closing(sqlite3.connect(bot.data_dir / "bot.sqlite3")) as db:
        assert db.execute("SELECT name FROM boards").fetchall() == [("Spring",)]


@pytest.mark.parametrize("may_write", [True, False])
async def test_behind_a_dead_token_its_user_is_told_elsewhere(
    server: DiscordServer, place: Place, bot: BotProcess, *, may_write: bool
):
    server.faults.next(Fault.HANGS, "PATCH", ORIGINAL)
    await deferred(server, place, "board create", name="Spring")
    await server.changes.until(lambda: server.journal.fault_counts[Fault.HANGS])
    await bot.kill()
    server.faults.clear()
    server.move_clock(16 * 60)
    if not may_write:
        server.faults.refuse(50007, "POST", SEND)
    await bot.start()
    where = place.ada.user.dm_channel if may_write else place.channel
    told = await server.people.text(where, "look whether it is done before you ask again")
    assert (f"<@{place.ada.id}>" in told.text) is not may_write
    await forgotten(bot, server)
    assert len(server.people.messages(where)) == 1


async def test_an_answer_whose_record_alone_was_lost_is_not_given_twice(
    server: DiscordServer, place: Place, bot: BotProcess
):
    image = await drawn(server, place)
    server.faults.next(Fault.HANGS, "PATCH", ORIGINAL)
    asked = await deferred(server, place, "show", id=image)
    await server.changes.until(lambda: server.journal.fault_counts[Fault.HANGS])
    await bot.kill()
    server.faults.clear()
    [row] = rows_of(bot)
    await bot.start()
    await completed(server, asked)
    await bot.kill()
    with contextlib.closing(sqlite3.connect(bot.data_dir / "bot.sqlite3")) as db, db:
        db.execute("DELETE FROM deferrals")
        db.execute("INSERT INTO deferrals VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    sent = len(server.journal.of("PATCH", ORIGINAL))
    await bot.start()
    await forgotten(bot, server)
    assert len(server.journal.of("PATCH", ORIGINAL)) == sent
    assert server.people.followups(asked) == []


async def test_an_answer_in_a_thread_archived_meanwhile_opens_it_again(
    server: DiscordServer, place: Place, bot: BotProcess
):
    thread = server.people.thread(place.channel, "night", place.ada)
    server.faults.next(Fault.HANGS, "PATCH", ORIGINAL)
    asked = await server.people.slash(place.ada, thread, "history")
    await server.changes.until(lambda: server.journal.fault_counts[Fault.HANGS])
    server.people.archive(thread.id)
    server.faults.clear()
    told = await completed(server, asked)
    assert "Nothing here yet" in told.text
    assert 50083 in {request.code for request in server.journal.of("PATCH", ORIGINAL)}
    assert server.people.messages(place.ada.user.dm_channel) == []
    await forgotten(bot, server)


async def test_an_export_that_discord_finds_too_large_is_sent_in_smaller_files(
    server: DiscordServer, place: Place, bot: BotProcess, board: list[Path]
):
    server.faults.next(Fault.TOO_LARGE, "PATCH", ORIGINAL)
    asked = await run(server, place, "board export")
    assert await files_in(server, asked) == ["spring.zip"]
    assert "5 MB" not in server.people.response(asked).text, "it fits as it is"


@pytest.mark.nightly
async def test_what_ends_the_process_every_time_is_not_tried_for_ever(
    server: DiscordServer, place: Place, bot: BotProcess, board: list[Path]
):
    server.faults.next(Fault.HANGS, "PATCH", ORIGINAL, times=1 + MAX_ATTEMPTS)
    asked = await deferred(server, place, "board export")
    for hanging in range(1, 2 + MAX_ATTEMPTS):
        await server.changes.until(
            lambda: server.journal.fault_counts[Fault.HANGS] == hanging  # noqa: B023
        )
        await bot.kill()
        await bot.start()
    told = await completed(server, asked)
    assert "interrupted at `/board export` several times" in told.text
    await forgotten(bot, server)


@pytest.mark.nightly
async def test_where_an_answer_does_not_get_through_it_is_given_a_moment_later(
    server: DiscordServer, place: Place, bot: BotProcess
):
    """Neither the answer nor the sentence about its failure: then it is tried again."""
    image = await drawn(server, place)
    server.faults.next(Fault.DROPPED_BEFORE, "PATCH", ORIGINAL, times=2)
    asked = await deferred(server, place, "show", id=image)
    assert (await completed(server, asked)).images == [image]
    assert server.people.followups(asked) == []


async def test_what_a_stop_interrupts_is_said_at_once(
    server: DiscordServer, place: Place, bot: BotProcess
):
    server.faults.next(Fault.HANGS, "GET", CDN)
    asked = await deferred(server, place, "inspect", image=("a.png", picture(1)))
    await server.changes.until(lambda: server.journal.fault_counts[Fault.HANGS])
    assert await bot.terminate() == 0
    server.faults.clear()
    told = await completed(server, asked)
    assert "interrupted before it could answer `/inspect`: please ask again" in told.text
    assert "Traceback" not in bot.log
    assert rows_of(bot) == []


@pytest.mark.nightly
async def test_a_stop_does_not_wait_for_a_discord_that_hangs(
    server: DiscordServer, place: Place, bot: BotProcess
):
    image = await drawn(server, place)
    await bot.kill()
    bot.answers_in_haste = True
    await bot.start()
    for method in ("GET", "PATCH"):
        server.faults.next(Fault.HANGS, method, ORIGINAL, times=None)
    asked = await deferred(server, place, "show", id=image)
    await server.changes.until(lambda: server.journal.fault_counts[Fault.HANGS])
    async with asyncio.timeout(10):
        assert await bot.terminate() == 0
    server.faults.clear()
    await bot.start()
    assert (await completed(server, asked)).images == [image]
    await forgotten(bot, server)


async def test_a_pressed_button_is_answered_after_a_restart(
    server: DiscordServer, place: Place, bot: BotProcess, board: list[Path]
):
    shown = await run(server, place, "board show")
    server.faults.next(Fault.HANGS, "PATCH", ORIGINAL)
    message = server.people.response(shown)
    custom_id = next(each for each in custom_ids(message) if each.startswith("zib:b:palette"))
    await server.people.press(place.ada, message, custom_id=custom_id)
    await server.changes.until(lambda: server.journal.fault_counts[Fault.HANGS])
    await bot.kill()
    server.faults.clear()
    before = server.people.response(shown).text
    await bot.start()
    await server.changes.until(lambda: server.people.response(shown).text != before)
    assert "#" in server.people.response(shown).text


def test_nothing_is_answered_past_the_one_way_out():
    """A promise that only Discord knows of is broken by every restart."""
    past = re.compile(r"\.response\.(defer|send_message|send_modal|edit_message)\b")
    found = [
        path.name
        for folder in (ROOT / "cogs", ROOT / "bot" / "discord_ui")
        for path in folder.rglob("*.py")
        if path.parent.name != "answers" and past.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_start_removes_what_a_killed_one_left_and_nothing_else(tmp_path: Path):
    mine = [tmp_path / "tmp" / "board-a1b2c3d4", tmp_path / ".restore-a1b2c3d4"]
    others = [tmp_path / "tmp" / "board-of-mine", tmp_path / "images", tmp_path / ".restore-x"]
    for folder in (*mine, *others):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x")
    assert sweep_temporary(tmp_path) == len(mine)
    assert not any(each.exists() for each in mine)
    assert all((each / "file").exists() for each in others)


def test_a_copy_that_a_killed_process_had_half_written_is_removed_after_an_hour(tmp_path: Path):
    folder = tmp_path / "ab"
    folder.mkdir()
    old, new, other = (folder / name for name in (".abcd1234.part", ".abcd5678.part", ".mine.part"))
    for path in (old, new, other):
        path.write_bytes(b"x")
    for path in (old, other):
        os.utime(path, (0, 0))
    PictureCache(tmp_path).sweep_unfinished()
    assert sorted(folder.iterdir()) == sorted([new, other])
