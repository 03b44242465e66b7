"""The reply of a job: one Discord message, from "number 2 in line" to the finished images."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Final, Self

import discord
from discord import ui

from bot.client import ImageBot
from bot.jobs import Generation, Job, Origin
from bot.service import NotPostableError, Progress, Ticket
from bot.texts import sentence, text
from bot.variations import Axis
from cogs import layouts
from cogs.board_defaults import board_notes
from cogs.comparing import verdict
from cogs.posting import UNKNOWN_CHANNEL, UNREACHABLE, Content, Post
from cogs.rows import cancel_row, image_row
from cogs.sheets import sheet_content
from cogs.uploads import Upload, fit_for_upload
from cogs.wording import relative_time

logger = logging.getLogger(__name__)

ANSWER_WITHIN_S: Final = 3.0  # Discord takes no first answer later
EDIT_INTERVAL_S: Final = 1.2  # Discord allows about 5 edits in 5 s a channel, for all jobs in it
FIRST_PREVIEW_S: Final = 2.0  # a job that is faster than this shows no steps, only its images
DEFAULT_FILESIZE_LIMIT: Final = 10 * 1024**2  # bytes; where no interaction told the place's own
SMALLEST_LIMIT: Final = 256 * 1024  # bytes; no place takes less
TOO_LARGE: Final = 413


class DiscordReply:
    """Tell one requester, and the channel, about one job."""

    def __init__(
        self,
        bot: ImageBot,
        *,
        origin: Origin,
        filesize_limit: int,
        message_id: int | None = None,
        interaction: discord.Interaction | None = None,
    ) -> None:
        """Prepare; nothing is sent before `queued`."""
        self._bot = bot
        self._origin = origin
        self._filesize_limit = filesize_limit
        self._post = Post(bot, origin, message_id)
        self._interaction = interaction
        self._lock = asyncio.Lock()  # one call to Discord at a time, in the order of the job
        self._job: Job | None = None
        self._progress: Progress | None = None
        self._editor: asyncio.Task[None] | None = None
        self._began = 0.0
        self._shown = False

    @classmethod
    def to_interaction(cls, interaction: discord.Interaction, origin: Origin) -> Self:
        """Return the reply to a command, a button or a modal that is being answered now."""
        bot = interaction.client
        assert isinstance(bot, ImageBot)
        return cls(
            bot,
            origin=origin,
            filesize_limit=interaction.filesize_limit,
            interaction=interaction,
        )

    @classmethod
    def to_job(cls, bot: ImageBot, job: Job) -> Self:
        """Return the reply of a job an earlier run of the bot left unfinished."""
        guild = bot.get_guild(job.origin.guild_id) if job.origin.guild_id is not None else None
        limit = guild.filesize_limit if guild is not None else DEFAULT_FILESIZE_LIMIT
        return cls(bot, origin=job.origin, filesize_limit=limit, message_id=job.message_id)

    @property
    def _locale(self) -> str:
        return self._origin.locale

    async def queued(self, ticket: Ticket) -> None:
        """Acknowledge with the position and the time; after a restart, say that it goes on."""
        self._job = ticket.job
        line = self._queue_line(ticket)
        async with self._lock:
            if self._interaction is None:
                line = text("redrawn", self._locale) + " " + line
                await self._post.edit(Content(view=self._status(line)))
            else:
                await self._acknowledge(self._interaction, self._status(line))
        await self._remember_message()

    async def moved(self, ticket: Ticket) -> None:
        """Show the new place and time; nothing where the drawing has begun meanwhile."""
        async with self._lock:
            if self._progress is None and not self._shown:
                await self._post.edit(Content(view=self._status(self._queue_line(ticket))))

    async def kept(self, job: Job) -> None:
        """Say that the bot stops and that the place in line is kept."""
        self._job = job
        async with self._lock:
            line = text("kept", self._locale)
            await self._post.edit(Content(view=self._status(line, colour=layouts.WARNING)))

    def _queue_line(self, ticket: Ticket) -> str:
        if ticket.is_paused:
            return text("queued_paused", self._locale)
        key = "queued_next" if ticket.position <= 1 else "queued"
        line = text(key, self._locale, position=ticket.position)
        if ticket.eta_s is None:
            return line
        when = relative_time(self._bot.now().timestamp() + ticket.eta_s)
        return line + " · " + text("ready", self._locale, when=when)

    async def _acknowledge(self, interaction: discord.Interaction, view: ui.LayoutView) -> None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                response = await interaction.response.send_message(view=view)
        except (discord.HTTPException, TimeoutError) as error:
            # Too late (3 s) or answered twice: the job is written, its images go to the channel.
            logger.warning("A job's interaction could not be answered: %r", error)
            self._interaction = None
            return
        self._post.message_id = response.message_id

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
            if progress is not None:
                self._shown = True
                await self._post.edit(self._progress_content(progress))

    def _progress_content(self, progress: Progress) -> Content:
        key = "drawing_one_of" if progress.count > 1 else "drawing"
        line = text(
            key,
            self._locale,
            step=progress.step,
            total=progress.total,
            number=progress.image_index + 1,
            count=progress.count,
        )
        if progress.preview is None:
            return Content(view=self._status(line))
        name = "preview.webp" if progress.preview[:4] == b"RIFF" else "preview.png"
        return Content(
            view=self._status(line, preview=name),
            files=[Upload(name=name, content=progress.preview)],
        )

    async def done(self, job: Job, generations: Sequence[Generation]) -> None:
        """Put the images in place of the progress, and remember which message holds them."""
        self._job = job
        await self._stop_editing()
        notes = await verdict(self._bot.service, job, generations)
        notes += await board_notes(self._bot.service, job)
        async with self._lock:
            await self._deliver_images(job, generations, notes)
        await self._remember_message()

    async def _deliver_images(
        self, job: Job, generations: Sequence[Generation], notes: list[str]
    ) -> None:
        """Send the images in the best form that fits; smaller ones if Discord still refuses."""
        limit = self._filesize_limit
        while True:
            content = await self._images_content(job, generations, notes, limit_bytes=limit)
            try:
                await self._post.deliver(content, job, [each.id for each in generations])
            except discord.HTTPException as error:
                if error.status in UNREACHABLE:
                    raise self._not_postable(error, generations) from error
                if error.status != TOO_LARGE or limit < SMALLEST_LIMIT:
                    raise
                logger.warning("Discord takes no files of %d bytes here: trying half", limit)
                limit //= 2
            else:
                return

    def _not_postable(
        self, error: discord.HTTPException, generations: Sequence[Generation]
    ) -> NotPostableError:
        ids = ", ".join(f"`{each.id}`" for each in generations)
        return NotPostableError(
            f"The image {ids} is made and kept, but I may not post in its channel any more: "
            "use /show or /history where I may.",
            is_final=error.code == UNKNOWN_CHANNEL,
        )

    async def _images_content(
        self, job: Job, generations: Sequence[Generation], notes: list[str], *, limit_bytes: int
    ) -> Content:
        if job.axis is not None:
            return await sheet_content(job, generations, notes, limit_bytes=limit_bytes)
        fitted = await asyncio.to_thread(
            fit_for_upload, generations, limit_bytes=limit_bytes, locale=self._locale
        )
        view = layouts.images(
            generations,
            fitted.names,
            locale=self._locale,
            notes=[*notes, *fitted.notes],
            row=image_row(
                [generation.id for generation in generations],
                self._locale,
                in_guild=self._origin.guild_id is not None,
            ),
            spoiler=job.spoiler,
        )
        return Content(view=view, files=fitted.uploads)

    async def failed(self, job: Job, sentence_: str) -> None:
        """Say in one sentence what went wrong: to the requester alone while that is possible."""
        self._job = job
        await self._stop_editing()
        line = text("failed", self._locale, sentence=sentence(sentence_, self._locale))
        async with self._lock:
            if self._interaction is not None and await self._whisper(line):
                return
            content = Content(view=self._status(line, row=(), colour=layouts.WARNING))
            try:
                await self._post.deliver(content, job)
            except discord.HTTPException as error:
                if error.status not in UNREACHABLE:
                    raise  # it is tried again
                logger.info(
                    "The channel of job %s is closed (%s): writing to its user", job.id, error
                )
                await self._write_to_user(line)

    async def _write_to_user(self, line: str) -> None:
        """Tell the requester in a direct message what cannot be told in the channel."""
        try:
            user = await self._bot.fetch_user(self._origin.user_id)
            await user.send(view=self._status(line, row=(), colour=layouts.WARNING))
        except (discord.Forbidden, discord.NotFound) as error:
            logger.warning("A user takes no messages either: nobody is left to tell (%s)", error)

    async def _whisper(self, line: str) -> bool:
        """Replace the public message by a private one; say whether that worked."""
        assert self._interaction is not None
        view = self._status(line, row=(), colour=layouts.WARNING)
        try:
            await self._interaction.followup.send(view=view, ephemeral=True)
            await self._interaction.delete_original_response()
        except discord.HTTPException as error:
            logger.warning("Something could not be told in private: %s", error)
            return False
        return True

    async def cancelled(self, job: Job, *, by_requester: bool) -> None:
        """Take the message away; say so in its place where somebody else cancelled the job."""
        self._job = job
        await self._stop_editing()
        line = text("cancelled" if by_requester else "cancelled_by_moderator", self._locale)
        async with self._lock:
            if by_requester and await self._post.delete():
                return
            if not by_requester and self._interaction is not None and await self._whisper(line):
                return
            await self._post.edit(Content(view=self._status(line, row=(), colour=layouts.STOPPED)))

    def _status(
        self,
        line: str,
        *,
        preview: str | None = None,
        row: layouts.Row | None = None,
        colour: discord.Colour = layouts.INK,
    ) -> ui.LayoutView:
        assert self._job is not None
        return layouts.status(
            prompt_of(self._job),
            line,
            preview=preview,
            row=cancel_row(self._job.id, self._locale) if row is None else row,
            colour=colour,
        )

    async def _stop_editing(self) -> None:
        """Drop a progress edit that waits; let one that is on its way arrive first."""
        self._progress = None
        if self._editor is None:
            return
        if not self._lock.locked():
            self._editor.cancel()
        await asyncio.wait({self._editor})  # its failure is logged, and keeps nothing from coming

    async def _remember_message(self) -> None:
        if self._job is not None and self._post.message_id is not None:
            await self._bot.service.set_message(
                self._job.id, self._origin.channel_id, self._post.message_id
            )


def prompt_of(job: Job) -> str:
    """Return what a job is to draw, in one line."""
    if job.axis is Axis.PROMPTS:
        return " | ".join(request.prompt for request in job.requests)
    return job.requests[0].prompt


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.warning("A progress edit failed: %s", error)


async def setup(bot: ImageBot) -> None:
    """Let the bot answer jobs of an earlier run."""
    bot.reply_for = lambda job: DiscordReply.to_job(bot, job)
