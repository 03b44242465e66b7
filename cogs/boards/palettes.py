"""Colours: `/board palette`, files for other programs, and drawing with a palette."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import discord
from discord import app_commands, ui

from bot.discord_ui import views
from bot.discord_ui.boards.choice import (
    BoardCommand,
    board_of,
    picture_of,
    suggest_boards,
    suggest_numbers,
)
from bot.discord_ui.boards.components import button
from bot.discord_ui.boards.display import acknowledge, present
from bot.discord_ui.boards.formatting import board_name, swatch_lines
from bot.discord_ui.boards.views import stripe
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.forms import show_form
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.submission import bot_of, submit
from bot.domain.boards import Board, Item, Swatch
from bot.domain.deferrals import Repeat
from bot.domain.forms import Field, Form
from bot.domain.recipe import parse_recipe
from bot.domain.requests import (
    PROMPT,
    SEED,
    SIZE,
    ImageRequest,
    clean_prompt,
    joined,
    parse_seed,
    random_seed,
)
from bot.locales import text
from bot.media.captions import field_title
from bot.media.encoding import picture_png
from bot.media.exports.phrases import plain_stem
from bot.media.exports.sheet import palette_of_items
from bot.media.palettes import ase, css, draw_strip, gpl, palette_json, prompt_words
from cogs.boards.redraws import check_open_here


@app_commands.command(name="palette", description="The colours of a board or of one picture")
@app_commands.describe(board="Which board", number="Which picture; none means the whole board")
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers)
async def palette(
    interaction: discord.Interaction, board: str | None = None, number: int | None = None
) -> None:
    """Show colours and their names, with files of them."""
    if number is None:
        found, item = await board_of(interaction, board), None
    else:
        found, item = await picture_of(interaction, board, number)
    await present_palette(interaction, found, item)


async def show_palette(interaction: discord.Interaction, board_id: str, _: str) -> None:
    """Show the colours of a board."""
    await present_palette(interaction, await board_of(interaction, board_id), None)


def colours_of(board: Board, item: Item | None) -> Sequence[Swatch]:
    """Return the colours of a picture, or of all that the reader sees of a board.

    Raises:
        RefusalError: There are none yet.

    """
    found = palette_of_items(board, board.items) if item is None else item.palette
    if not found:
        raise RefusalError("board_no_colours")
    return found


async def present_palette(
    interaction: discord.Interaction, board: Board, item: Item | None
) -> None:
    """Show colours to their reader alone."""
    swatches = await asyncio.to_thread(colours_of, board, item)  # many, and scipy's first use
    locale = str(interaction.locale)
    await acknowledge(interaction, Repeat.UNANSWERED)
    strip = await asyncio.to_thread(lambda: picture_png(draw_strip(swatches)))
    picture = Upload(name="palette.png", content=strip, alt_text=_alt(swatches))
    name, stem = board.name, plain_stem(board)
    if item is not None:
        name, stem = f"{name} {item.number}", f"{stem}-{item.number}"
    files = palette_files(swatches, name, stem=stem, locale=locale)
    view = _palette_view(board, item, swatches, files, locale)
    await present(interaction, Content(view=view, files=[picture, *files]))


def _palette_view(
    board: Board,
    item: Item | None,
    swatches: Sequence[Swatch],
    files: Sequence[Upload],
    locale: str,
) -> ui.LayoutView:
    name, detail = board_name(board.name), ""
    if item is not None:
        name += " · " + text("board_picture", locale, number=item.number)
        detail = str(item.number)
    row: Any = ui.ActionRow(
        button("paint", board.id, detail, locale=locale, emoji="🎨"),
        button("sheet", board.id, detail or "0", locale=locale, emoji="🖼️"),
    )
    hexes = " ".join(swatch.hex for swatch in swatches)
    return views.layout(
        ui.TextDisplay(text("board_palette_title", locale, name=name)),
        ui.MediaGallery(
            discord.MediaGalleryItem("attachment://palette.png", description=_alt(swatches))
        ),
        ui.TextDisplay("\n".join(swatch_lines(swatches, locale)) + f"\n```\n{hexes}\n```"),
        *(ui.File(f"attachment://{file.name}") for file in files),
        row,
        colour=stripe(swatches),
    )


def palette_files(swatches: Sequence[Swatch], name: str, *, stem: str, locale: str) -> list[Upload]:
    """Return a palette in the forms that other programs open."""
    contents = {
        ".ase": ase(swatches, name, locale=locale),
        ".gpl": gpl(swatches, name, locale=locale).encode(),
        ".css": css(swatches, name, locale=locale).encode(),
        ".json": palette_json(swatches, name).encode(),
    }
    return [Upload(name=stem + suffix, content=each) for suffix, each in contents.items()]


def _alt(swatches: Sequence[Swatch]) -> str:
    return ", ".join(swatch.hex for swatch in swatches)


async def ask_prompt(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Ask what to draw in the colours of a picture, or of a board."""
    board, item = await _painter(interaction, board_id, number)
    base, locale = _base_of(item), str(interaction.locale)
    words = prompt_words(await asyncio.to_thread(colours_of, board, item), locale)
    fields = [
        Field(name="prompt", label=field_title(PROMPT, locale), is_required=True, is_long=True,
              value="" if base is None else base.prompt, max_length=3000),
        Field(name="colours", label=text("board_field_colours", locale), value=words,
              is_long=True, hint=text("board_hint_colours", locale), max_length=600),
        Field(name="size", label=field_title(SIZE, locale), max_length=20,
              value=str(base.size) if base is not None else board.defaults.value("size") or "",
              hint=text("edit_size_hint", locale)),
        Field(name="seed", label=field_title(SEED, locale), max_length=20,
              hint=text("board_hint_seed", locale)),
    ]  # fmt: skip
    title = text("board_paint_title", locale)
    await show_form(interaction, "paint", title, fields, board=board_id, number=number)


async def send_prompt(interaction: discord.Interaction, form: Form) -> None:
    """Draw the prompt typed into the form."""
    board, item = await _painter(interaction, form.subject["board"], form.subject["number"])
    base = _base_of(item)
    if item is not None and base is not None:
        await check_open_here(interaction, board, [item], "board_not_drawable")
    is_hidden = item is not None and item.is_spoiler and base is not None
    await submit(interaction, [painted(interaction, base, form.typed)], spoiler=is_hidden)


async def _painter(
    interaction: discord.Interaction, board_id: str, number: str
) -> tuple[Board, Item | None]:
    """Return the board, and the picture where one is meant, whose colours are used."""
    if number:
        return await picture_of(interaction, board_id, int(number))
    return await board_of(interaction, board_id), None


def _base_of(item: Item | None) -> ImageRequest | None:
    """Return what made a picture, where this bot did."""
    if item is None or item.recipe_text is None:
        return None
    return parse_recipe(item.recipe_text).request


def painted(
    interaction: discord.Interaction, base: ImageRequest | None, typed: Mapping[str, str]
) -> ImageRequest:
    """Return the typed request with the names of the colours appended to its prompt."""
    rules = bot_of(interaction).service.model_rules
    prompt = joined(typed["prompt"].strip(), typed["colours"].strip())
    size, seed = typed["size"].strip() or None, typed["seed"].strip()
    if base is None:
        return ImageRequest.parse(
            prompt=prompt, rules=rules, size=size, seed=int(parse_seed(seed)) if seed else None
        )
    return replace(
        base,
        prompt=clean_prompt(prompt),
        size=base.size if size is None else rules.parse(size),
        seed=parse_seed(seed) if seed else random_seed(),
    )


COMMANDS: Final[tuple[BoardCommand, ...]] = (palette,)
BUTTONS = {"palette": show_palette, "paint": ask_prompt}
FORMS = {"paint": send_prompt}
