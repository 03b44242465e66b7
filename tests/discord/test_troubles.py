"""What is known to go wrong around the bot is one plain sentence, and leaves nothing half-done."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import sqlite3
from typing import Any

import pytest

from bot.discord_ui.attachments import Attachment, fetch
from bot.errors import BotError
from tests.discord.test_forms import again, values_of
from tests.support.board_channels import add_picture, board_of, create
from tests.support.boards_env import picture
from tests.support.discord_env import SMALL, DiscordEnv, private_sentence, texts_of

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch):
    """Return what lets every file fail at its end, as a full disk does."""

    def fill() -> None:
        def refuse(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("bot.media.picture_files.os.fsync", refuse)

    yield fill
    monkeypatch.undo()


async def test_a_full_disk_is_said_and_nothing_hangs_or_lies_there(
    env: DiscordEnv, full_disk: Any, monkeypatch: pytest.MonkeyPatch
):
    await create(env, channel=None)
    copies = env.service._store.boards.folder
    full_disk()
    words = texts_of(await add_picture(env, board="Spring"))
    assert words == "My disk is full, so this was not done: whoever runs me has to make room."
    env.locales[env.ming.id] = "zh-CN"
    assert "磁盘已满" in texts_of(await add_picture(env, who=env.ming, board="Spring"))
    assert (await board_of(env)).items == ()
    assert [path for path in copies.glob("[0-9a-f][0-9a-f]/*") if path.is_file()] == []
    env.expected_errors.append(OSError)
    monkeypatch.undo()
    assert "Picture **1**" in texts_of(await add_picture(env, board="Spring"))


async def test_a_locked_database_is_said_and_what_was_typed_comes_back(env: DiscordEnv):
    await create(env, channel=None)
    await add_picture(env, board="Spring")
    message = await env.imagine(seed=5)
    shown = await env.ada.click(message, label="Edit")
    async with env.service._store.database.transaction() as db:
        await db.execute("PRAGMA busy_timeout = 1")
    with contextlib.closing(sqlite3.connect(env.settings.data_dir / "bot.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")
        for result in (
            await env.ada.slash(env.channel, "imagine", prompt="a pear", size=SMALL),
            await env.ada.slash(env.channel, "board vote", number=1, board="Spring"),
            await env.ada.slash(env.channel, "board add", image=("b.png", picture(2))),
            await env.ada.click(message, label="Edit"),
        ):
            words = private_sentence(result)
            assert "could not be written (another program is writing to it)" in words
        wrong = await env.ada.slash(env.channel, "imagine", prompt="a pear", size="1x1")
        assert "1x1" in private_sentence(wrong), "that it cannot be typed again is not the reason"
        lost = await env.ada.submit_modal(shown, {"prompt": "a plum", "size": SMALL})
        assert "could not be written" in private_sentence(lost)
    board = await board_of(env)
    assert [(each.number, each.votes) for each in board.items] == [(1, 0)]
    copies = env.service._store.boards.folder
    assert len([*copies.glob("[0-9a-f][0-9a-f]/*")]) == 1
    await env.idle()


async def test_a_file_that_does_not_come_is_given_up(
    env: DiscordEnv, monkeypatch: pytest.MonkeyPatch
):
    async def hang(_url: str) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(env.bot.http, "get_from_cdn", hang)
    env.bot.fetch_within_s = 0.05
    file = Attachment(name="a.png", url="https://cdn.example/a.png", size_bytes=9, is_spoiler=False)
    with pytest.raises(BotError, match=r"'a\.png' cannot be fetched from Discord"):
        await fetch(env.bot, file)


async def test_a_form_is_offered_again_where_the_database_was_locked_behind_it(
    env: DiscordEnv,
):
    message = await env.imagine(seed=5)
    shown = await env.ada.click(message, label="Edit")
    store = env.service._store

    async def locked(*_: object) -> None:
        async with store.database.transaction():
            raise sqlite3.OperationalError("database is locked")

    env.bot.form_handlers["edit"] = locked
    refused = await env.ada.submit_modal(shown, {"prompt": "a plum", "size": SMALL})
    assert "could not be written" in private_sentence(refused)
    assert values_of(await again(env.ada, refused))["prompt"] == "a plum"
