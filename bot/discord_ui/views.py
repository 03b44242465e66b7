"""How the bot's messages look: Components V2 layouts built from plain values.

Every view is stopped as soon as it is built: its buttons are `DynamicItem`s, found by their
`custom_id`, so discord.py need not remember a view for each message ever sent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import discord
from discord import ui

from bot.discord_ui.components import legend
from bot.discord_ui.content import Steering
from bot.discord_ui.formatting import ALT_TEXT, escaped, shortened, user_mention
from bot.domain.jobs import Generation
from bot.domain.requests import SIZE, Axis
from bot.locales import text
from bot.media.captions import fact, shared_facts

INK: Final = discord.Colour(0x5865F2)
DONE: Final = discord.Colour(0x3BA55D)
STOPPED: Final = discord.Colour(0x747F8D)
WARNING: Final = discord.Colour(0xFAA61A)

ROW_BUTTONS: Final = 5  # Discord allows so many in a row

Row = Sequence[ui.Item[ui.LayoutView]]


def layout(*items: ui.Item[ui.LayoutView], colour: discord.Colour = INK) -> ui.LayoutView:
    """Return a message of one container."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=colour))
    view.stop()
    return view


def notice(words: str, *, colour: discord.Colour = INK, row: Row = ()) -> ui.LayoutView:
    """Return a message of nothing but text, and perhaps buttons."""
    return layout(ui.TextDisplay(words), *rows_of(row), colour=colour)


def status(
    prompt: str,
    line: str,
    *,
    preview: str | None = None,
    row: Row = (),
    colour: discord.Colour = INK,
) -> ui.LayoutView:
    """Return the message of an unfinished job: prompt, status, preview and Cancel."""
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(f"{headline(prompt)}\n{line}")]
    if preview is not None:
        items.append(ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{preview}")))
    if row:
        items.append(ui.ActionRow(*row))
    return layout(*items, colour=colour)


def images(
    generations: Sequence[Generation],
    files: Sequence[str | None],
    *,
    locale: str,
    notes: Sequence[str] = (),
    rows: Sequence[Row] = (),
    spoiler: bool = False,
    steering: Steering | None = None,
) -> ui.LayoutView:
    """Return the message of finished images: prompt, notes, gallery, map, facts and buttons.

    Args:
        generations: The images, of one job.
        files: The name of each one's attachment; None where no copy of it can be attached.
        locale: The reader's language.
        notes: Lines between the prompt and the gallery.
        rows: The buttons and selects.
        spoiler: Whether the images are hidden until they are clicked.
        steering: The map that steered them, small beside its words.

    """
    first = generations[0]
    top = "\n".join([headline(first.request.prompt), *notes])
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(top)]
    shown = [(each, name) for each, name in zip(generations, files, strict=True) if name]
    if shown:
        items.append(_gallery(shown, locale=locale, spoiler=spoiler))
    if steering is not None:
        items.append(_map_line(steering, spoiler=spoiler))
    facts = facts_lines(generations, locale)
    items.append(ui.TextDisplay("\n".join(f"-# {fact}" for fact in facts)))
    items += [ui.ActionRow(*row) for row in rows]
    return layout(*items, colour=DONE)


def _map_line(steering: Steering, *, spoiler: bool) -> ui.Item[ui.LayoutView]:
    words = ui.TextDisplay[ui.LayoutView](f"-# {steering.words}")
    if steering.file is None:
        return words
    shown = ui.Thumbnail[ui.LayoutView](
        f"attachment://{steering.file.name}", description=steering.file.alt_text, spoiler=spoiler
    )
    return ui.Section(words, accessory=shown)


def rows_of(buttons: Row) -> list[ui.ActionRow[ui.LayoutView]]:
    """Return buttons in as few rows as hold them, all about as long; a longer one comes last."""
    num_rows = math.ceil(len(buttons) / ROW_BUTTONS)
    ends = [len(buttons) * i // num_rows for i in range(1, num_rows + 1)]
    starts = [0, *ends][:-1]
    return [ui.ActionRow(*buttons[a:b]) for a, b in zip(starts, ends, strict=True)]


def _gallery(
    shown: Sequence[tuple[Generation, str]], *, locale: str, spoiler: bool
) -> ui.MediaGallery[ui.LayoutView]:
    return ui.MediaGallery(
        *(
            discord.MediaGalleryItem(
                f"attachment://{name}",
                description=alt_text(generation.request.prompt, locale),
                spoiler=spoiler,
            )
            for generation, name in shown
        )
    )


def headline(prompt: str) -> str:
    """Return the prompt as the title of a message."""
    return f"**{escaped(prompt)}**"


def alt_text(prompt: str, locale: str) -> str:
    """Return what a screen reader says for an image."""
    return shortened(text("alt_text", locale, prompt=shortened(prompt, ALT_TEXT - 40)), ALT_TEXT)


def facts_lines(generations: Sequence[Generation], locale: str) -> list[str]:
    """Return the lines under images: one for all, and a numbered one for each of several."""
    first = generations[0]
    shared = [_shared(each, locale) for each in generations]
    asked = text("requested_by", locale, user=user_mention(first.user_id))
    if len(generations) == 1:
        return [f"{details(first, locale)} · {asked}"]
    is_alike = all(each == shared[0] for each in shared)
    lines = [" · ".join([*(shared[0] if is_alike else ()), asked])]
    for each, own in zip(generations, shared, strict=True):
        facts = [*_seed(each, locale), *(() if is_alike else own), *_made(each, locale)]
        lines.append(" · ".join([f"**{each.index + 1}**", *facts]))
    return [*lines, *legend(generations, locale)]


def details(generation: Generation, locale: str) -> str:
    """Return the line of facts under an image."""
    facts = *_seed(generation, locale), *_shared(generation, locale), *_made(generation, locale)
    return " · ".join(facts)


def _seed(generation: Generation, locale: str) -> list[str]:
    request = generation.request
    if not request.is_drawn:
        return []
    upscaled = [text("fact_upscaled_detail", locale)] if request.is_upscaled else []
    return [*upscaled, text("fact_seed", locale, seed=request.seed)]


def _shared(generation: Generation, locale: str) -> list[str]:
    """Return what images may have in common; of the upscaler alone, that is not much."""
    request = generation.request
    if not request.is_drawn:
        return [text("fact_upscaled", locale), fact(SIZE, request, locale)]
    return shared_facts(request, locale, Axis.SEEDS, shown=escaped)


def _made(generation: Generation, locale: str) -> list[str]:
    return [text("seconds", locale, seconds=generation.duration_s), f"`{generation.id}`"]
