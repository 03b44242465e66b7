"""Mood boards as people meet them: made, filled, curated, kept current, and private."""

from __future__ import annotations

import io
from typing import Any

import discord
import pytest
from PIL import Image

from tests.board_room import picture
from tests.town import (
    SMALL,
    Town,
    answer_of,
    gallery_of,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
    walk,
)

pytest_plugins = ["tests.bot_fixtures"]


async def create(town: Town, name: str = "Spring", *, who: Any = None, **options: Any) -> Any:
    """Make a board by its command, and return it as it is kept."""
    options.setdefault("channel", town.channel)
    result = await (who or town.moderator).slash(town.channel, "board create", name=name, **options)
    assert answer_of(result).ephemeral, texts_of(answer_of(result))
    return await board_of(town, name)


async def board_of(town: Town, name: str = "Spring") -> Any:
    [found] = [
        await town.service.boards.board(board.id)
        for _, board in await town.service._store.boards.summaries(town.guild.id)
        if board.name == name and board.deleted_at is None
    ]
    return found


def sheet_of(town: Town, channel: Any = None) -> Any:
    """Return the pinned message of the board that a channel is, or None."""
    pinned = (channel or town.channel).pinned_messages()
    return pinned[-1] if pinned else None


async def current(town: Town, name: str = "Spring", channel: Any = None) -> Any:
    """Wait until the pinned message shows what is so now, and return it."""
    from cogs.board_pinned import shown_revision

    board = await board_of(town, name)

    def is_current() -> bool:
        message = sheet_of(town, channel)
        return message is not None and shown_revision(message, board.id) == board.revision

    await town.until(is_current)
    return sheet_of(town, channel)


async def add(town: Town, message: Any, who: Any = None) -> Any:
    """Press Add to board under an image in the board's channel."""
    return await (who or town.ada).click(message, label="Add to board")


async def test_a_channel_becomes_a_board_with_a_pinned_sheet(town: Town):
    await create(town, brief="Fresh greens")
    message = await current(town)
    assert "Spring" in texts_of(message)
    assert message.author.id == town.bot.user.id
    [sheet] = message.attachments
    image = Image.open(io.BytesIO(await sheet.read()))
    assert image.width > 1000
    assert gallery_of(message)[0]["media"]["url"]


async def test_an_image_is_added_by_one_press_and_the_sheet_follows(town: Town):
    await create(town)
    before = await current(town)
    message = await town.imagine(seed=5)
    assert "Add to board" in labels_of(message)
    words = private_sentence(await add(town, message))
    assert "Picture **1** on **Spring**" in words
    after = await current(town)
    assert after.id == before.id, "the message edits itself"
    assert "1 picture" in texts_of(after)
    assert f"<@{town.ada.id}> added **1**" in texts_of(after)
    assert after.attachments[0].filename != before.attachments[0].filename
    again = private_sentence(await add(town, message, town.ming))
    assert "It hangs there already: picture **1**" in again
