"""What the message of a job shows until its images are there."""

from __future__ import annotations

import datetime as dt

import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.components import cancel_row
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.formatting import relative_time
from bot.domain.jobs import Job
from bot.domain.requests import Axis
from bot.locales import text
from bot.services import Progress, QueueEntry


def queue_line(entry: QueueEntry, locale: str, *, now: dt.datetime) -> str:
    """Return the place of a job in line, and when its images will be there."""
    if entry.is_paused:
        return text("queued_paused", locale)
    line = text("queued_next" if entry.position <= 1 else "queued", locale, position=entry.position)
    if entry.eta_s is None:
        return line
    when = relative_time(now.timestamp() + entry.eta_s)
    return line + " · " + text("ready", locale, when=when)


def progress_content(job: Job, progress: Progress, locale: str) -> Content:
    """Return the step that a job is at, with a preview where there is one."""
    line = text(
        "drawing_one_of" if progress.count > 1 else "drawing",
        locale,
        step=progress.step,
        total=progress.total,
        number=progress.image_index + 1,
        count=progress.count,
    )
    if progress.preview is None:
        return Content(view=status(job, line, locale))
    name = "preview.webp" if progress.preview[:4] == b"RIFF" else "preview.png"
    return Content(
        view=status(job, line, locale, preview=name),
        files=[Upload(name=name, content=progress.preview)],
    )


def status(
    job: Job,
    line: str,
    locale: str,
    *,
    preview: str | None = None,
    row: views.Row | None = None,
    colour: discord.Colour = views.INK,
) -> ui.LayoutView:
    """Return the message of an unfinished job, with Cancel unless another row is given."""
    return views.status(
        _prompt_of(job),
        line,
        preview=preview,
        row=cancel_row(job.id, locale) if row is None else row,
        colour=colour,
    )


def held_status(
    job: Job,
    line: str,
    locale: str,
    *,
    row: views.Row | None = None,
    colour: discord.Colour = views.INK,
) -> ui.LayoutView:
    """Return the message of a job that a moderator has to look at: its prompt is not shown."""
    return views.notice(line, colour=colour, row=cancel_row(job.id, locale) if row is None else row)


def _prompt_of(job: Job) -> str:
    """Return what a job is to draw, in one line."""
    if job.axis is Axis.PROMPTS:
        return " | ".join(request.prompt for request in job.requests)
    return job.title
