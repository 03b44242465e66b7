"""The message of a batch: its sheets, and every image behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord import ui
from PIL import Image

from bot.discord_ui import views
from bot.discord_ui.components import image_rows, legend
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.formatting import ALT_TEXT, escaped, shortened, user_mention
from bot.discord_ui.sheets import (
    CAPTION_SHOWN,
    LISTED,
    NOTES_SHOWN,
    missing,
    opened_pictures,
)
from bot.discord_ui.uploads import damage_note
from bot.domain.batches import Batch
from bot.domain.jobs import Generation, Job
from bot.errors import DamagedPictureError
from bot.locales import text
from bot.media.batch_sheet import common_facts, draw_page, label_of, page_places, tile_side
from bot.media.encoding import Fit, fit_under, picture_png

_OPTION: Final = 100  # characters of a line in a select


@dataclass(frozen=True, kw_only=True)
class _Page:
    """One sheet, and what has to be said about it."""

    upload: Upload | None
    notes: Sequence[str]


async def batch_content(
    job: Job, generations: Sequence[Generation], notes: Sequence[str] = (), *, limit_bytes: int
) -> Content:
    """Return the message of a batch.

    Args:
        job: The job, whose `batch` is set.
        generations: Its images that are there; at least one.
        notes: Lines above the sheets.
        limit_bytes: What a file may have here.

    """
    assert job.batch is not None
    by_place = {each.index: each for each in generations}
    spans = page_places(job.batch, len(job.requests))
    chosen = [[by_place[place] for place in span if place in by_place] for span in spans]
    pages = [
        await asyncio.to_thread(_page, job, job.batch, some, number, limit_bytes)
        for number, some in enumerate(chosen, 1)
        if some
    ]
    found = dict.fromkeys(note for page in pages for note in page.notes)
    lines = shortened("\n".join([*missing(job, generations), *found, *notes]), NOTES_SHOWN)
    uploads = [each.upload for each in pages if each.upload is not None]
    return Content(view=_layout(job, job.batch, generations, uploads, lines), files=uploads)


def _page(
    job: Job, batch: Batch, generations: Sequence[Generation], number: int, limit_bytes: int
) -> _Page:
    """Draw one sheet; it reads and encodes, so not on the loop."""
    locale = job.origin.locale
    opened = opened_pictures(generations, tile_side(len(generations)))
    notes = [
        damage_note(each, found, locale)
        for each in generations
        if isinstance(found := opened[each.id], DamagedPictureError)
    ]
    pictures = {
        each.index: one for each in generations if isinstance(one := opened[each.id], Image.Image)
    }
    if not pictures:
        return _Page(upload=None, notes=[*notes, text("sheet_no_files", locale)])
    sheet = draw_page(batch, job.requests, pictures, locale=locale)
    copy = fit_under(picture_png(sheet), limit_bytes=limit_bytes)
    if len(copy.content) > limit_bytes:
        return _Page(upload=None, notes=[*notes, text("sheet_too_large", locale)])
    if copy.fit in {Fit.LOSSY, Fit.REDUCED}:
        notes.append(text("sheet_lossy", locale))
    alt = _alt_text(job, batch, generations)
    name = f"sheet-{job.id}-{number}{copy.suffix}"
    return _Page(upload=Upload(name=name, content=copy.content, alt_text=alt), notes=notes)


def _alt_text(job: Job, batch: Batch, generations: Sequence[Generation]) -> str:
    captions = "; ".join(_labels(batch, generations))
    locale = job.origin.locale
    return shortened(text("sheet_alt", locale, count=len(generations), captions=captions), ALT_TEXT)


def _labels(batch: Batch, generations: Sequence[Generation]) -> list[str]:
    return [label_of(batch, each.index, each.request) for each in generations]


def _layout(
    job: Job,
    batch: Batch,
    generations: Sequence[Generation],
    uploads: Sequence[Upload],
    notes: str,
) -> ui.LayoutView:
    locale, in_guild = job.origin.locale, job.origin.guild_id is not None
    items: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(f"{views.headline(batch.title)}\n{notes}".strip())
    ]
    if uploads:
        items.append(ui.MediaGallery(*(_shown(each, is_hidden=job.spoiler) for each in uploads)))
    items.append(ui.TextDisplay("\n".join(_list(job, batch, generations))))
    labels = _labels(batch, generations)
    options = [
        shortened(f"{each.index + 1} · {label}", _OPTION)
        for each, label in zip(generations, labels, strict=True)
    ]
    is_sheet = len(generations) > 1
    rows = image_rows(generations, locale, in_guild=in_guild, is_sheet=is_sheet, options=options)
    items += [ui.ActionRow(*row) for row in rows]
    return views.layout(*items, colour=views.DONE)


def _shown(upload: Upload, *, is_hidden: bool) -> discord.MediaGalleryItem:
    return discord.MediaGalleryItem(
        f"attachment://{upload.name}", description=upload.alt_text, spoiler=is_hidden
    )


def _list(job: Job, batch: Batch, generations: Sequence[Generation]) -> list[str]:
    """Return one line of facts for all images, and one for each where they are few."""
    locale = job.origin.locale
    count = len(generations)
    facts = [text("batch_images", locale, count=count)] if count > 1 else []
    facts += [escaped(each) for each in common_facts(job.requests, locale)]
    facts.append(text("requested_by", locale, user=user_mention(job.origin.user_id)))
    lines = [" · ".join(facts)]
    if len(generations) <= LISTED:
        lines += map(_line, generations, _labels(batch, generations), [locale] * LISTED)
    return [f"-# {line}" for line in (*lines, *legend(generations, locale))]


def _line(generation: Generation, label: str, locale: str) -> str:
    time = text("seconds", locale, seconds=generation.duration_s)
    words = escaped(label, limit=CAPTION_SHOWN)
    return f"**{generation.index + 1}** · {words} · {time} · `{generation.id}`"
