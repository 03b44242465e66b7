"""Reaching a person outside of any interaction: in a direct message, or by name in a channel."""

from __future__ import annotations

import hashlib
import logging

import discord

from bot.discord_ui import views
from bot.discord_ui.client import ImageBot
from bot.discord_ui.discord_errors import Refusal, in_one_line, is_forbidden, refusal_of
from bot.services import NotReachedError

logger = logging.getLogger(__name__)


async def write_to_user(
    bot: ImageBot, user_id: int, line: str, *, about: str, row: views.Row = ()
) -> None:
    """Send a notice as a direct message, for lack of another way.

    Discord itself refuses a second copy of the same words about the same id. `row` is of buttons.

    Raises:
        discord.HTTPException: They take none.
        NotReachedError: It may work later.

    """
    user = await bot.fetch_user(user_id)
    nonce = hashlib.blake2b(f"{about} {line}".encode(), digest_size=12).hexdigest()
    try:
        view = views.notice(line, colour=views.WARNING, row=row)
        await user.send(view=view, nonce=nonce)
    except discord.HTTPException as error:
        if refusal_of(error, has_files=False) is Refusal.PASSING:
            raise NotReachedError(in_one_line(error)) from error
        raise


async def tell_elsewhere(bot: ImageBot, interaction: discord.Interaction, words: str) -> None:
    """Write to a user whose interaction cannot be answered any more; call them if they forbid it.

    Args:
        bot: Who writes.
        interaction: Whose user is meant, from where.
        words: One sentence that everybody may read.

    """
    try:
        await interaction.user.send(view=views.notice(words), nonce=str(interaction.id))
    except discord.HTTPException as error:
        if not is_forbidden(error):
            raise
        channel = bot.get_partial_messageable(interaction.channel_id or 0)
        await call(channel, interaction.user, f"{interaction.user.mention}: {words}")


async def call(channel: discord.PartialMessageable, user: discord.abc.User, words: str) -> None:
    """Say something to one user in front of everybody; where that fails, only the log knows."""
    try:
        await channel.send(
            view=views.notice(words), allowed_mentions=discord.AllowedMentions(users=[user])
        )
    except discord.HTTPException as unsent:
        logger.warning("Nobody can be told of an answer that is not given (%s)", unsent)
