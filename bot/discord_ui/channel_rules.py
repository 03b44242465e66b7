"""The rules of channels: what everyone who may view one of them may view of another."""

from __future__ import annotations

from typing import Final

import discord

Place = discord.abc.GuildChannel | discord.Thread
VIEW: Final = discord.Permissions(view_channel=True).value
CONNECT: Final = discord.Permissions(connect=True).value


def ground_of(place: Place) -> discord.abc.GuildChannel | None:
    """Return the channel whose rules of viewing hold in a channel or thread."""
    return place.parent if isinstance(place, discord.Thread) else place


def needed_in(place: Place) -> int:
    """Return the permissions that reading a channel takes: those of voice, to enter it as well."""
    is_voice = isinstance(ground_of(place), discord.VoiceChannel | discord.StageChannel)
    return VIEW | CONNECT if is_voice else VIEW


def is_age_restricted(place: Place | None) -> bool:
    """Return whether Discord shows a channel, or the one of a thread, to adults only."""
    ground = None if place is None else ground_of(place)
    return bool(getattr(ground, "nsfw", False))


def is_fit_for(source: Place, shown: Place | None) -> bool:
    """Return whether age restrictions let one channel's content be seen from another."""
    return is_age_restricted(shown) or not is_age_restricted(source)


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
    one, other = ground_of(source), ground_of(shown)
    if one is None or other is None:
        return False
    if one.id == other.id:
        return True
    return is_fit_for(source, shown) and (_hides_from_no_role(one) or _is_wider(one, other))


def hides_from_nobody(channel: discord.abc.GuildChannel) -> bool:
    """Return whether every member may view a channel, whatever their age."""
    return _hides_from_no_role(channel) and not is_age_restricted(channel)


def is_everyones(place: Place) -> bool:
    """Return whether every member may read a channel or thread, if they are of age."""
    ground = ground_of(place)
    if ground is None or (isinstance(place, discord.Thread) and place.is_private()):
        return False
    return _hides_from_no_role(ground)


def may_write(place: Place) -> bool:
    """Return whether the bot may post messages in a channel or thread."""
    permissions = place.permissions_for(place.guild.me)
    if isinstance(place, discord.Thread):
        return permissions.view_channel and permissions.send_messages_in_threads
    return permissions.view_channel and permissions.send_messages


def _hides_from_no_role(channel: discord.abc.GuildChannel) -> bool:
    needed = needed_in(channel)
    have = channel.permissions_for(channel.guild.default_role).value
    return have & needed == needed and all(_rules(channel, needed).values())


def _is_wider(one: discord.abc.GuildChannel, other: discord.abc.GuildChannel) -> bool:
    """Return whether everyone who may view `other` may view `one`.

    The same rules do. Where the other shuts @everyone out, its viewers are those that it names
    (and administrators): it is enough that the one names them, too, and shuts nobody else out.
    """
    needed, everyone = needed_in(one), one.guild.id
    ours, theirs = _rules(one, needed), _rules(other, VIEW)
    if needed == VIEW and ours == theirs:
        return True
    named = {id_ for id_, may_view in theirs.items() if may_view}
    shut_out = {id_ for id_, may_view in ours.items() if not may_view} - {everyone}
    return (
        theirs.get(everyone) is False
        and all(ours.get(id_) for id_ in named)
        and all(theirs.get(id_) is False for id_ in shut_out)
    )


def _rules(channel: discord.abc.GuildChannel, needed: int) -> dict[int, bool]:
    """Return which roles and members a channel gives all of some permissions, or denies one.

    `channel.overwrites` tells the same in a hundred times the time, and this is asked of every
    channel of a server before an answer.
    """
    return {
        rule.id: not rule.deny & needed
        for rule in channel._overwrites  # noqa: SLF001
        if rule.deny & needed or rule.allow & needed == needed
    }
