"""Which board and which picture a command is about, as far as its reader may see them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import discord
from discord import app_commands

from bot.discord_ui.boards.formatting import item_name
from bot.discord_ui.boards.people import actor_of, may_view_board, seen_by, sources_of
from bot.discord_ui.formatting import shortened
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import viewer_of
from bot.domain.boards import Access, Board, BoardState, BoardSummary, Item, access_of
from bot.domain.boards.rules import name_key
from bot.errors import BotError
from bot.services.boards import Boards, no_board, no_picture

BoardCommand = app_commands.Command[Any, ..., Any]
CHOICES: Final = 25  # Discord's limit of suggestions and of a select's options
CHOICE_LENGTH: Final = 100  # Discord's, characters


def boards_of(interaction: discord.Interaction) -> Boards:
    """Return the boards of the bot that an interaction came to."""
    return bot_of(interaction).service.boards


async def board_of(interaction: discord.Interaction, typed: str | None = None) -> Board:
    """Return the board that was named, or that this channel is, or the only one there is.

    It holds the pictures that the reader may see.

    Raises:
        BotError: There is none that the reader may see, or it must be named.

    """
    if typed is None:
        return await _meant(interaction)
    try:
        return await _named(interaction, typed)
    except BotError:
        if interaction.type is discord.InteractionType.application_command:
            raise
        raise RefusalError("board_gone") from None  # a button knows no name


async def _named(interaction: discord.Interaction, typed: str) -> Board:
    actor = actor_of(interaction)
    board = await boards_of(interaction).find(actor, typed)
    viewer = await viewer_of(interaction, {board.channel_id, *sources_of(board)})
    if not may_view_board(viewer, board.channel_id, access_of(board, actor)):
        raise no_board(typed)
    return seen_by(viewer, actor, board)


async def picture_of(
    interaction: discord.Interaction, typed: str | None, number: int
) -> tuple[Board, Item]:
    """Return a picture that the reader may see, and its board.

    Raises:
        BotError: There is none.

    """
    board = await board_of(interaction, typed)
    item = board.item(number)
    if item is None:
        raise no_picture(board, number)
    return board, item


async def _meant(interaction: discord.Interaction) -> Board:
    """Return the board that is meant where none is named."""
    if (here := await id_here(interaction)) is not None:
        with contextlib.suppress(BotError):  # it is not for this reader
            return await _named(interaction, here)
    found = await summaries(interaction)
    if not found:
        raise RefusalError("board_none")
    if len(found) > 1:
        raise RefusalError("board_which")
    return await _named(interaction, found[0].id)


async def id_here(interaction: discord.Interaction) -> str | None:
    """Return the id of the board that this channel is, or the channel that this thread is in."""
    actor = actor_of(interaction)
    parent = getattr(interaction.channel, "parent_id", None)
    for channel_id in (interaction.channel_id, parent):
        if channel_id is not None:
            board = await boards_of(interaction).of_channel(actor.guild_id, channel_id)
            if board is not None:
                return board.id
    return None


async def summaries(
    interaction: discord.Interaction, *, needs: Access = Access.LOOK, **which: bool
) -> list[BoardSummary]:
    """Return the boards that the reader may see and use so; the last changed first."""
    found = await boards_of(interaction).boards(actor_of(interaction), **which)
    found.sort(key=lambda each: each.changed_at, reverse=True)
    usable = [each for each in found if each.access >= needs]
    viewer = await viewer_of(interaction, [each.channel_id for each in usable])
    return [each for each in usable if may_view_board(viewer, each.channel_id, each.access)]


async def counted(
    interaction: discord.Interaction, found: Sequence[BoardSummary]
) -> list[BoardSummary]:
    """Return boards with how many pictures the reader may see on each."""
    counts = await boards_of(interaction).counts(actor_of(interaction))
    sources = {each.channel_id for each in counts if each.channel_id is not None}
    viewer = await viewer_of(interaction, sources)
    lines = []
    for board in found:
        seen = {None, *viewer.channels, *(viewer.gone if board.access is Access.OWN else ())}
        here = [each for each in counts if each.board_id == board.id and each.channel_id in seen]
        num_items = sum(each.num_items for each in here)
        num_approved = sum(each.num_approved for each in here)
        lines.append(replace(board, num_items=num_items, num_approved=num_approved))
    return lines


async def suggest_boards(
    interaction: discord.Interaction, typed: str
) -> list[app_commands.Choice[str]]:
    """Suggest boards whose names contain the typed text."""
    with contextlib.suppress(BotError):
        return _choices(await summaries(interaction, with_archived=True), typed)
    return []


async def suggest_deleted(
    interaction: discord.Interaction, typed: str
) -> list[app_commands.Choice[str]]:
    """Offer what can be brought back: deleted boards and those in the archive, then all others."""
    with contextlib.suppress(BotError):
        found = await summaries(interaction, with_archived=True, with_deleted=True)
        order = [BoardState.DELETED, BoardState.ARCHIVED, BoardState.OPEN]
        found.sort(key=lambda each: order.index(each.state))
        return _choices(found, typed)
    return []


def _choices(found: Sequence[BoardSummary], typed: str) -> list[app_commands.Choice[str]]:
    wanted = name_key(typed)
    return [
        app_commands.Choice(name=shortened(each.name, CHOICE_LENGTH), value=each.id)
        for each in found
        if wanted in name_key(each.name)
    ][:CHOICES]


async def suggest_numbers(
    interaction: discord.Interaction, typed: str | int
) -> list[app_commands.Choice[int]]:
    """Offer the pictures of the board that is named or meant, by number, words and tags."""
    with contextlib.suppress(BotError):
        board = await board_of(interaction, _typed(interaction))
        return _numbered(board.ordered(), str(typed))
    return []


async def suggest_taken_off(
    interaction: discord.Interaction, typed: str | int
) -> list[app_commands.Choice[int]]:
    """Offer the pictures that were taken off the named board and can be brought back."""
    with contextlib.suppress(BotError):
        board = await board_of(interaction, _typed(interaction))
        actor = actor_of(interaction)
        items = await boards_of(interaction).taken_off(actor, board.id)
        off = replace(board, items=tuple(items))
        seen = seen_by(await viewer_of(interaction, sources_of(off)), actor, off)
        return _numbered(seen.items, str(typed))
    return []


def _typed(interaction: discord.Interaction) -> str | None:
    named: str | None = getattr(interaction.namespace, "board", None)
    return named or None


def _numbered(items: Sequence[Item], typed: str) -> list[app_commands.Choice[int]]:
    wanted = typed.strip().casefold()
    return [
        app_commands.Choice(name=shortened(item_name(item), CHOICE_LENGTH), value=item.number)
        for item in items
        if str(item.number).startswith(wanted)
        or wanted in item_name(item).casefold()
        or any(wanted.removeprefix("#") in tag.casefold() for tag in item.tags)
    ][:CHOICES]
