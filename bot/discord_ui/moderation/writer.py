"""Writes to log channels, and to whom moderators' decisions concern."""

from __future__ import annotations

import hashlib
import logging
from typing import Final, cast

import discord

from bot.discord_ui.boards.pinned import PinnedBoards
from bot.discord_ui.channel_rules import is_everyones, may_write
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import appeal_button
from bot.discord_ui.content import Content
from bot.discord_ui.direct_messages import write_to_user
from bot.discord_ui.discord_errors import refusals_translated
from bot.discord_ui.formatting import escaped
from bot.discord_ui.moderation.entries import ban_end, log_view
from bot.domain.jobs import ImageMessage
from bot.domain.moderation import Act, AuditEntry
from bot.locales import text
from bot.services import NotPostableError, NotReachedError

logger = logging.getLogger(__name__)

NAME_SHOWN: Final = 80


class DiscordLogWriter:
    """The log channels of a bot's servers; see `services.audit_log.LogWriter`."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    def can_write(self, guild_id: int, channel_id: int) -> bool | None:
        """Tell whether the bot may post in a channel; None of a guild that is out of reach now."""
        guild = self._guild(guild_id)
        if guild is None:
            return None
        place = guild.get_channel_or_thread(channel_id)
        return place is not None and may_write(place)

    def _guild(self, guild_id: int) -> discord.Guild | None:
        """Return a guild that Discord tells of: after a start, and in an outage, it may not yet."""
        guild = self._bot.get_guild(guild_id)
        return None if guild is None or guild.unavailable else guild

    async def write(self, entry: AuditEntry, channel_id: int) -> ImageMessage:
        """Post an entry, or change its message; nobody is notified."""
        guild = self._guild(entry.guild_id)
        if guild is None:
            raise NotReachedError("Discord does not tell of the server.")
        place = guild.get_channel_or_thread(channel_id)
        if place is None:
            raise NotPostableError("The log channel is gone.", is_final=True)
        view = log_view(entry, str(guild.preferred_locale), is_everyones=is_everyones(place))
        channel, message_id = self._bot.get_partial_messageable(channel_id), entry.log_message_id
        with refusals_translated():
            if entry.log_channel_id is None or message_id is None:
                sent = await channel.send(view=view, silent=True, nonce=_nonce(entry))
                message_id = sent.id
                if entry.decision is None:
                    return ImageMessage(channel_id=channel_id, message_id=message_id)
                # Where an earlier run had posted it before it was decided, that message came back.
            message = channel.get_partial_message(message_id)
            await message.edit(**Content(view=view).arguments())
        return ImageMessage(channel_id=channel_id, message_id=message_id)

    async def follow_up(self, entry: AuditEntry) -> None:
        """Let messages hide what is hidden, or tell a member what was decided of them."""
        if entry.act is Act.HIDDEN:
            boards = cast("PinnedBoards", self._bot.get_cog("PinnedBoards"))
            await boards.redraw_all_of(entry.guild_id)
            await self._bot.service.system.deletions.show_again(entry.image_ids)
            return
        assert entry.user_id is not None
        locale = await self._bot.service.system.locale_of(entry.user_id)
        guild = self._bot.get_guild(entry.guild_id)
        name = escaped("?" if guild is None else guild.name, limit=NAME_SHOWN)
        row = [] if entry.act is Act.APPEAL else [appeal_button(entry.id, locale)]
        with refusals_translated():
            await write_to_user(
                self._bot, entry.user_id, notice_of(entry, name, locale), about=f"audit {entry.id}",
                row=row,
            )  # fmt: skip


def _nonce(entry: AuditEntry) -> str:
    """Return what makes Discord refuse a second copy, but not one in place of a lost message."""
    words = f"audit {entry.id} {entry.log_message_id}"
    return hashlib.blake2b(words.encode(), digest_size=12).hexdigest()


def notice_of(entry: AuditEntry, server: str, locale: str) -> str:
    """Return what a member is told of a decision that concerns them."""
    why = escaped(entry.why) if entry.why else text("no_reason", locale)
    if entry.act is Act.BANNED:
        end = ban_end(entry.until, locale)
        return text("told_banned", locale, server=server, until=end, why=why)
    if entry.act is Act.WARNED:
        return text("told_warned", locale, server=server, why=why)
    return text(f"told_appeal_{entry.decision}", locale, server=server)
