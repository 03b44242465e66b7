"""Who asks, what they may view in Discord, and what everyone in a channel may view."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import discord

from bot.discord_ui.channel_rules import Place, is_open_to
from bot.discord_ui.client import ImageBot
from bot.discord_ui.places import Places
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.viewers import guild_of, viewer_of
from bot.domain.boards import Board, LogEntry
from bot.domain.viewers import Viewer
from bot.services.boards import with_items

NEEDED: Final = discord.Permissions(view_channel=True, attach_files=True, read_message_history=True)


async def member_viewer_of(interaction: discord.Interaction, also: Collection[int] = ()) -> Viewer:
    """Return who asks for boards.

    Raises:
        RefusalError: It is not asked in a server that invited the bot: boards are a server's.

    """
    member_of(interaction)
    return await viewer_of(interaction, also)


def member_of(interaction: discord.Interaction) -> discord.Member:
    """Return the member who asks.

    Raises:
        RefusalError: It is not asked in a server that invited the bot.

    """
    if guild_of(interaction) is None or not isinstance(interaction.user, discord.Member):
        raise RefusalError("board_no_guild")
    return interaction.user


def bot_viewer(bot: ImageBot, guild_id: int) -> Viewer:
    """Return the bot itself, which a board's log names for what Discord made it do."""
    assert bot.user is not None
    return Viewer(user_id=bot.user.id, user_name=bot.user.name, guild_id=guild_id)


def may_keep(place: Place) -> bool:
    """Return whether the bot may keep a message in a channel or thread, beside pinning it."""
    permissions = place.permissions_for(place.guild.me)
    may_send = permissions.send_messages
    if isinstance(place, discord.Thread):
        may_send = permissions.send_messages_in_threads
    return may_send and permissions.is_superset(NEEDED)


def may_pin(place: Place) -> bool:
    """Return whether the bot may pin a message: since 2026 Manage Messages is not enough."""
    return place.permissions_for(place.guild.me).pin_messages


def sources_of(*boards: Board) -> set[int]:
    """Return the channels that pictures of boards were taken from."""
    return {
        item.channel_id for board in boards for item in board.items if item.channel_id is not None
    }


async def open_here(
    book: Places, guild: discord.Guild, channel_id: int, others: Collection[int]
) -> set[int]:
    """Return which channels everyone may view who may view this one, as far as is certain."""
    places, _ = await book.find_all(guild, {channel_id, *others})
    shown = places.get(channel_id)
    if shown is None:
        return set()
    return {id_ for id_ in others if id_ in places and is_open_to(places[id_], shown)}


async def seen_by_all(book: Places, guild: discord.Guild, board: Board) -> Board:
    """Return a board with the pictures that everyone who may view its channel may see."""
    assert board.channel_id is not None
    seen = {None, *await open_here(book, guild, board.channel_id, sources_of(board))}
    return with_items(board, [item for item in board.items if item.channel_id in seen])


async def told_to_all(
    book: Places, guild: discord.Guild, seen: Board, activities: Sequence[LogEntry]
) -> list[LogEntry]:
    """Return the log entries that everyone who can view the board's channel may read."""
    assert seen.channel_id is not None
    others = {each.channel_id for each in activities if each.channel_id is not None}
    viewable = {None, *await open_here(book, guild, seen.channel_id, others)}
    numbers = {item.number for item in seen.items}
    return [each for each in activities if each.channel_id in viewable or each.number in numbers]
