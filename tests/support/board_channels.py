"""What tests of boards in a simulated Discord share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import discord

from bot.discord_ui.boards.revision import shown_revision
from bot.domain.boards import Board
from tests.support.boards_env import picture
from tests.support.discord_env import PATIENCE_S, DiscordEnv, answer_of, texts_of, walk


async def create(
    env: DiscordEnv, name: str = "Spring", *, who: Any = None, **options: Any
) -> Board:
    """Make a board by its command, of the server's channel unless said otherwise."""
    options = {"channel": env.channel, **options}
    options = {key: value for key, value in options.items() if value is not None}
    result = await (who or env.moderator).slash(env.channel, "board create", name=name, **options)
    assert answer_of(result).ephemeral
    return await board_of(env, name)


async def board_of(env: DiscordEnv, name: str = "Spring") -> Board:
    """Return a board as it is kept, whoever may see it."""
    found = [
        await env.service.system.boards.board(summary.id)
        for summary, board in await env.service._store.boards.summaries(env.guild.id)
        if board.name == name and board.deleted_at is None
    ]
    assert found[0] is not None
    return found[0]


async def changed(env: DiscordEnv, is_so: Callable[[Board], bool], name: str = "Spring") -> Board:
    """Wait until a board is so, which Discord's events bring about, and return it."""
    told = asyncio.Event()

    async def note(_board_id: str) -> None:
        told.set()

    end = env.service.system.boards.on_change(note)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so(board := await board_of(env, name)):
                await told.wait()
                told.clear()
    finally:
        end()
    return board


def pinned(channel: Any) -> Any:
    """Return the pinned message of a channel, or None."""
    messages = channel.pinned_messages()
    assert len(messages) <= 1, "a board has one message"
    return messages[0] if messages else None


async def current(env: DiscordEnv, name: str = "Spring", channel: Any = None) -> Any:
    """Wait until the pinned message shows what is so now, and return it."""
    board = await board_of(env, name)

    def is_current() -> bool:
        message = pinned(channel or env.channel)
        return message is not None and shown_revision(message, board.id) == board.revision

    await env.until(is_current)
    return pinned(channel or env.channel)


async def post_picture(who: Any, channel: Any, seed: int = 1, **options: Any) -> discord.Message:
    """Let somebody post a picture that this bot did not make."""
    name = options.pop("name", f"photo-{seed}.png")
    return await who.send(
        channel, "look", attachments=[(name, options.pop("content", picture(seed)))]
    )


async def add_picture(
    env: DiscordEnv, seed: int = 1, *, who: Any = None, channel: Any = None, **options: Any
) -> Any:
    """Hand a picture in by the command, and return the answer."""
    result = await (who or env.ada).slash(
        channel or env.channel,
        "board add",
        image=(f"photo-{seed}.png", picture(seed)),
        **options,
    )
    return answer_of(result)


def select_of(message: Any, start: str) -> dict[str, Any]:
    """Return the select of a message whose `custom_id` starts so."""
    [found] = [
        each
        for each in walk(message)
        if each.get("type") == 3 and each["custom_id"].startswith(start)
    ]
    return found


def button_of(message: Any, start: str) -> str:
    """Return the `custom_id` of a message's button that starts so."""
    [found] = [
        each["custom_id"]
        for each in walk(message)
        if each.get("type") == 2 and each["custom_id"].startswith(start)
    ]
    return found


async def press(who: Any, message: Any, start: str) -> Any:
    """Press the button whose `custom_id` starts so."""
    return await who.click(message, custom_id=button_of(message, start))


def said(result: Any) -> str:
    """Return the text of the last private answer."""
    answer = answer_of(result)
    assert answer is not None, "the interaction was not answered"
    assert answer.ephemeral, "the answer can be seen by everyone"
    return texts_of(answer)
