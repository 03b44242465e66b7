"""Who asks, as the service knows them: the one place where Discord's permissions are read."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import discord

from bot.discord_ui.channel_rules import Place, ground_of, is_age_restricted, is_fit_for, is_open_to
from bot.discord_ui.client import ImageBot
from bot.discord_ui.places import Places, places_of
from bot.domain.scenes import ChannelKind, Scene
from bot.domain.viewers import NO_CHANNEL, MadeAt, Rights, Viewer


def guild_of(interaction: discord.Interaction) -> int | None:
    """Return the guild that images made here belong to; None where they are their user's own.

    Where somebody brought the bot along as a user-installed app, the guild has not invited it, and
    its members need not see each other's images.
    """
    is_brought_along = interaction.is_user_integration() and not interaction.is_guild_integration()
    return None if is_brought_along else interaction.guild_id


def place_here(interaction: discord.Interaction) -> Place | None:
    """Return the channel or thread that is asked in, where it is of a server that has the bot."""
    guild, channel = interaction.guild, interaction.channel
    if guild_of(interaction) is None or guild is None:
        return None
    if isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return channel
    return guild.get_channel_or_thread(interaction.channel_id or 0)


async def scene_of(interaction: discord.Interaction) -> Scene:
    """Return who asks and where, as rules know it; looked up once for an interaction."""
    if "scene" not in interaction.extras:
        bot, scene = interaction.client, scene_here(interaction)
        assert isinstance(bot, ImageBot)
        interaction.extras["scene"] = await _told_apart(bot, scene, place_here(interaction))
    found: Scene = interaction.extras["scene"]
    return found


async def scene_in(bot: ImageBot, who: discord.User | discord.Member, place: Place) -> Scene:
    """Return what somebody falls under in a place of a server, wherever they are now."""
    is_adult = is_age_restricted(place)
    scene = Scene(
        guild_id=place.guild.id,
        user_id=who.id,
        role_ids=_role_ids(who),
        places=places_around(place, place.id),
        kind=ChannelKind.AGE_RESTRICTED if is_adult else ChannelKind.NORMAL,
    )
    return await _told_apart(bot, scene, place)


async def _told_apart(bot: ImageBot, scene: Scene, place: Place | None) -> Scene:
    """Return a scene with its kind of channel, where rules ask for it: Discord may have to tell."""
    if place is None or not bot.service.rules.book(scene.guild_id).has_kinds:
        return scene
    spoilers = await places_of(bot).spoilers(place.guild)
    if scene.kind is not ChannelKind.NORMAL:
        return scene
    is_spoiler = spoilers is None or _ground_id(place) in spoilers
    return replace(scene, kind=ChannelKind.SPOILER) if is_spoiler else scene


def scene_here(interaction: discord.Interaction) -> Scene:
    """Return the same without a look at what is not known yet."""
    known: Scene | None = interaction.extras.get("scene")
    if known is not None:
        return known
    guild_id, member = guild_of(interaction), interaction.user
    place = place_here(interaction)
    is_adult = is_age_restricted(place)
    return Scene(
        guild_id=guild_id,
        user_id=member.id,
        role_ids=_role_ids(member) if guild_id is not None else frozenset(),
        places=places_around(place, interaction.channel_id),
        kind=ChannelKind.AGE_RESTRICTED if is_adult else ChannelKind.NORMAL,
    )


def places_around(place: Place | None, channel_id: int | None) -> tuple[int, ...]:
    """Return a thread, its channel and its category, the innermost first, as far as is known."""
    ground = None if place is None else ground_of(place)
    category_id = None if ground is None else ground.category_id
    ids = (channel_id, None if ground is None else ground.id, category_id)
    return tuple(dict.fromkeys(each for each in ids if each is not None))


def _role_ids(member: discord.User | discord.Member) -> frozenset[int]:
    """Return a member's roles but @everyone, also where the bot does not know the server."""
    if not isinstance(member, discord.Member):
        return frozenset()
    return frozenset(member._roles)  # noqa: SLF001 - `roles` leaves out those of unknown servers


def rights_of(member: discord.Member) -> Rights:
    """Return what a member may do with other people's things.

    Who manages messages in the server itself is a moderator everywhere, whatever single channels
    say. *Manage Server* alone makes no moderator: it says nothing of what others wrote.
    """
    is_manager = member.guild_permissions.manage_guild
    if member.guild_permissions.manage_messages:
        return Rights(is_moderator=True, is_manager=is_manager)
    moderated = {
        channel.id
        for channel in member.guild.channels
        if channel.permissions_for(member).manage_messages
    }
    below = {each.id for each in member.guild.threads if each.parent_id in moderated}
    return Rights(moderated=frozenset(moderated | below), is_manager=is_manager)


async def viewer_of(interaction: discord.Interaction, also: Collection[int | None] = ()) -> Viewer:
    """Return who asks, with what they may see from here; looked up once for an interaction.

    Args:
        interaction: The command, button or form.
        also: Channels to look at, beside those of images and boards; None is none.

    """
    wanted = {each for each in also if each is not None}
    known, viewer = interaction.extras.get("viewer", (frozenset(), None))
    if viewer is None or not known >= wanted:
        known |= wanted
        viewer = await _viewer(interaction, known)
        interaction.extras["viewer"] = known, viewer
    found: Viewer = viewer
    return found


async def owner_viewer_of(interaction: discord.Interaction) -> Viewer:
    """Return who asks, also with whether they run the bot, which only Discord knows."""
    bot = interaction.client
    assert isinstance(bot, ImageBot)
    is_owner = await bot.is_owner(interaction.user)
    return replace(await viewer_of(interaction), is_owner=is_owner)


async def may_make_board(interaction: discord.Interaction, place: Place) -> bool:
    """Tell whether who asks may let a channel or thread become a board."""
    viewer = await viewer_of(interaction, {place.id})
    owner_id = place.owner_id if isinstance(place, discord.Thread) else None
    made = MadeAt(guild_id=place.guild.id, channel_id=place.id, user_id=owner_id or 0)
    return viewer.may_make_board(made)


def viewer_here(interaction: discord.Interaction) -> Viewer:
    """Return who asks as if they saw only the place where they ask: nothing is looked up."""
    channel_id = interaction.channel_id
    here = frozenset() if channel_id is None else frozenset({channel_id})
    scene = scene_here(interaction)
    return Viewer(
        user_id=interaction.user.id,
        user_name=interaction.user.display_name,
        role_ids=scene.role_ids,
        places=scene.places,
        kind=scene.kind,
        guild_id=scene.guild_id,
        channel_id=channel_id,
        is_alone=interaction.context.dm_channel,
        channels=here,
        shared=here,
    )


async def _viewer(interaction: discord.Interaction[Any], also: Collection[int]) -> Viewer:
    bot, member, here = interaction.client, interaction.user, viewer_here(interaction)
    assert isinstance(bot, ImageBot)
    if here.guild_id is None:
        return replace(here, channels=frozenset(), shared=frozenset())
    assert here.channel_id is not None
    if not isinstance(member, discord.Member) or bot.get_guild(here.guild_id) is None:
        # Only the commands were invited, not the bot: of the server it knows but this channel.
        may_manage = interaction.permissions.manage_messages
        return replace(here, moderated=here.channels if may_manage else frozenset())
    found = await viewer_in(bot, member, here.channel_id, here=place_here(interaction), also=also)
    return replace(found, places=here.places, kind=here.kind)


async def viewer_in(
    bot: ImageBot,
    member: discord.Member,
    channel_id: int,
    *,
    here: Place | None,
    also: Collection[int] = (),
) -> Viewer:
    """Return a member with what they may see from a channel or thread that they are in.

    Args:
        bot: Knows the channels.
        member: Who asks.
        channel_id: Where they ask.
        here: The same, where the bot knows it.
        also: Channels to look at, beside those of images and boards.

    """
    book, guild = places_of(bot), member.guild
    known = {each.channel_id: each for each in await bot.service.system.places(guild.id)}
    book.note_gone([id_ for id_, each in known.items() if each.is_gone])
    ids = {*known, *also, channel_id}
    # At once: with who is in a thread that is two waits at most, of the 3 s that an answer has.
    (there, gone), spoilers = await asyncio.gather(
        book.find_all(guild, ids, patience_s=book.patience_s), book.spoilers(guild)
    )
    if here is not None:
        there[channel_id] = here
    if not is_age_restricted(here):
        gone -= {id_ for id_ in gone if id_ in known and known[id_].is_age_restricted}
    rights = rights_of(member)
    channels = {channel_id, *await _viewable(book, member, there, here)}
    return Viewer(
        user_id=member.id,
        user_name=member.display_name,
        role_ids=frozenset(role.id for role in member.roles if not role.is_default()),
        guild_id=guild.id,
        channel_id=channel_id,
        channels=frozenset(channels),
        gone=frozenset({*gone, NO_CHANNEL}),
        hidden=frozenset(known.keys() - channels - gone),
        shared=frozenset(
            id_ for id_, each in there.items() if here is not None and is_open_to(each, here)
        ),
        veiled=frozenset(
            id_ for id_, each in there.items() if spoilers is None or _ground_id(each) in spoilers
        ),
        is_moderator=rights.is_moderator,
        is_manager=rights.is_manager,
        moderated=rights.moderated
        | {id_ for id_, each in there.items() if _ground_id(each) in rights.moderated},
    )


async def _viewable(
    book: Places, member: discord.Member, places: Mapping[int, Place], here: Place | None
) -> list[int]:
    """Return the channels and threads that a member may view from another one."""
    fit = {id_: each for id_, each in places.items() if is_fit_for(each, here)}
    may = await asyncio.gather(*(book.may_view(each, member) for each in fit.values()))
    return [id_ for id_, is_so in zip(fit, may, strict=True) if is_so]


def _ground_id(place: Place) -> int | None:
    """Return the id of the channel whose permissions hold in a channel or thread."""
    ground = ground_of(place)
    return None if ground is None else ground.id
