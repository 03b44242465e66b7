"""Who asks, what they may view in Discord, and what everyone in a channel may view."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

import discord

from bot.discord_ui.channel_rules import Place, is_open_to
from bot.discord_ui.client import ImageBot
from bot.discord_ui.places import Places
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.viewers import guild_of, rights_of
from bot.domain.boards import Access, Actor, Board, ItemStatus, LogEntry, access_of
from bot.domain.viewers import Viewer
from bot.media.palettes import merged

NEEDED: Final = discord.Permissions(view_channel=True, attach_files=True, read_message_history=True)


def actor_of(interaction: discord.Interaction) -> Actor:
    """Return who asks.

    Raises:
        RefusalError: It is not asked in a server that invited the bot: boards are a server's.

    """
    member = member_of(interaction)
    if "actor" not in interaction.extras:
        interaction.extras["actor"] = actor_of_member(member)
    found: Actor = interaction.extras["actor"]
    return found


def member_of(interaction: discord.Interaction) -> discord.Member:
    """Return the member who asks.

    Raises:
        RefusalError: It is not asked in a server that invited the bot.

    """
    if guild_of(interaction) is None or not isinstance(interaction.user, discord.Member):
        raise RefusalError("board_no_guild")
    return interaction.user


def actor_of_member(member: discord.Member) -> Actor:
    """Return a member as boards know them."""
    rights = rights_of(member)
    return Actor(
        guild_id=member.guild.id,
        user_id=member.id,
        user_name=member.display_name,
        role_ids=frozenset(role.id for role in member.roles),
        is_moderator=rights.is_moderator,
        moderated=rights.moderated,
    )


def bot_actor(bot: ImageBot, guild_id: int) -> Actor:
    """Return the bot itself, for what it reads on its own."""
    assert bot.user is not None
    return Actor(guild_id=guild_id, user_id=bot.user.id, user_name=bot.user.name, is_moderator=True)


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


def seen_by(viewer: Viewer, actor: Actor, board: Board) -> Board:
    """Return a board with only the pictures that the viewer may see.

    Pictures from a channel that is gone are shown to who made or added them and to who owns the
    board: nobody can tell any more who else could view that channel.

    Args:
        viewer: Knows the channels of the board's pictures.
        actor: The same person.
        board: As it is kept.

    """
    own = {
        item.number
        for item in board.items
        if item.channel_id in viewer.gone and viewer.user_id in {item.author_id, item.added_by}
    }
    return _only(board, _viewable(viewer, access_of(board, actor)), own)


def told_to(
    viewer: Viewer, actor: Actor, seen: Board, activities: Sequence[LogEntry]
) -> list[LogEntry]:
    """Return the log entries that the viewer may read; `seen` is the board as they see it."""
    return _readable(activities, seen, _viewable(viewer, access_of(seen, actor)))


def _viewable(viewer: Viewer, access: Access) -> Collection[int]:
    """Return the channels whose pictures somebody may see on a board where they may do so much."""
    return viewer.channels | (viewer.gone if access is Access.OWN else frozenset())


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
    return _only(board, await open_here(book, guild, board.channel_id, sources_of(board)), ())


async def told_to_all(
    book: Places, guild: discord.Guild, seen: Board, activities: Sequence[LogEntry]
) -> list[LogEntry]:
    """Return the entries of a log that everyone may read who may view the board's channel."""
    assert seen.channel_id is not None
    others = channels_of(activities)
    return _readable(activities, seen, await open_here(book, guild, seen.channel_id, others))


def _readable(
    activities: Sequence[LogEntry], seen: Board, viewable: Collection[int]
) -> list[LogEntry]:
    """Return entries of pictures that are seen, or were taken from channels that may be viewed."""
    numbers = {item.number for item in seen.items}
    return [
        each
        for each in activities
        if each.channel_id is None or each.channel_id in viewable or each.number in numbers
    ]


def channels_of(activities: Sequence[LogEntry]) -> set[int]:
    """Return the channels that the pictures of a log's entries were taken from."""
    return {each.channel_id for each in activities if each.channel_id is not None}


def _only(board: Board, channels: Collection[int], numbers: Collection[int]) -> Board:
    """Return a board with pictures of these channels or numbers, and those bound to no channel.

    Its colours are those of its pictures: hidden ones leave none behind.
    """
    items = tuple(
        item
        for item in board.items
        if item.channel_id is None or item.channel_id in channels or item.number in numbers
    )
    if len(items) == len(board.items):
        return board
    palettes = [item.palette for item in items if item.status is not ItemStatus.REJECTED]
    return replace(board, items=items, palette=merged(palettes))


def may_view_board(viewer: Viewer, channel_id: int | None, access: Access) -> bool:
    """Return whether the viewer may see a board's channel; True for a board without one.

    One that is gone was perhaps hidden: only who owns the board still sees it.
    """
    if channel_id is None:
        return True
    if channel_id in viewer.gone:
        return access is Access.OWN
    return channel_id in viewer.channels
