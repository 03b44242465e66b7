"""Files that people hand in, and how they are fetched."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Self

import aiohttp
import discord

from bot.discord_ui.client import ImageBot
from bot.domain.plain_text import plain_text, quoted
from bot.errors import BotError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """What is known of a file of a message before it is fetched; the address dies within a day."""

    name: str
    url: str
    size_bytes: int
    is_spoiler: bool

    @classmethod
    def of(cls, attachment: discord.Attachment) -> Self:
        """Return it from what discord.py knows."""
        return cls(
            name=plain_text(attachment.filename),
            url=attachment.url,
            size_bytes=attachment.size,
            is_spoiler=attachment.is_spoiler(),
        )


async def fetch(bot: ImageBot, attachment: Attachment) -> bytes:
    """Return the bytes of a file.

    Raises:
        BotError: Discord has it no more, breaks off, or does not answer in time.

    """
    try:
        async with asyncio.timeout(bot.fetch_within_s):
            return await bot.http.get_from_cdn(attachment.url)
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError) as error:
        logger.info("An attachment cannot be fetched: %r", error)
        raise BotError(
            f"The file {quoted(attachment.name)} cannot be fetched from Discord: if its "
            "message is still there, try again."
        ) from error
