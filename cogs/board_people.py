"""Who asks, what they may view in Discord, and what everyone in a channel may view."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

import discord

from bot.boards import Access, Activity, Actor, Board, Item, Status, access_of
from bot.client import ImageBot, RefusalError
from bot.palettes import merged
from cogs.submitting import guild_of

NEEDED: Final = discord.Permissions(view_channel=True, attach_files=True, read_message_history=True)
Place = discord.abc.GuildChannel | discord.Thread


def actor_of(interaction: discord.Interaction) -> Actor:
    """Return who asks.

    Raises:
        RefusalError: It is not asked in a server that invited the bot: boards are a server's.

    """
    member = member_of(interaction)
    return actor_of_member(member)


def member_of(interaction: discord.Interaction) -> discord.Member:
    """Return the member who asks.

    Raises:
        RefusalError: It is not asked in a server that invited the bot.

    """
    if guild_of(interaction) is None or not isinstance(interaction.user, discord.Member):
        raise RefusalError("board_no_guild")
    return interaction.user


def actor_of_member(member: discord.Member) -> Actor:
    """Return a member as boards know them; who manages messages everywhere is a moderator."""
    return Actor(
        guild_id=member.guild.id,
        user_id=member.id,
        user_name=member.display_name,
        role_ids=frozenset(role.id for role in member.roles),
        is_moderator=member.guild_permissions.manage_messages,
    )


def bot_actor(bot: ImageBot, guild_id: int) -> Actor:
    """Return the bot itself, for what it reads on its own."""
    assert bot.user is not None
    return Actor(guild_id=guild_id, user_id=bot.user.id, user_name=bot.user.name, is_moderator=True)


def access_in(board: Board, actor: Actor) -> Access:
    """Return what somebody of the board's guild may do."""
    return access_of(
        board, user_id=actor.user_id, role_ids=actor.role_ids, is_moderator=actor.is_moderator
    )


async def place_of(guild: discord.Guild, channel_id: int) -> Place | None:
    """Return a channel or a thread, also an archived one; None where it is gone.

    Raises:
        discord.Forbidden: Not even the bot may view it.

    """
    place = guild.get_channel_or_thread(channel_id)
    if place is not None:
        return place
    try:
        found = await guild.fetch_channel(channel_id)
    except discord.NotFound:
        return None
    return found


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


async def may_view(place: Place, member: discord.Member) -> bool:
    """Return whether a member may view a channel or thread now."""
    try:
        permissions = place.permissions_for(member)
    except discord.ClientException:  # a thread whose channel the bot cannot view
        return False
    if not permissions.view_channel:
        return False
    if not isinstance(place, discord.Thread) or not place.is_private():
        return True
    return permissions.manage_threads or await _is_in(place, member)


async def _is_in(thread: discord.Thread, member: discord.Member) -> bool:
    try:
        await thread.fetch_member(member.id)
    except discord.NotFound:
        return False
    return True


async def places_of(
    guild: discord.Guild, channel_ids: Collection[int]
) -> tuple[dict[int, Place], set[int]]:
    """Return the channels and threads that are there, and the ids of those that are gone.

    What not even the bot may view is in neither. Archived threads are asked for all at once.
    """
    ids = sorted(channel_ids)
    found = await asyncio.gather(*(place_of(guild, id_) for id_ in ids), return_exceptions=True)
    places: dict[int, Place] = {}
    gone: set[int] = set()
    for id_, place in zip(ids, found, strict=True):
        if place is None:
            gone.add(id_)
        elif not isinstance(place, BaseException):
            places[id_] = place
        elif not isinstance(place, discord.Forbidden):
            raise place
    return places, gone


async def viewable_by(
    member: discord.Member, channel_ids: Collection[int]
) -> tuple[set[int], set[int]]:
    """Return which channels a member may view now, and which are gone."""
    places, gone = await places_of(member.guild, channel_ids)
    may = await asyncio.gather(*(may_view(place, member) for place in places.values()))
    return {id_ for id_, is_so in zip(places, may, strict=True) if is_so}, gone


async def seen_by(member: discord.Member, board: Board) -> Board:
    """Return a board with the pictures that a member may see.

    Pictures from a channel that is gone are shown to who made or added them and to who owns the
    board: nobody can tell any more who else could view that channel.
    """
    viewable, gone = await viewable_by(member, _sources(board.items))
    if access_in(board, actor_of_member(member)) is Access.OWN:
        viewable |= gone
    own = {
        item.number
        for item in board.items
        if item.channel_id in gone and member.id in {item.author_id, item.added_by}
    }
    return _only(board, viewable, own)


async def told_to(
    member: discord.Member, seen: Board, activities: Sequence[Activity]
) -> list[Activity]:
    """Return the entries of a log that a member may read; `seen` is the board as they see it."""
    viewable, gone = await viewable_by(member, _channels(activities))
    if access_in(seen, actor_of_member(member)) is Access.OWN:
        viewable |= gone
    return _readable(activities, seen, viewable)


async def open_here(guild: discord.Guild, channel_id: int, others: Collection[int]) -> set[int]:
    """Return which channels everyone may view who may view this one, as far as is certain."""
    places, _ = await places_of(guild, {channel_id, *others})
    shown = places.get(channel_id)
    if shown is None:
        return set()
    return {id_ for id_ in others if id_ in places and is_open_to(places[id_], shown)}


async def seen_by_all(guild: discord.Guild, board: Board) -> Board:
    """Return a board with the pictures that everyone who may view its channel may see."""
    assert board.channel_id is not None
    return _only(board, await open_here(guild, board.channel_id, _sources(board.items)), ())


async def told_to_all(
    guild: discord.Guild, seen: Board, activities: Sequence[Activity]
) -> list[Activity]:
    """Return the entries of a log that everyone may read who may view the board's channel."""
    assert seen.channel_id is not None
    return _readable(
        activities, seen, await open_here(guild, seen.channel_id, _channels(activities))
    )


def _readable(
    activities: Sequence[Activity], seen: Board, viewable: Collection[int]
) -> list[Activity]:
    """Return entries of pictures that are seen, or were taken from channels that may be viewed."""
    numbers = {item.number for item in seen.items}
    return [
        each
        for each in activities
        if each.channel_id is None or each.channel_id in viewable or each.number in numbers
    ]


def _channels(activities: Sequence[Activity]) -> set[int]:
    return {each.channel_id for each in activities if each.channel_id is not None}


def is_open_to(source: Place, shown: Place) -> bool:
    """Return whether everyone who may view one channel may view another, as far as is certain.

    That is so for the same channel, for a channel that hides itself from nobody, and for two whose
    rules of viewing are the same; never for an age-restricted one and another that is not. Members
    are not known one by one, so what is not certain is no.
    """
    if source.id == shown.id:
        return True
    if isinstance(source, discord.Thread) and source.is_private():
        return False
    one, other = _ground(source), _ground(shown)
    if one is None or other is None:
        return False
    if one.id == other.id:
        return True
    if is_age_restricted(one) and not is_age_restricted(other):
        return False
    return hides_from_nobody(one) or _rules(one) == _rules(other)


def _ground(place: Place) -> discord.abc.GuildChannel | None:
    """Return the channel whose rules of viewing hold in a channel or thread."""
    return place.parent if isinstance(place, discord.Thread) else place


def is_age_restricted(channel: discord.abc.GuildChannel) -> bool:
    """Return whether Discord shows a channel to adults only."""
    return bool(getattr(channel, "nsfw", False))


def hides_from_nobody(channel: discord.abc.GuildChannel) -> bool:
    """Return whether every member of a server may view a channel, of whatever age."""
    denied = any(rule.view_channel is False for rule in channel.overwrites.values())
    is_open = not denied and not is_age_restricted(channel)
    return is_open and channel.permissions_for(channel.guild.default_role).view_channel


def _rules(channel: discord.abc.GuildChannel) -> dict[int, bool]:
    return {
        target.id: rule.view_channel
        for target, rule in channel.overwrites.items()
        if rule.view_channel is not None
    }


def _sources(items: Collection[Item]) -> set[int]:
    return {item.channel_id for item in items if item.channel_id is not None}


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
    palettes = [item.palette for item in items if item.status is not Status.REJECTED]
    return replace(board, items=items, palette=merged(palettes))


async def may_view_board(member: discord.Member, channel_id: int | None, access: Access) -> bool:
    """Return whether a member may view the channel that a board is, where it is one.

    One that is gone was perhaps hidden: only who owns the board still sees it.
    """
    if channel_id is None:
        return True
    try:
        place = await place_of(member.guild, channel_id)
    except discord.Forbidden:
        return False
    return access is Access.OWN if place is None else await may_view(place, member)
