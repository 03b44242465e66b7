"""The message of a job's finished images, whoever sends or changes it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from bot.discord_ui import views
from bot.discord_ui.boards.defaults import board_notes
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import image_row
from bot.discord_ui.content import Content
from bot.discord_ui.pixel_verdict import verdict
from bot.discord_ui.sheets import missing, sheet_content
from bot.discord_ui.uploads import fit_for_upload
from bot.domain.jobs import Generation, Job, JobSource

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
    """Return what is said above finished images."""
    notes = await verdict(bot.service, job, generations)
    return notes + await board_notes(bot.service, job)


async def images_content(
    job: Job, generations: Sequence[Generation], notes: Sequence[str], *, limit_bytes: int
) -> Content:
    """Return the message of a job's finished images, or of those that are left of them."""
    if job.axis is not None:
        return await sheet_content(job, generations, notes, limit_bytes=limit_bytes)
    locale = job.origin.locale
    fitted = await asyncio.to_thread(
        fit_for_upload, generations, limit_bytes=limit_bytes, locale=locale
    )
    row = image_row(
        [generation.id for generation in generations],
        locale,
        in_guild=job.origin.guild_id is not None,
    )
    view = views.images(
        generations,
        fitted.names,
        locale=locale,
        notes=[*missing(job, generations), *notes, *fitted.notes],
        row=row,
        spoiler=job.spoiler,
    )
    return Content(view=view, files=fitted.uploads)
