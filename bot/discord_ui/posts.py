"""One Discord message, wherever it can still be reached, and never posted twice.

It is edited through its interaction's token while that lives (15 minutes), then as the bot in the
channel, and posted anew where neither reaches it: an image never waits for a token.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any, Final

import aiohttp
import discord
from discord import ui

from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import ids_in
from bot.discord_ui.content import Content
from bot.discord_ui.discord_errors import (
    NEVER_ANSWERED,
    OUT_OF_REACH,
    Refusal,
    in_one_line,
    is_forbidden,
    is_gone,
    refusal_of,
)
from bot.discord_ui.threads import reopened
from bot.domain.jobs import Job, JobSource

logger = logging.getLogger(__name__)

TO_REPLACE: Final = frozenset({Refusal.MESSAGE_GONE, Refusal.NOT_EDITABLE})
MESSAGES_READ: Final = 500  # when looking for a message that may be there already
_APPLICATION: Final = 3  # a webhook that is an interaction's, which can answer in private
TOKEN_LIFE: Final = dt.timedelta(minutes=15)
CLOCKS_APART: Final = dt.timedelta(minutes=10)  # ours and Discord's, at most
A_MOMENT: Final = dt.timedelta(seconds=1)  # "after" a time leaves out what has that very time


class Post:
    """The message that answers a job.

    Attributes:
        message_id: Discord's id of it, once it is known.

    """

    def __init__(self, bot: ImageBot, origin: JobSource, message_id: int | None = None) -> None:
        self._bot = bot
        self._origin = origin
        self.message_id = message_id

    async def is_unanswered(self) -> bool:
        """Tell whether Discord never took a first answer, so that its user was told of none.

        Raises:
            discord.HTTPException: Discord does not tell now.

        """
        if self.message_id is not None or self._webhook() is None:
            return False
        try:
            await self._known_id()
        except discord.HTTPException as error:
            if error.code == NEVER_ANSWERED:
                return True
            # It was answered where that message is gone, or Discord's clock is ahead of ours.
            if not is_gone(error) and refusal_of(error) is not Refusal.ANSWER_DEAD:
                raise
        return False

    async def edit(self, content: Content) -> bool:
        """Edit the message, if it can be reached; return whether it could."""
        return await _works(self._edit_by_token(content)) or await _works(
            self._edit_as_bot(content)
        )

    async def delete(self) -> bool:
        """Delete the message, if it can be reached; return whether it is gone."""
        try:
            return await _works(self._delete_by_token()) or await self._delete_as_bot()
        except discord.HTTPException as error:
            refusal = refusal_of(error)
            if refusal is Refusal.NOT_EDITABLE and await reopened(
                self._bot, self._origin.channel_id
            ):
                return await _works(self._delete_as_bot())
            if refusal not in OUT_OF_REACH:
                raise
            return is_gone(error)

    async def whisper(self, view: ui.LayoutView) -> bool:
        """Tell the requester something in private, while the token lives; False where it does not.

        Where it is not known whether that arrived, it counts as told: nobody is told twice.
        """
        if (webhook := self._webhook()) is None:
            return False
        try:
            await webhook.send(view=view, ephemeral=True)
        except discord.HTTPException as error:
            logger.info("Something could not be told in private: %s", in_one_line(error))
            return False
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            logger.info("It is not known whether they were told: %s", in_one_line(error))
        return True

    async def deliver(self, content: Content, job: Job, ids: Sequence[str] = ()) -> None:
        """Edit the message, or post it anew where it is gone or stays as it is; never twice.

        Args:
            content: What it shall hold.
            job: What it answers.
            ids: The images in it; a message with their buttons is this one.

        Raises:
            discord.HTTPException: Discord refuses it, or the channel cannot be reached.

        """
        before = self.message_id
        since = await self._bot.service.system.posting_since(job.id)
        if since is not None:  # it may be there, and was not recorded
            await self._look_for(job, ids, since=since)
        if not await self._edit_unless_gone(content, ids):
            await self._post_anew(content, job, ids)
        if before not in {None, self.message_id}:
            assert before is not None
            await self._discard(before)

    async def _post_anew(self, content: Content, job: Job, ids: Sequence[str]) -> None:
        since = await self._bot.service.system.was_posting(job.id)
        if self.message_id is None:  # acknowledged, perhaps, and not recorded
            await self._look_for(job, ids)
            if await self._edit_unless_gone(content, ids):
                return
        channel = self._bot.get_partial_messageable(self._origin.channel_id)
        # The nonce makes Discord itself refuse a second copy for some minutes; after them, and
        # where the answer was lost, the channel is looked at. It is another one for images that are
        # brought back: Discord would return the message that was deleted. A new message opens an
        # archived thread again.
        message = await channel.send(
            nonce=f"zib-{job.id}-{int(since.timestamp() * 1000):x}", **content.arguments_of_new()
        )
        self.message_id = message.id

    async def _edit_unless_gone(self, content: Content, ids: Sequence[str]) -> bool:
        """Edit the message; False where a new one has to take its place.

        One that may not be edited now is not replaced: it may show the images already, where only
        the answer to an earlier edit was lost.

        Raises:
            discord.HTTPException: It may not be edited now.

        """
        if await _works(self._edit_by_token(content)):
            return True
        if self.message_id is None:
            return False
        try:
            return await self._edit_as_bot(content)
        except discord.HTTPException as error:
            refusal = refusal_of(error)
            if refusal not in TO_REPLACE:
                raise
            logger.info("A message has to be posted anew (%s)", in_one_line(error))
        return refusal is Refusal.NOT_EDITABLE and bool(ids) and await self._shows(ids)

    async def _shows(self, ids: Sequence[str]) -> bool:
        """Tell whether the message shows these images already."""
        message = self._message()
        try:
            return message is not None and set(ids) <= ids_in(await message.fetch())
        except discord.HTTPException as error:
            if not is_gone(error):
                raise
            return False

    async def _discard(self, message_id: int) -> None:
        """Delete a message that another one has replaced; a refusal is only logged."""
        channel = self._bot.get_partial_messageable(self._origin.channel_id)
        try:
            await channel.get_partial_message(message_id).delete()
        except discord.HTTPException as error:
            if not is_gone(error):
                logger.info("A replaced message stays (%s)", in_one_line(error))

    def _webhook(self) -> discord.Webhook | None:
        """Return the interaction's webhook while its token lives."""
        origin = self._origin
        if origin.token is None or self._bot.now() >= origin.expires_at:
            return None
        data: Any = {"id": origin.application_id, "token": origin.token, "type": _APPLICATION}
        return discord.Webhook.from_state(data, self._bot._connection)  # noqa: SLF001 - as discord.py makes its own

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
            discord.HTTPException: The interaction was never answered, its answer is deleted, or
                Discord does not tell now.

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

    async def _look_for(
        self, job: Job, ids: Sequence[str], *, since: dt.datetime | None = None
    ) -> None:
        """Find this message in the channel, where an earlier attempt may have posted it.

        One that shows the images goes before the one that says how the job stands.

        Args:
            job: What it answers.
            ids: The images in it.
            since: When posting it was first tried; only where the one that says how the job stands
                is not looked for, too.

        """
        # By Discord's own clock: when the interaction was made.
        asked_at = self._origin.expires_at - TOKEN_LIFE
        is_enough = since is not None and self.message_id is not None
        since = max(asked_at, since - CLOCKS_APART) if is_enough and since else asked_at
        try:
            async for message in own_messages(self._bot, self._origin.channel_id, since=since):
                shown = ids_in(message)
                if not shown.isdisjoint(ids):
                    self.message_id = message.id
                    return
                if job.id in shown and self.message_id is None:
                    self.message_id = message.id
        except discord.HTTPException as error:
            if not is_forbidden(error):
                raise
            logger.info("The channel of job %s cannot be read: only its nonce protects", job.id)


async def own_messages(
    bot: ImageBot, channel_id: int, *, since: dt.datetime
) -> AsyncIterator[discord.Message]:
    """Yield what the bot itself wrote in a channel since a moment, the oldest first."""
    channel = bot.get_partial_messageable(channel_id)
    async for message in channel.history(
        limit=MESSAGES_READ, after=since - A_MOMENT, oldest_first=True
    ):
        if bot.user is not None and message.author.id == bot.user.id:
            yield message


async def _works(way: Awaitable[bool]) -> bool:
    """Return what a way of reaching a message returns; False where it is closed."""
    try:
        return await way
    except discord.HTTPException as error:
        if refusal_of(error) not in OUT_OF_REACH:
            raise
        logger.info("A message cannot be reached (%s): trying the next way", in_one_line(error))
        return False
