"""Pictures that somebody wants to hang up: images of this bot, or anybody's attachments."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import aiohttp
import discord

from bot.boards import Actor, Added
from bot.client import ImageBot
from bot.errors import BotError
from bot.jobs import Generation
from bot.reading import MAX_BYTES
from bot.service.boards import Label

logger = logging.getLogger(__name__)

PICTURES: Final = 10  # of one message: Discord allows no more attachments


class Pictures:
    """Pictures of one message that somebody wants to hang up: of this bot, or anybody's."""

    def __init__(
        self,
        *,
        generations: Sequence[Generation] = (),
        attachments: Sequence[discord.Attachment] = (),
        message: discord.Message | None = None,
        author: discord.abc.User | None = None,
        channel_id: int | None = None,
    ) -> None:
        """Remember them; attachments come from a message, or were handed in by `author`."""
        self.generations = generations
        self.attachments = attachments
        self._message = message
        self._author = author if message is None else message.author
        self._channel_id = channel_id if message is None else message.channel.id

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.generations) + len(self.attachments)

    def names(self) -> list[str]:
        """Return what each is called, in their order."""
        return [each.request.prompt for each in self.generations] + [
            each.filename for each in self.attachments
        ]

    async def hang(
        self, bot: ImageBot, actor: Actor, board_id: str, index: int, label: Label
    ) -> Added:
        """Hang one of them up.

        Raises:
            BotError: It cannot be, or the actor may not.

        """
        boards = bot.service.boards
        if index < len(self.generations):
            generation = self.generations[index]
            label = {"link": _link_of(generation), **label}
            return await boards.add_generation(actor, board_id, generation.id, **label)
        attachment = self.attachments[index - len(self.generations)]
        if attachment.size > MAX_BYTES:  # before anything of it is fetched
            megabytes, limit = attachment.size / 1e6, MAX_BYTES / 1e6
            raise BotError(f"The file has {megabytes:.0f} MB: {limit:.0f} MB are the limit.")
        author = self._author
        if self._message is not None:
            label = {"link": self._message.jump_url, **label}
        return await boards.add_upload(
            actor,
            board_id,
            await _fetched(attachment),
            author_id=None if author is None else author.id,
            author_name="" if author is None else author.display_name,
            channel_id=self._channel_id,
            is_spoiler=attachment.is_spoiler(),
            **label,
        )


async def _fetched(attachment: discord.Attachment) -> bytes:
    """Return the bytes of an attachment.

    Raises:
        BotError: Discord has it no more, or does not answer.

    """
    try:
        return await attachment.read()
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError) as error:
        logger.info("An attachment cannot be fetched: %s", error)
        raise BotError(
            f"The file {attachment.filename[:40]!r} cannot be fetched from Discord: if its message "
            "is still there, try again."
        ) from error


def _link_of(generation: Generation) -> str | None:
    if None in {generation.guild_id, generation.channel_id, generation.message_id}:
        return None
    place = f"{generation.guild_id}/{generation.channel_id}/{generation.message_id}"
    return f"https://discord.com/channels/{place}"


def pictures_of(message: discord.Message) -> list[discord.Attachment]:
    """Return the attachments of a message, or of the one it forwards, that are pictures."""
    forwarded = [each for shot in message.message_snapshots for each in shot.attachments]
    return [
        each
        for each in (*message.attachments, *forwarded)
        if (each.content_type or "image/").startswith("image/")
    ][:PICTURES]
