"""The message of a comparison: one labelled sheet, and a button for each image behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.components import numbered_rows, sheet_row
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.formatting import ALT_TEXT, escaped, shortened, user_mention
from bot.discord_ui.uploads import damage_notes
from bot.domain.jobs import Generation, Job
from bot.domain.requests import Axis
from bot.errors import DamagedPictureError
from bot.locales import sentence, text
from bot.media.captions import caption, shared_facts, title
from bot.media.contact_sheet import Cell, draw_sheet
from bot.media.encoding import Fit, fit_under, picture_png
from bot.media.image_input import read_picture
from bot.media.picture_files import read_image

NOTES_SHOWN: Final = 1000  # characters: Discord allows 4,000 in all texts of a message
CAPTION_SHOWN: Final = 60  # characters of a prompt in the list under a sheet


async def sheet_content(
    job: Job, generations: Sequence[Generation], notes: Sequence[str] = (), *, limit_bytes: int
) -> Content:
    """Return the message of a comparison.

    Args:
        job: The comparison, whose `axis` is set.
        generations: Its images that are there; at least one.
        notes: Lines above the sheet.
        limit_bytes: What a file may have here.

    """
    upload, note = await asyncio.to_thread(_upload, job, generations, limit_bytes=limit_bytes)
    damage = await asyncio.to_thread(damage_notes, generations, job.origin.locale)
    lines = [*missing(job, generations), *damage, *notes, *([note] if note else [])]
    view = _layout(job, generations, upload, shortened("\n".join(lines), NOTES_SHOWN))
    return Content(view=view, files=[] if upload is None else [upload])


def _upload(
    job: Job, generations: Sequence[Generation], *, limit_bytes: int
) -> tuple[Upload | None, str | None]:
    """Draw the sheet; it reads and encodes, so not on the loop."""
    locale = job.origin.locale
    png = draw_comparison(job, generations)
    if png is None:
        return None, text("sheet_no_files", locale)
    copy = fit_under(png, limit_bytes=limit_bytes)
    if len(copy.content) > limit_bytes:
        return None, text("sheet_too_large", locale)
    name = f"sheet-{job.id}{copy.suffix}"
    alt = shortened(_alt_text(job, generations), ALT_TEXT)
    note = text("sheet_lossy", locale) if copy.fit is Fit.LOSSY else None
    return Upload(name=name, content=copy.content, alt_text=alt), note


def draw_comparison(job: Job, generations: Sequence[Generation]) -> bytes | None:
    """Return the sheet as a PNG; None where no file of its images is whole."""
    assert job.axis is not None
    locale, first = job.origin.locale, job.requests[0]
    cells = [cell for each in generations if (cell := _cell(each, job.axis, locale)) is not None]
    if not cells:
        return None
    facts = shared_facts(first, locale, job.axis)
    if len(cells) < len(job.requests):
        facts.append(text("sheet_part", locale, made=len(cells), count=len(job.requests)))
    sheet = draw_sheet(cells, title=title(first, locale, job.axis), facts=" · ".join(facts))
    return picture_png(sheet.image)


def _cell(generation: Generation, axis: Axis, locale: str) -> Cell | None:
    try:
        picture = read_picture(read_image(generation.path)).image
    except DamagedPictureError:
        return None
    label = caption(generation.request, axis, locale)
    return Cell(picture=picture, label=label, number=generation.index + 1)


def _alt_text(job: Job, generations: Sequence[Generation]) -> str:
    assert job.axis is not None
    locale = job.origin.locale
    captions = "; ".join(caption(each.request, job.axis, locale) for each in generations)
    return text("sheet_alt", locale, count=len(generations), captions=captions)


def missing(job: Job, generations: Sequence[Generation]) -> list[str]:
    """Return why images of a job are not there, where they never were made."""
    locale, made, count = job.origin.locale, len(generations), len(job.requests)
    if job.ended_by is not None:
        return [text("sheet_cancelled", locale, made=made, count=count)]
    if job.error is not None:
        reason = sentence(job.error, locale)
        return [text("sheet_failed", locale, made=made, count=count, sentence=reason)]
    return []


def _layout(
    job: Job, generations: Sequence[Generation], upload: Upload | None, notes: str
) -> ui.LayoutView:
    assert job.axis is not None
    locale, ids = job.origin.locale, [each.id for each in generations]
    head = views.headline(title(job.requests[0], locale, job.axis))
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(f"{head}\n{notes}".strip())]
    if upload is not None:
        item = discord.MediaGalleryItem(
            f"attachment://{upload.name}", description=upload.alt_text, spoiler=job.spoiler
        )
        items.append(ui.MediaGallery(item))
    items.append(ui.TextDisplay("\n".join(_list(job, generations, job.axis))))
    items += [ui.ActionRow(*row) for row in numbered_rows(generations, locale)]
    items += views.rows_of(sheet_row(ids, locale, in_guild=job.origin.guild_id is not None))
    return views.layout(*items, colour=views.DONE)


def _list(job: Job, generations: Sequence[Generation], axis: Axis) -> list[str]:
    """Return one line of facts for all images, and one for each."""
    locale = job.origin.locale
    facts = shared_facts(job.requests[0], locale, axis, shown=escaped)
    facts.append(text("requested_by", locale, user=user_mention(job.origin.user_id)))
    lines = [" · ".join(facts)]
    for each in generations:
        words = escaped(caption(each.request, axis, locale), limit=CAPTION_SHOWN)
        time = text("seconds", locale, seconds=each.duration_s)
        lines.append(f"**{each.index + 1}** {words} · {time} · `{each.id}`")
    return [f"-# {line}" for line in lines]
