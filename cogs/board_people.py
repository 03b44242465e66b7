"""Who asks, what they may view in Discord, and what everyone in a channel may view."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import discord

from bot.boards import Access, Actor, Board, Item, access_of
from bot.client import ImageBot, RefusalError
from cogs.submitting import guild_of

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


async def seen_by(member: discord.Member, board: Board) -> Board:
    """Return a board with the pictures that a member may see.

    Pictures from a channel that is gone are shown to who made or added them and to who owns the
    board: nobody can tell any more who else could view that channel.
    """
    gone: set[int] = set()
    viewable: set[int] = set()
    for channel_id in _sources(board.items):
        try:
            place = await place_of(member.guild, channel_id)
        except discord.Forbidden:
            continue
        if place is None:
            gone.add(channel_id)
        elif await may_view(place, member):
            viewable.add(channel_id)
    if access_in(board, actor_of_member(member)) is Access.OWN:
        viewable |= gone
    own = {
        item.number
        for item in board.items
        if item.channel_id in gone and member.id in {item.author_id, item.added_by}
    }
    return _only(board, viewable, own)


async def seen_by_all(guild: discord.Guild, board: Board) -> Board:
    """Return a board with the pictures that everyone who may view its channel may see."""
    assert board.channel_id is not None
    shown = await place_of(guild, board.channel_id)
    if shown is None:
        return _only(board, (), ())
    everyone = set()
    for channel_id in _sources(board.items):
        try:
            source = await place_of(guild, channel_id)
        except discord.Forbidden:
            continue
        if source is not None and is_open_to(source, shown):
            everyone.add(channel_id)
    return _only(board, everyone, ())


def is_open_to(source: Place, shown: Place) -> bool:
    """Return whether everyone who may view one channel may view another, as far as is certain.

    That is so for the same channel, for a channel that hides itself from nobody, and for two whose
    rules of viewing are the same. Members are not known one by one, so what is not certain is no.
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
    return _hides_from_nobody(one) or _rules(one) == _rules(other)


def _ground(place: Place) -> discord.abc.GuildChannel | None:
    """Return the channel whose rules of viewing hold in a channel or thread."""
    return place.parent if isinstance(place, discord.Thread) else place


def _hides_from_nobody(channel: discord.abc.GuildChannel) -> bool:
    denied = any(rule.view_channel is False for rule in channel.overwrites.values())
    return not denied and channel.permissions_for(channel.guild.default_role).view_channel


def _rules(channel: discord.abc.GuildChannel) -> dict[int, bool]:
    return {
        target.id: rule.view_channel
        for target, rule in channel.overwrites.items()
        if rule.view_channel is not None
    }


def _sources(items: Collection[Item]) -> set[int]:
    return {item.channel_id for item in items if item.channel_id is not None}


def _only(board: Board, channels: Collection[int], numbers: Collection[int]) -> Board:
    """Return a board with pictures of these channels or numbers, and those bound to no channel."""
    return replace(
        board,
        items=tuple(
            item
            for item in board.items
            if item.channel_id is None or item.channel_id in channels or item.number in numbers
        ),
    )


async def may_view_board(member: discord.Member, board_channel_id: int | None) -> bool:
    """Return whether a member may view the channel that a board is, where it is one."""
    if board_channel_id is None:
        return True
    try:
        place = await place_of(member.guild, board_channel_id)
    except discord.Forbidden:
        return False
    return place is None or await may_view(place, member)
