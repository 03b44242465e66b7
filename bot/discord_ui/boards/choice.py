"""Which board and which picture a command is about, as far as its reader may see them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypedDict, Unpack

import discord
from discord import app_commands

from bot.discord_ui.boards.formatting import item_name
from bot.discord_ui.boards.people import member_viewer_of
from bot.discord_ui.formatting import shortened
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.submission import bot_of
from bot.domain.boards import Access, Board, BoardState, BoardSummary, Item, ItemLabel
from bot.domain.plain_text import name_key
from bot.errors import BotError
from bot.services.boards import Boards, NoBoardError

BoardCommand = app_commands.Command[Any, ..., Any]
CHOICES: Final = 25  # Discord's limit of suggestions and of a select's options
CHOICE_LENGTH: Final = 100  # Discord's, characters


def boards_of(interaction: discord.Interaction) -> Boards:
    """Return the boards of the bot that an interaction came to."""
    return bot_of(interaction).service.boards


@contextlib.contextmanager
def nameless() -> Iterator[None]:
    """Say of a board that is gone only that: who presses a button typed no name."""
    try:
        yield
    except NoBoardError:
        raise RefusalError("board_gone") from None


async def board_of(interaction: discord.Interaction, typed: str | None = None) -> Board:
    """Return the board that was named, or that this channel is, or the only one there is.

    It holds the pictures that the reader may see.

    Raises:
        BotError: There is none that the reader may see, or it must be named.

    """
    viewer = await member_viewer_of(interaction)
    return await boards_of(interaction).find(await _meant(interaction, typed), viewer=viewer)


async def head_of(
    interaction: discord.Interaction, typed: str | None = None, **needs: Unpack[Needs]
) -> Board:
    """Return the same board, without its pictures, if so much may be done with it."""
    viewer, meant = await member_viewer_of(interaction), await _meant(interaction, typed)
    return await boards_of(interaction).head(meant, viewer=viewer, **needs)


class Needs(TypedDict, total=False):
    """What its reader wants to do with a board."""

    needs: Access
    is_archive_fine: bool


async def picture_of(
    interaction: discord.Interaction, typed: str | None, number: int
) -> tuple[Board, Item]:
    """Return a picture that the reader may see, and its board without the others.

    Raises:
        BotError: There is none.

    """
    viewer, meant = await member_viewer_of(interaction), await _meant(interaction, typed)
    return await boards_of(interaction).picture(meant, number, viewer=viewer)


async def _meant(interaction: discord.Interaction, typed: str | None) -> str:
    """Return what was typed, or the id of the board that is meant where nothing was."""
    if typed is not None:
        return typed
    if (here := await id_here(interaction)) is not None:
        return here
    found = await summaries(interaction)
    if not found:
        raise RefusalError("board_none")
    if len(found) > 1:
        raise RefusalError("board_which")
    return found[0].id


async def id_here(interaction: discord.Interaction) -> str | None:
    """Return the id of the board that this channel is, or the channel that this thread is in."""
    parent = getattr(interaction.channel, "parent_id", None)
    viewer = await member_viewer_of(interaction)
    return await boards_of(interaction).of_channel(interaction.channel_id, parent, viewer=viewer)


async def summaries(
    interaction: discord.Interaction, *, needs: Access = Access.LOOK, **which: bool
) -> list[BoardSummary]:
    """Return the boards that the reader may see and use so; the last changed first."""
    viewer = await member_viewer_of(interaction)
    found = await boards_of(interaction).boards(viewer=viewer, **which)
    found.sort(key=lambda each: each.changed_at, reverse=True)
    return [each for each in found if each.access >= needs]


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
        viewer, meant = (
            await member_viewer_of(interaction),
            await _meant(interaction, _typed(interaction)),
        )
        return _numbered(await boards_of(interaction).labels(meant, viewer=viewer), str(typed))
    return []


async def suggest_taken_off(
    interaction: discord.Interaction, typed: str | int
) -> list[app_commands.Choice[int]]:
    """Offer the pictures that were taken off the named board and can be brought back."""
    with contextlib.suppress(BotError):
        board = await head_of(interaction, _typed(interaction))
        viewer = await member_viewer_of(interaction)
        items = await boards_of(interaction).taken_off(board.id, viewer=viewer)
        return _numbered(items, str(typed))
    return []


def _typed(interaction: discord.Interaction) -> str | None:
    named: str | None = getattr(interaction.namespace, "board", None)
    return named or None


def _numbered(items: Sequence[Item | ItemLabel], typed: str) -> list[app_commands.Choice[int]]:
    wanted = typed.strip().casefold()
    return [
        app_commands.Choice(name=shortened(item_name(item), CHOICE_LENGTH), value=item.number)
        for item in items
        if str(item.number).startswith(wanted)
        or wanted in item_name(item).casefold()
        or any(wanted.removeprefix("#") in tag.casefold() for tag in item.tags)
    ][:CHOICES]
