"""The reply of a job: one Discord message, from "number 2 in line" to the finished images."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Self

import aiohttp
import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import appeal_button
from bot.discord_ui.content import Content
from bot.discord_ui.direct_messages import write_to_user
from bot.discord_ui.discord_errors import Refusal, in_one_line, refusal_of, refusals_translated
from bot.discord_ui.job_status import held_status, progress_content, queue_line, status
from bot.discord_ui.posts import Post
from bot.discord_ui.results import images_content, notes_on, send_fitting, upload_limit
from bot.domain.jobs import Generation, Job, JobSource
from bot.locales import sentence, text
from bot.services import Progress, QueueEntry, UnansweredError

logger = logging.getLogger(__name__)

EDIT_INTERVAL_S: Final = 1.2  # Discord allows about 5 edits in 5 s a channel, for all jobs in it
FIRST_PREVIEW_S: Final = 2.0  # a job that is faster than this shows no steps, only its images
EDITED_WITHIN_S: Final = 20.0  # a progress edit that hangs longer is given up
NO_ANSWER: Final = (aiohttp.ClientError, ConnectionError, TimeoutError)


class DiscordReply:
    """Tell one requester, and the channel, about one job."""

    def __init__(
        self,
        bot: ImageBot,
        *,
        origin: JobSource,
        message_id: int | None = None,
        interaction: discord.Interaction | None = None,
    ) -> None:
        """Prepare; nothing is sent before `queued`."""
        self._bot = bot
        self._origin = origin
        self._filesize_limit = upload_limit(bot, origin)
        self._post = Post(bot, origin, message_id)
        self._interaction = interaction
        self._lock = asyncio.Lock()  # one call to Discord at a time, in the order of the job
        self._job: Job | None = None
        self._progress: Progress | None = None
        self._editor: asyncio.Task[None] | None = None
        self._began = 0.0
        self._shown = False
        self._may_be_told = False  # in private, how it ended
        self._is_over = False  # nothing shall take the place of how it ended

    @classmethod
    def to_interaction(cls, interaction: discord.Interaction, origin: JobSource) -> Self:
        """Return the reply to a command, a button or a modal that is being answered now."""
        bot = interaction.client
        assert isinstance(bot, ImageBot)
        return cls(bot, origin=origin, interaction=interaction)

    @classmethod
    def to_job(cls, bot: ImageBot, job: Job) -> Self:
        """Return the reply of a job an earlier run of the bot left unfinished."""
        reply = cls(bot, origin=job.origin, message_id=job.message_id)
        reply._job = job
        return reply

    @property
    def _locale(self) -> str:
        """Return the language of what everyone reads; what is told in private is in theirs."""
        return self._bot.service.policy.language(self._origin.scene) or self._origin.locale

    async def queued(self, entry: QueueEntry) -> None:
        """Acknowledge with position and time; after a restart, say that the job continues."""
        self._job = entry.job
        line = queue_line(entry, self._locale, now=self._bot.now())
        with refusals_translated():
            async with self._lock:
                if self._interaction is not None:
                    await self._acknowledge(self._interaction, self._status(line))
                elif await self._post.is_unanswered():
                    self._is_over = True
                    raise UnansweredError("no answer was taken before the bot was stopped")
                elif not self._has_begun:
                    line = text("redrawn", self._locale) + " " + line
                    await self._post.edit(Content(view=self._status(line)))
        await self._remember_message()

    @property
    def _has_begun(self) -> bool:
        """Tell whether its place in line is no news any more."""
        return self._is_over or self._shown or self._progress is not None

    async def held(self, job: Job) -> None:
        """Say that a moderator looks at it first; the prompt is not shown, as that is the point."""
        self._job = job
        await self._stop_editing()
        view = self._status(text("held", self._locale))
        with refusals_translated():
            async with self._lock:
                if self._interaction is not None and self._post.message_id is None:
                    await self._acknowledge(self._interaction, view)
                elif await self._post.is_unanswered():
                    self._is_over = True
                    raise UnansweredError("no answer was taken before the bot was stopped")
                else:
                    await self._post.edit(Content(view=view))
        await self._remember_message()

    async def refused(self, job: Job, sentence_: str) -> None:
        """Tell the requester alone why, and take back what everyone sees.

        Where they cannot be told alone, everyone sees that it is not drawn, but not why.
        """
        await self._begin_end(job)
        line = text("failed", self._locale, sentence=sentence(sentence_, self._locale))
        with refusals_translated():
            async with self._lock:
                if self._may_be_told or await self._tell_alone(line):
                    self._may_be_told = True
                    await self._post.delete()
                    return
                line = text("held_refused", self._locale)
                await self._post.edit(Content(view=self._status(line, row=())))

    async def _tell_alone(self, line: str) -> bool:
        """Tell the requester why, in private, with a way to appeal; False if that is closed."""
        assert self._job is not None
        row = [appeal_button(None, self._locale)]
        if await self._post.whisper(views.notice(line, colour=views.WARNING, row=row)):
            return True
        try:
            await write_to_user(self._bot, self._origin.user_id, line, about=self._job.id, row=row)
        except discord.HTTPException as error:
            if refusal_of(error) is Refusal.PASSING:
                raise
            return False
        return True

    async def moved(self, entry: QueueEntry) -> None:
        """Show the new place and time; nothing where the drawing has begun meanwhile."""
        with refusals_translated():
            async with self._lock:
                if not self._has_begun:
                    await self._post.edit(
                        Content(
                            view=self._status(queue_line(entry, self._locale, now=self._bot.now()))
                        )
                    )

    async def kept(self, job: Job) -> None:
        """Say that the bot stops and that the place in line is kept."""
        self._job = job
        if self._is_over:
            return
        with refusals_translated():
            async with self._lock:
                line = text("kept", self._locale)
                await self._post.edit(Content(view=self._status(line, colour=views.WARNING)))

    async def _acknowledge(self, interaction: discord.Interaction, view: ui.LayoutView) -> None:
        """Give the first answer; where it is not taken, nothing of the job is shown any more."""
        answer = Answer.to(interaction)
        try:
            given = await answer.give(Content(view=view), private=False)
            self._post.message_id = None if given is None else given.message_id
        except UnansweredError:
            self._is_over = True
            raise
        except discord.HTTPException as error:  # no permission: its images may still get there
            logger.warning("A job could not be acknowledged: %s", in_one_line(error))
            self._interaction = None

    async def progress(self, progress: Progress) -> None:
        """Note a step; the message is edited at most once an interval, with the newest one."""
        if self._began == 0.0:
            self._began = time.monotonic()
        self._progress = progress
        if self._editor is None or self._editor.done():
            self._editor = asyncio.create_task(self._edit_later(), name="progress edit")
            self._editor.add_done_callback(_log_failure)

    async def _edit_later(self) -> None:
        due = self._began + FIRST_PREVIEW_S
        await asyncio.sleep(max(EDIT_INTERVAL_S if self._shown else 0.0, due - time.monotonic()))
        async with self._lock:
            progress, self._progress = self._progress, None
            if progress is not None and not self._is_over:
                self._shown = True
                assert self._job is not None
                async with asyncio.timeout(EDITED_WITHIN_S):
                    await self._post.edit(progress_content(self._job, progress, self._locale))

    async def done(self, job: Job, generations: Sequence[Generation]) -> None:
        """Put the images in place of the progress, and remember which message holds them."""
        await self._begin_end(job)
        job = replace(job, origin=replace(job.origin, locale=self._locale))
        notes = await notes_on(self._bot, job, generations)
        with refusals_translated():
            async with self._lock:
                await self._deliver_images(job, generations, notes)
        await self._remember_message()

    async def _begin_end(self, job: Job) -> None:
        self._job = job
        self._is_over = True
        await self._stop_editing()

    async def _deliver_images(
        self, job: Job, generations: Sequence[Generation], notes: list[str]
    ) -> None:
        """Send the images in the best form that fits; smaller ones if Discord still refuses."""
        ids = [each.id for each in generations]
        beside = self._bot.service.system.picture_beside(job)

        async def deliver(limit_bytes: int) -> None:
            content = await images_content(
                self._bot, job, generations, notes, limit_bytes=limit_bytes, beside=beside
            )
            await self._post.deliver(content, job, ids)

        self._filesize_limit = await send_fitting(self._filesize_limit, deliver)

    async def failed(self, job: Job, sentence_: str) -> None:
        """Say in one sentence what went wrong: to the requester alone while that is possible."""
        await self._begin_end(job)
        with refusals_translated():
            async with self._lock:
                await self._fail(job, sentence_)

    def _failure(self, sentence_: str, locale: str) -> str:
        return text("failed", locale, sentence=sentence(sentence_, locale))

    async def _fail(self, job: Job, sentence_: str) -> None:
        line = self._failure(sentence_, self._origin.locale)
        if self._interaction is not None and await self._whisper(line):
            return
        shown = self._failure(sentence_, self._locale)
        content = Content(view=self._status(shown, row=(), colour=views.WARNING))
        try:
            await self._post.deliver(content, job)
        except discord.HTTPException as error:
            refusal = refusal_of(error)
            if refusal is Refusal.PASSING:
                raise
            logger.info(
                "Job %s cannot be answered where it came from (%s): writing to its user",
                job.id, in_one_line(error),
            )  # fmt: skip
            await write_to_user(self._bot, self._origin.user_id, line, about=job.id)

    async def undelivered(self, job: Job, sentence_: str) -> None:
        """Write to the requester that their images are kept; else answer where they asked."""
        await self._begin_end(job)
        line = self._failure(sentence_, self._origin.locale)
        with refusals_translated():
            async with self._lock:
                try:
                    await write_to_user(self._bot, self._origin.user_id, line, about=job.id)
                except discord.HTTPException as error:
                    if refusal_of(error) is Refusal.PASSING:
                        raise
                    await self._fail(job, sentence_)

    async def _whisper(self, line: str) -> bool:
        """Replace the public message by a private one; say whether they were told."""
        assert self._interaction is not None
        if not self._may_be_told:
            view = self._status(line, row=(), colour=views.WARNING)
            self._may_be_told = True
            try:
                await self._interaction.followup.send(view=view, ephemeral=True)
            except discord.HTTPException as error:
                self._may_be_told = False
                logger.info("Something could not be told in private: %s", in_one_line(error))
                return False
            except NO_ANSWER as error:
                logger.info("It is not known whether they were told: %s", in_one_line(error))
            else:
                await self._take_back()
                return True
        # Only the answer may be lost, and nobody is told twice: no reason stands here.
        line = text("not_drawn", self._locale)
        await self._post.edit(Content(view=self._status(line, row=(), colour=views.WARNING)))
        return True

    async def _take_back(self) -> None:
        assert self._interaction is not None
        try:
            await self._interaction.delete_original_response()
        except discord.HTTPException as error:  # they are told, and not once more
            logger.info("A message of no more use stays: %s", in_one_line(error))

    async def cancelled(self, job: Job, *, by_requester: bool) -> None:
        """Delete the message, or replace it by a note if a moderator cancelled the job."""
        await self._begin_end(job)
        key = "cancelled" if by_requester else "cancelled_by_moderator"
        with refusals_translated():
            async with self._lock:
                if by_requester and await self._post.delete():
                    return
                is_there = not by_requester and self._interaction is not None
                if is_there and await self._whisper(text(key, self._origin.locale)):
                    return
                view = self._status(text(key, self._locale), row=(), colour=views.STOPPED)
                await self._post.edit(Content(view=view))

    def _status(self, line: str, **options: Any) -> ui.LayoutView:  # noqa: ANN401 - of `status`
        assert self._job is not None
        if self._job.is_held:
            return held_status(self._job, line, self._locale, **options)
        return status(self._job, line, self._locale, **options)

    async def _stop_editing(self) -> None:
        """Drop a waiting progress edit; wait for one that is being sent."""
        self._progress = None
        if self._editor is None:
            return
        if not self._lock.locked():
            self._editor.cancel()
        await asyncio.wait({self._editor})  # its failure is logged, and keeps nothing from coming

    async def _remember_message(self) -> None:
        if self._job is not None and self._post.message_id is not None:
            await self._bot.service.system.set_message(
                self._job.id, self._origin.channel_id, self._post.message_id
            )


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.warning("A progress edit failed: %s", in_one_line(error))


async def setup(bot: ImageBot) -> None:
    """Let the bot answer jobs of an earlier run."""
    bot.reply_for = lambda job: DiscordReply.to_job(bot, job)
    bot.service.system.holds.make_reply = bot.reply_for
