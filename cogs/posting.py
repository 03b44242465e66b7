"""One Discord message, wherever it can still be reached, and never posted twice.

It is edited through its interaction's token while that lives (15 minutes), then as the bot in the
channel, and posted anew where neither reaches it: an image never waits for a token.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui

from bot.client import ImageBot
from bot.jobs import Job, Origin
from cogs.rows import ids_in
from cogs.uploads import Upload

logger = logging.getLogger(__name__)

UNREACHABLE: Final = (401, 403, 404)  # dead token, no permission, message or channel gone
GONE: Final = (404,)
UNKNOWN_CHANNEL: Final = 10003  # a code of Discord's
MESSAGES_READ: Final = 500  # when looking for a message that may be there already
TOKEN_LIFE: Final = dt.timedelta(minutes=15)
A_MOMENT: Final = dt.timedelta(seconds=1)  # "after" a time leaves out what has that very time


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a message shall hold; its files are made anew for each attempt to send it."""

    view: ui.LayoutView
    files: Sequence[Upload] = ()

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of an edit."""
        return {"view": self.view, "attachments": self._files()}

    def arguments_of_new(self) -> dict[str, Any]:
        """Return the arguments of a new message."""
        return {"view": self.view, "files": self._files()}

    def _files(self) -> list[discord.File]:
        return [file.to_discord() for file in self.files]


class Post:
    """The message that answers a job.

    Attributes:
        message_id: Discord's id of it, once it is known.

    """

    def __init__(self, bot: ImageBot, origin: Origin, message_id: int | None = None) -> None:
        """Remember where it is, or shall be."""
        self._bot = bot
        self._origin = origin
        self.message_id = message_id

    async def edit(self, content: Content) -> bool:
        """Edit the message, if it can be reached; return whether it could."""
        return await _works(self._edit_by_token(content)) or await _works(
            self._edit_as_bot(content)
        )

    async def delete(self) -> bool:
        """Delete the message, if it can be reached; return whether it could."""
        return await _works(self._delete_by_token()) or await _works(self._delete_as_bot())

    async def deliver(self, content: Content, job: Job, ids: Sequence[str] = ()) -> None:
        """Edit the message, or post it anew where it is gone; never twice.

        Args:
            content: What it shall hold.
            job: What it answers.
            ids: The images in it; a message with their buttons is this one.

        Raises:
            discord.HTTPException: Discord refuses it, or the channel cannot be reached.

        """
        if await self._edit_unless_gone(content):
            return
        was_posting = await self._bot.service.was_posting(job.id)
        if was_posting or self.message_id is None:  # posted, or acknowledged and not recorded
            await self._look_for(job, ids)
            if await self._edit_unless_gone(content):
                return
        channel = self._bot.get_partial_messageable(self._origin.channel_id)
        # The nonce makes Discord itself refuse a second copy for some minutes; after them, and
        # where the answer was lost, the channel is looked at.
        message = await channel.send(nonce=f"zib-{job.id}", **content.arguments_of_new())
        self.message_id = message.id

    async def _edit_unless_gone(self, content: Content) -> bool:
        """Edit the message; False where there is none.

        A message that exists and may not be edited now is not replaced: it may show the images
        already, where only the answer to an earlier edit was lost.

        Raises:
            discord.Forbidden: It may not be edited now.

        """
        return await _works(self._edit_by_token(content)) or await _works(
            self._edit_as_bot(content), unreachable=GONE
        )

    def _webhook(self) -> discord.Webhook | None:
        """Return the interaction's webhook while its token lives."""
        origin = self._origin
        if origin.token is None or self._bot.now() >= origin.expires_at:
            return None
        return discord.Webhook.partial(origin.application_id, origin.token, client=self._bot)

    async def _edit_by_token(self, content: Content) -> bool:
        if (webhook := self._webhook()) is None:
            return False
        await webhook.edit_message(await self._known_id(), **content.arguments())
        return True

    async def _delete_by_token(self) -> bool:
        if (webhook := self._webhook()) is None:
            return False
        await webhook.delete_message(await self._known_id())
        return True

    async def _known_id(self) -> int:
        """Return the message's id, which a crash may have kept from being recorded.

        Raises:
            discord.NotFound: The interaction was never answered, or its answer is deleted.

        """
        if self.message_id is None:
            route = discord.http.Route(
                "GET",
                "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
                webhook_id=self._origin.application_id,
                webhook_token=self._origin.token,
            )
            self.message_id = int((await self._bot.http.request(route))["id"])
        return self.message_id

    def _message(self) -> discord.PartialMessage | None:
        if self.message_id is None:
            return None
        channel = self._bot.get_partial_messageable(self._origin.channel_id)
        return channel.get_partial_message(self.message_id)

    async def _edit_as_bot(self, content: Content) -> bool:
        if (message := self._message()) is None:
            return False
        await message.edit(**content.arguments())
        return True

    async def _delete_as_bot(self) -> bool:
        if (message := self._message()) is None:
            return False
        await message.delete()
        return True

    async def _look_for(self, job: Job, ids: Sequence[str]) -> None:
        """Find this message in the channel, where an earlier attempt may have posted it."""
        channel = self._bot.get_partial_messageable(self._origin.channel_id)
        # By Discord's own clock: when the interaction was made.
        since = self._origin.expires_at - TOKEN_LIFE - A_MOMENT
        wanted = {job.id, *ids}
        try:
            async for message in channel.history(
                limit=MESSAGES_READ, after=since, oldest_first=True
            ):
                if self._is_mine(message) and wanted & ids_in(message):
                    self.message_id = message.id
                    return
        except discord.Forbidden:
            logger.info("The channel of job %s cannot be read: only its nonce protects", job.id)

    def _is_mine(self, message: discord.Message) -> bool:
        return self._bot.user is not None and message.author.id == self._bot.user.id


async def _works(way: Awaitable[bool], unreachable: Sequence[int] = UNREACHABLE) -> bool:
    """Return what a way of reaching a message returns; False where it does not reach it."""
    try:
        return await way
    except discord.HTTPException as error:
        if error.status not in unreachable:
            raise
        logger.info("A message cannot be reached (%s): trying the next way", error)
        return False
