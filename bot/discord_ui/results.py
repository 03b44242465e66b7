"""The message of a job's finished images, whoever sends or changes it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import discord

from bot.discord_ui import views
from bot.discord_ui.batches import batch_content
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import image_rows
from bot.discord_ui.content import Content
from bot.discord_ui.discord_errors import Refusal, refusal_of
from bot.discord_ui.drafts import drawn_large_notes, is_draft
from bot.discord_ui.pixel_verdict import verdict
from bot.discord_ui.sheets import missing, sheet_content
from bot.discord_ui.style_notes import style_notes
from bot.discord_ui.uploads import fit_for_upload, map_for_upload
from bot.domain.jobs import Generation, Job, JobSource
from bot.domain.requests import ModelRules

logger = logging.getLogger(__name__)

SMALLEST_LIMIT: Final = 256 * 1024  # bytes of a file; below it images are only named
# Bytes, where no interaction told the place's own limit. Discord takes 20 MB nowadays, but what it
# refuses was sent in vain.
DEFAULT_FILESIZE_LIMIT: Final = 10 * 1024**2


def upload_limit(bot: ImageBot, origin: JobSource) -> int:
    """Return how many bytes a file may have: as the interaction told, else as is safe."""
    if origin.upload_limit is not None:
        return origin.upload_limit
    guild = None if origin.guild_id is None else bot.get_guild(origin.guild_id)
    return DEFAULT_FILESIZE_LIMIT if guild is None else guild.filesize_limit


async def notes_on(bot: ImageBot, job: Job, generations: Sequence[Generation]) -> list[str]:
    """Return the notes above finished images."""
    notes = await verdict(bot.service, job, generations)
    notes += await drawn_large_notes(bot.service, job, generations)
    return notes + style_notes(job)


async def images_content(
    bot: ImageBot,
    job: Job,
    generations: Sequence[Generation],
    notes: Sequence[str],
    *,
    limit_bytes: int,
    beside: Path | None,
) -> Content:
    """Return the message of a job's finished images, or of those that are left of them.

    `beside` is the file of the picture that a comparison begins with, or of the map that steered.
    """
    if job.batch is not None:
        return await batch_content(job, generations, notes, limit_bytes=limit_bytes)
    if job.axis is not None:
        return await sheet_content(job, generations, notes, limit_bytes=limit_bytes, source=beside)
    return await kept_images(
        generations,
        rules=bot.service.model_rules,
        map_file=beside,
        limit_bytes=limit_bytes,
        locale=job.origin.locale,
        notes=[*missing(job, generations), *notes],
        is_hidden=job.spoiler,
    )


async def kept_images(
    generations: Sequence[Generation],
    *,
    rules: ModelRules,
    map_file: Path | None,
    limit_bytes: int,
    locale: str,
    notes: Sequence[str] = (),
    is_hidden: bool = False,
) -> Content:
    """Return images of one job with their buttons, as files that fit.

    Args:
        generations: The images.
        rules: Of the model: a single draft can be drawn large.
        map_file: Of the map that steered them.
        limit_bytes: What a file may have here.
        locale: The reader's language.
        notes: Lines above the images.
        is_hidden: Whether they are hidden until they are clicked.

    """
    fitted = await asyncio.to_thread(
        fit_for_upload, generations, limit_bytes=limit_bytes, locale=locale
    )
    steering = await asyncio.to_thread(
        map_for_upload, generations, map_file, limit_bytes=limit_bytes, locale=locale
    )
    rows = image_rows(
        generations,
        locale,
        in_guild=any(each.guild_id is not None for each in generations),
        is_draft=len(generations) == 1 and is_draft(generations[0], rules),
    )
    view = views.images(
        generations,
        fitted.names,
        locale=locale,
        notes=[*notes, *fitted.notes],
        rows=rows,
        spoiler=is_hidden,
        steering=steering,
    )
    maps = [] if steering is None or steering.file is None else [steering.file]
    return Content(view=view, files=[*fitted.uploads, *maps])


async def send_fitting(limit_bytes: int, send: Callable[[int], Awaitable[None]]) -> int:
    """Send files of at most `limit_bytes`; halve that, down to no files, while Discord refuses.

    Returns:
        The limit that worked.

    """
    while True:
        try:
            await send(limit_bytes)
        except discord.HTTPException as error:
            if refusal_of(error) is not Refusal.TOO_LARGE or limit_bytes == 0:
                raise
            logger.info("Discord takes no files of %d bytes here: trying half", limit_bytes)
            limit_bytes = limit_bytes // 2 if limit_bytes > SMALLEST_LIMIT else 0
        else:
            return limit_bytes
