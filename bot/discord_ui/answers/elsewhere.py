"""Delivery of an answer whose interaction is dead: to the channel, or as a direct message."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import discord

from bot.discord_ui.answers.times import AnswerTimes
from bot.discord_ui.content import Content
from bot.discord_ui.discord_errors import OUT_OF_REACH, Refusal, in_one_line, refusal_of
from bot.domain.jobs import ImageMessage

logger = logging.getLogger(__name__)

TOLERATED: Final = OUT_OF_REACH | {Refusal.PASSING}  # tried again, or another way


async def write_elsewhere(
    interaction: discord.Interaction[Any],
    content: Content,
    times: AnswerTimes,
    *,
    private: bool,
    nonce: str,
) -> ImageMessage | None:
    """Write a public answer to the channel; a private or undeliverable one to the user.

    Args:
        interaction: What is answered.
        content: The answer.
        times: How long it is tried.
        private: Whether it is for the user alone.
        nonce: Makes Discord itself refuse a second copy.

    """
    places: list[discord.abc.Messageable] = [interaction.user]
    if not private and interaction.channel_id is not None:
        places.insert(0, interaction.client.get_partial_messageable(interaction.channel_id))
    for place in places:
        if (written := await _written(place, content, times, nonce)) is not None:
            return written
    logger.warning("An answer reached nobody: every way was closed")
    return None


async def _written(
    place: discord.abc.Messageable, content: Content, times: AnswerTimes, nonce: str
) -> ImageMessage | None:
    for pause_s in (*times.elsewhere_s, None):
        try:
            async with asyncio.timeout(times.upload_s):
                sent = await place.send(nonce=nonce, **content.arguments_of_new())
        except Exception as error:
            refusal = refusal_of(error, has_files=bool(content.files))
            if refusal not in TOLERATED:
                raise
            logger.info("An answer could not be written (%s)", in_one_line(error))
            if refusal is not Refusal.PASSING or pause_s is None:
                return None
            await asyncio.sleep(pause_s)
        else:
            return ImageMessage(channel_id=sent.channel.id, message_id=sent.id)
    return None
