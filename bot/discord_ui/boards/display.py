"""A board and its pictures as private answers: shown, turned, and kept current in place."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import discord

from bot.discord_ui.answers import Answer
from bot.discord_ui.boards.choice import boards_of
from bot.discord_ui.boards.components import Reader
from bot.discord_ui.boards.people import (
    may_keep,
    may_pin,
    member_of,
    member_viewer_of,
)
from bot.discord_ui.boards.views import BoardView, board_content, picture_content
from bot.discord_ui.content import Content
from bot.discord_ui.deferrals import defer
from bot.discord_ui.places import places_of
from bot.discord_ui.submission import bot_of
from bot.domain.boards import Access, Board, BoardState, LogEntry, SheetOrder, access_of
from bot.domain.deferrals import Repeat
from bot.locales import text

logger = logging.getLogger(__name__)


def is_private(interaction: discord.Interaction) -> bool:
    """Return whether the pressed message is private."""
    return interaction.message is not None and interaction.message.flags.ephemeral


async def acknowledge(interaction: discord.Interaction, repeat: Repeat = Repeat.NEVER) -> None:
    """Say within three seconds that an answer comes: in place of a private message, or beside.

    Before anything is done: who was told that nobody answered finds nothing done.

    Raises:
        UnansweredError: Discord does not take it.

    """
    await defer(interaction, thinking=not is_private(interaction), repeat=repeat)


async def present(interaction: discord.Interaction, content: Content) -> None:
    """Answer in private: in place of a private message, or beside a public one."""
    answer = Answer.to(interaction)
    if not answer.is_begun and is_private(interaction):
        await answer.update(content)
    else:
        await answer.give(content)


def looking_of(
    interaction: discord.Interaction, *, page: int = 1, order: SheetOrder | None = None
) -> BoardView:
    """Return how the reader of an answer looks at a board."""
    return BoardView(
        locale=str(interaction.locale),
        limit_bytes=interaction.filesize_limit,
        page=page,
        order=order,
    )


async def present_board(
    interaction: discord.Interaction,
    board: Board,
    *,
    page: int = 1,
    order: SheetOrder | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Show a board to its reader alone."""
    await acknowledge(interaction)
    looking = looking_of(interaction, page=page, order=order)
    service = bot_of(interaction).service
    await present(interaction, await board_content(service, board, looking, notes=notes))


async def present_picture(
    interaction: discord.Interaction, board_id: str, number: int, *, notes: Sequence[str] = ()
) -> None:
    """Show a picture to its reader alone, as it is now."""
    await acknowledge(interaction)
    viewer, boards = await member_viewer_of(interaction), boards_of(interaction)
    board, item = await boards.picture(board_id, number, viewer=viewer)
    content = await picture_content(
        bot_of(interaction).service,
        board,
        item,
        reader=Reader(
            viewer=viewer,
            access=access_of(board, viewer),
            neighbours=await boards.neighbours(board_id, number, viewer=viewer),
        ),
        looking=looking_of(interaction),
        notes=notes,
    )
    await present(interaction, content)


async def troubles(interaction: discord.Interaction, board: Board) -> list[str]:
    """Return what keeps the bot from showing a board in its channel, for who curates it."""
    access = access_of(board, await member_viewer_of(interaction))
    if board.channel_id is None or board.state is not BoardState.OPEN or access < Access.CURATE:
        return []
    locale, channel = str(interaction.locale), f"<#{board.channel_id}>"
    book, guild = places_of(bot_of(interaction)), member_of(interaction).guild
    places, _ = await book.find_all(guild, {board.channel_id})
    place = places.get(board.channel_id)
    if place is None or not may_keep(place):
        return [text("board_may_not_post", locale, channel=channel)]
    return [] if may_pin(place) else [text("board_cannot_pin", locale)]


def when(activity: LogEntry) -> str:
    """Return when something was done, as every reader's client tells times."""
    return f"<t:{int(activity.created_at.timestamp())}:R>"
