"""Pictures to hang on a board: this bot's images, or attachments of any message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

import discord

from bot.discord_ui.attachments import Attachment, fetch
from bot.discord_ui.client import ImageBot
from bot.domain.boards import Added
from bot.domain.jobs import Generation
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.media.image_input import MAX_BYTES
from bot.services.boards import Label

PICTURES: Final = 10  # of one message: Discord allows no more attachments


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Pictures of one message to hang on a board: this bot's images, or attachments.

    Attributes:
        author_id: Who posted the attachments, as `author_name`.
        channel_id: Where they are.
        link: To their message.

    """

    generations: Sequence[Generation] = ()
    attachments: Sequence[Attachment] = ()
    author_id: int | None = None
    author_name: str = ""
    channel_id: int | None = None
    link: str | None = None

    @classmethod
    def of_message(cls, message: discord.Message) -> Self:
        """Return the pictures that are attached to a message, or to the one it forwards."""
        return cls(
            attachments=[Attachment.of(each) for each in pictures_of(message)],
            author_id=message.author.id,
            author_name=message.author.display_name,
            channel_id=message.channel.id,
            link=message.jump_url,
        )

    def to_json(self) -> dict[str, Any]:
        """Return them as values that a form remembers; images by their ids."""
        return {
            **{field.name: getattr(self, field.name) for field in fields(self)},
            "generations": [each.id for each in self.generations],
            "attachments": [asdict(each) for each in self.attachments],
        }

    @classmethod
    def from_json(cls, known: Mapping[str, Any], generations: Sequence[Generation]) -> Self:
        """Return them again, with the images of those ids."""
        attachments = [Attachment(**each) for each in known["attachments"]]
        return cls(**{**known, "generations": generations, "attachments": attachments})

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.generations) + len(self.attachments)

    def names(self) -> list[str]:
        """Return what each is called, in their order."""
        return [each.request.prompt for each in self.generations] + [
            each.name for each in self.attachments
        ]

    async def hang(
        self, bot: ImageBot, board_id: str, index: int, label: Label, viewer: Viewer
    ) -> Added:
        """Hang one of them up.

        Raises:
            BotError: It cannot be, or the viewer may not.

        """
        boards = bot.service.boards
        if index < len(self.generations):
            generation = self.generations[index]
            label = {"link": _link_of(generation), **label}
            return await boards.add_generation(board_id, generation.id, viewer=viewer, **label)
        attachment = self.attachments[index - len(self.generations)]
        if attachment.size_bytes > MAX_BYTES:  # before anything of it is fetched
            megabytes, limit = attachment.size_bytes / 1e6, MAX_BYTES / 1e6
            raise BotError(f"The file has {megabytes:.0f} MB: {limit:.0f} MB are the limit.")
        if self.link is not None:
            label = {"link": self.link, **label}
        return await boards.add_upload(
            board_id,
            await fetch(bot, attachment),
            viewer=viewer,
            author_id=self.author_id,
            author_name=self.author_name,
            channel_id=self.channel_id,
            is_spoiler=attachment.is_spoiler or self.channel_id in viewer.veiled,
            **label,
        )


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
