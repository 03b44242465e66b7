"""Channels and threads: which are there, and who may view them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from typing import Final, cast

import discord
from discord.ext import commands

from bot.discord_ui.channel_rules import Place, is_age_restricted, needed_in
from bot.discord_ui.client import ImageBot
from bot.discord_ui.discord_errors import Refusal, in_one_line, is_gone, refusal_of

logger = logging.getLogger(__name__)

SPOILER_FLAG: Final = 1 << 21  # of a channel; discord.py keeps no flags of most channels
PATIENCE_S: Final = 1.0  # with what only Discord knows: an answer is due within its 3 s
MEMBERSHIP_KEPT_S: Final = 10.0  # who is in a private thread: suggestions ask at every key


class Places(commands.Cog):
    """Looks channels and threads up, archived and deleted ones too, asking Discord seldom.

    Attributes:
        patience_s: How long an answer that somebody waits for may wait for Discord.

    """

    def __init__(
        self,
        bot: ImageBot,
        *,
        membership_kept_s: float = MEMBERSHIP_KEPT_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._bot = bot
        self.patience_s = patience_s
        self._kept_s = membership_kept_s
        self._archived: dict[int, discord.Thread] = {}
        self._gone: set[int] = set()
        self._members: dict[tuple[int, int], tuple[float, bool]] = {}
        self._spoilers: dict[int, frozenset[int]] = {}  # by guild

    async def find(self, guild: discord.Guild, channel_id: int) -> Place | None:
        """Return a channel or a thread, also an archived one; None where it is gone.

        Raises:
            discord.Forbidden: Not even the bot may view it.
            discord.InvalidData: It is of another server.

        """
        place = self._cached(guild, channel_id)
        if place is not None or channel_id in self._gone:
            return place
        try:
            found = await guild.fetch_channel(channel_id)
        except discord.HTTPException as error:
            if not is_gone(error):
                raise
            await self.forget(channel_id)
            return None
        if isinstance(found, discord.Thread):
            self._archived[channel_id] = found
        return found

    def _cached(self, guild: discord.Guild, channel_id: int) -> Place | None:
        return guild.get_channel_or_thread(channel_id) or self._archived.get(channel_id)

    async def find_all(
        self, guild: discord.Guild, channel_ids: Collection[int], *, patience_s: float | None = None
    ) -> tuple[dict[int, Place], set[int]]:
        """Return the channels and threads that are there, and the ids of those that are gone.

        What not even the bot may view, or is of another server, is in neither. Archived threads are
        asked for all at once; with a patience, those that Discord does not tell of in time are in
        neither, too.
        """
        cached = {id_: self._cached(guild, id_) for id_ in channel_ids}
        places = {id_: each for id_, each in cached.items() if each is not None}
        gone = self._gone & (cached.keys() - places.keys())
        ids = sorted(cached.keys() - places.keys() - gone)
        asked = (self._find_in_time(guild, id_, patience_s) for id_ in ids)
        found = await asyncio.gather(*asked, return_exceptions=True)
        for id_, place in zip(ids, found, strict=True):
            if place is None:
                gone.add(id_)
            elif not isinstance(place, BaseException):
                places[id_] = place
            elif not _says_nothing(place):
                raise place
        return places, gone

    async def _find_in_time(
        self, guild: discord.Guild, channel_id: int, patience_s: float | None
    ) -> Place | None:
        async with asyncio.timeout(patience_s):
            return await self.find(guild, channel_id)

    async def forget(self, channel_id: int, *, is_age_restricted: bool | None = None) -> None:
        """Note that a channel or thread is deleted, and the threads of that channel with it."""
        self._archived.pop(channel_id, None)
        below = [id_ for id_, each in self._archived.items() if each.parent_id == channel_id]
        self._gone |= {channel_id, *below}
        for each in (channel_id, *below):
            self._archived.pop(each, None)
            await self._bot.service.system.place_gone(each, is_age_restricted=is_age_restricted)

    def note_gone(self, channel_ids: Collection[int]) -> None:
        """Take channels as deleted that an earlier run knew to be: Discord is not asked again."""
        self._gone |= set(channel_ids)

    async def may_view(self, place: Place, member: discord.Member) -> bool:
        """Return whether a member may view a channel or thread now."""
        try:
            permissions = place.permissions_for(member)
        except discord.ClientException:  # a thread whose channel the bot cannot view
            return False
        if permissions.value & needed_in(place) != needed_in(place):
            return False
        if not isinstance(place, discord.Thread) or not place.is_private():
            return True
        return permissions.manage_threads or await self._is_in(place, member)

    async def _is_in(self, thread: discord.Thread, member: discord.Member) -> bool:
        key, moment = (thread.id, member.id), time.monotonic()
        known = self._members.get(key)
        if known is not None and moment - known[0] < self._kept_s:
            return known[1]
        try:
            async with asyncio.timeout(self.patience_s):
                await thread.fetch_member(member.id)
        except Exception as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            if refusal is Refusal.PASSING:
                return False  # and ask again next time
            is_in = False
        else:
            is_in = True
        self._members = {
            each: value for each, value in self._members.items() if moment - value[0] < self._kept_s
        }
        self._members[key] = moment, is_in
        return is_in

    async def spoilers(self, guild: discord.Guild) -> frozenset[int] | None:
        """Return the channels of a guild that Discord hides until they are clicked.

        None where Discord does not say: then any of them may be one.
        """
        if guild.id not in self._spoilers:
            try:
                async with asyncio.timeout(self.patience_s):
                    raw = await self._bot.http.get_all_guild_channels(guild.id)
            except Exception as error:
                if refusal_of(error) is None:
                    raise
                logger.warning(
                    "The channels of guild %d cannot be read: %s", guild.id, in_one_line(error)
                )
                return None
            self._spoilers[guild.id] = frozenset(int(each["id"]) for each in raw if _spoils(each))
        return self._spoilers[guild.id]

    # What Discord tells

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Look at all of it again: what changed while the bot was not connected was not told."""
        self._spoilers.clear()

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Look again after an outage of a server."""
        self._spoilers.pop(guild.id, None)

    @commands.Cog.listener()
    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        """Look again at which channels are hidden until they are clicked."""
        self._spoilers.pop(channel.guild.id, None)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self,
        before: discord.abc.GuildChannel,  # noqa: ARG002 - part of the event
        after: discord.abc.GuildChannel,
    ) -> None:
        """Look again at which channels are hidden until they are clicked."""
        self._spoilers.pop(after.guild.id, None)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Record that a channel is gone, and whether it was age-restricted."""
        await self.forget(channel.id, is_age_restricted=is_age_restricted(channel))

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Record that a thread is gone."""
        await self.forget(payload.thread_id)


def places_of(bot: ImageBot) -> Places:
    """Return what knows the channels and threads of a bot's servers."""
    return cast("Places", bot.get_cog("Places"))  # an extension's classes are made anew


def _says_nothing(error: BaseException) -> bool:
    """Tell whether it stays open what there is; a viewer is then shown none of it."""
    is_foreign = isinstance(error, discord.Forbidden | discord.InvalidData)
    return is_foreign or refusal_of(error) is Refusal.PASSING


def _spoils(channel: object) -> bool:
    """Tell whether a channel, as Discord describes it, is a spoiler channel."""
    assert isinstance(channel, dict)
    return bool(int(channel.get("flags") or 0) & SPOILER_FLAG) and not channel.get("nsfw")


async def setup(bot: ImageBot) -> None:
    """Let the bot know its channels."""
    await bot.add_cog(Places(bot))
