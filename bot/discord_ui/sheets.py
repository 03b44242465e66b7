"""The message of a comparison: one labelled sheet, and a button for each image behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import discord
from discord import ui
from PIL import Image

from bot.discord_ui import views
from bot.discord_ui.components import image_rows, legend
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.formatting import ALT_TEXT, escaped, shortened, user_mention
from bot.discord_ui.uploads import damage_note
from bot.domain.jobs import Generation, Job
from bot.domain.requests import Axis
from bot.errors import DamagedPictureError
from bot.locales import sentence, text
from bot.media.captions import caption, differing_axes, shared_facts, title
from bot.media.contact_sheet import Cell, draw_sheet, draw_tiles, tile_edge
from bot.media.encoding import Fit, fit_under, picture_png, tiles_copy
from bot.media.picture_files import read_pixels

LABELLED: Final = 4  # images of one thing with several seeds that have words under them
LISTED: Final = 9  # images that have a line of facts each
_READERS: Final = 8  # threads
NOTES_SHOWN: Final = 1000  # characters: Discord allows 4,000 in all texts of a message
CAPTION_SHOWN: Final = 60  # characters of a prompt in the list under a sheet

# Pictures by the ids of their images, or what is wrong with their files.
Opened = Mapping[str, Image.Image | DamagedPictureError]


async def sheet_content(
    job: Job,
    generations: Sequence[Generation],
    notes: Sequence[str] = (),
    *,
    limit_bytes: int,
    source: Path | None = None,
) -> Content:
    """Return the message of a comparison.

    Args:
        job: The comparison, whose `axis` is set.
        generations: Its images that are there; at least one.
        notes: Lines above the sheet.
        limit_bytes: What a file may have here.
        source: The file of the picture that all begin with, which is shown first.

    """
    side = tile_edge(len(generations)) if _has_tiles(job) else None
    opened = await asyncio.to_thread(opened_pictures, generations, side)
    upload, note = await asyncio.to_thread(
        _upload, job, generations, opened, limit_bytes=limit_bytes, source=source
    )
    damage = [
        damage_note(each, found, job.origin.locale)
        for each in generations
        if isinstance(found := opened[each.id], DamagedPictureError)
    ]
    lines = [*missing(job, generations), *damage, *notes, *([note] if note else [])]
    view = _layout(job, generations, upload, shortened("\n".join(lines), NOTES_SHOWN))
    return Content(view=view, files=[] if upload is None else [upload])


def opened_pictures(generations: Sequence[Generation], side: int | None) -> Opened:
    """Read the pictures, by the ids of their images, or what is wrong with their files.

    They are made smaller at once, several at a time: none is wider than `side` then.
    """

    def read(generation: Generation) -> Image.Image | DamagedPictureError:
        try:
            picture = read_pixels(generation.path)
        except DamagedPictureError as error:
            return error
        if side is not None:
            picture.thumbnail((side, picture.height), Image.Resampling.LANCZOS)
        return picture

    with ThreadPoolExecutor(_READERS) as pool:
        found = pool.map(read, generations)
        return {each.id: one for each, one in zip(generations, found, strict=True)}


def _upload(
    job: Job,
    generations: Sequence[Generation],
    opened: Opened,
    *,
    limit_bytes: int,
    source: Path | None,
) -> tuple[Upload | None, str | None]:
    """Draw the sheet; it encodes, so not on the loop."""
    locale = job.origin.locale
    sheet = _draw(job, generations, opened, source)
    if sheet is None:
        return None, text("sheet_no_files", locale)
    copy = tiles_copy(sheet) if _has_tiles(job) else None
    note = None
    if copy is None or len(copy.content) > limit_bytes:
        copy = fit_under(picture_png(sheet), limit_bytes=limit_bytes)
        note = text("sheet_lossy", locale) if copy.fit is Fit.LOSSY else None
    if len(copy.content) > limit_bytes:
        return None, text("sheet_too_large", locale)
    name = f"sheet-{job.id}{copy.suffix}"
    alt = shortened(_alt_text(job, generations), ALT_TEXT)
    return Upload(name=name, content=copy.content, alt_text=alt), note


def _is_long(job: Job) -> bool:
    """Tell whether it is of more images than are listed one by one."""
    return len(job.requests) > LISTED


def _has_tiles(job: Job) -> bool:
    return job.axis is Axis.SEEDS and len(job.requests) > LABELLED


def _draw(
    job: Job, generations: Sequence[Generation], opened: Opened, source: Path | None
) -> Image.Image | None:
    """Draw the sheet; None where no file of its images is whole.

    Many seeds of one thing are tiles with their numbers: how they differ is what they show.
    """
    assert job.axis is not None
    locale, first = job.origin.locale, job.requests[0]
    shown = [(each, one) for each in generations if isinstance(one := opened[each.id], Image.Image)]
    if not shown:
        return None
    if _has_tiles(job):
        return draw_tiles({each.index + 1: picture for each, picture in shown}).image
    cells = [
        Cell(picture=picture, label=caption(each.request, job.axis, locale), number=each.index + 1)
        for each, picture in shown
    ]
    facts = shared_facts(first, locale, job.axis, *differing_axes(job.requests))
    if source is not None and (picture := _picture(source)) is not None:
        label = "sheet_source" if first.operation.inputs else "sheet_map"
        cells.insert(0, Cell(picture=picture, label=text(label, locale)))
    if len(shown) < len(job.requests):
        facts.append(text("sheet_part", locale, made=len(shown), count=len(job.requests)))
    return draw_sheet(cells, title=title(first, locale, job.axis), facts=" · ".join(facts)).image


def _picture(path: Path) -> Image.Image | None:
    """Return the picture of a file that is whole."""
    try:
        return read_pixels(path)
    except DamagedPictureError:
        return None


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
    locale, in_guild = job.origin.locale, job.origin.guild_id is not None
    head = views.headline(title(job.requests[0], locale, job.axis))
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(f"{head}\n{notes}".strip())]
    if upload is not None:
        item = discord.MediaGalleryItem(
            f"attachment://{upload.name}", description=upload.alt_text, spoiler=job.spoiler
        )
        items.append(ui.MediaGallery(item))
    items.append(ui.TextDisplay("\n".join(_list(job, generations, job.axis))))
    rows = image_rows(generations, locale, in_guild=in_guild, is_sheet=len(generations) > 1)
    items += [ui.ActionRow(*row) for row in rows]
    return views.layout(*items, colour=views.DONE)


def _list(job: Job, generations: Sequence[Generation], axis: Axis) -> list[str]:
    """Return one line of facts for all images, and one for each."""
    locale = job.origin.locale
    differing = differing_axes(job.requests)
    facts = shared_facts(job.requests[0], locale, axis, *differing, shown=escaped)
    facts.append(text("requested_by", locale, user=user_mention(job.origin.user_id)))
    lines = [" · ".join(facts)]
    if _is_long(job):
        first, last = job.requests[0].seed, job.requests[-1].seed
        seeds = text("sheet_seeds", locale, count=len(generations), first=first, last=last)
        return [f"-# {seeds} · {lines[0]}"]
    for each in generations:
        words = escaped(caption(each.request, axis, locale), limit=CAPTION_SHOWN)
        time = text("seconds", locale, seconds=each.duration_s)
        lines.append(f"**{each.index + 1}** · {words} · {time} · `{each.id}`")
    return [f"-# {line}" for line in (*lines, *legend(generations, locale))]
