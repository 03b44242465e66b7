"""Edit region: a numbered grid over an image, and a form that says what to draw in its cells."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import CELLS_TEMPLATE, GRID_TEMPLATE, Button
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.deferrals import defer
from bot.discord_ui.forms import show_form
from bot.discord_ui.image_choice import chosen_image, which_image
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.modals import uploaded
from bot.discord_ui.sources import (
    Source,
    content_of,
    drawn_into,
    in_time,
    prompt_field,
    strength_choices,
    strength_field,
)
from bot.discord_ui.submission import bot_of, check_shareable, find, submit
from bot.discord_ui.viewers import viewer_of
from bot.domain.deferrals import Repeat
from bot.domain.drawing import RawImage
from bot.domain.forms import Choice, Field, FieldKind, Form
from bot.domain.jobs import Generation
from bot.domain.regions import GRIDS, USUAL_GRID, parse_cells, region_of, region_of_cells
from bot.domain.requests import (
    MAX_STRENGTH,
    ModelRules,
    Size,
)
from bot.locales import text
from bot.media.masks import mask_of_file, mask_of_region
from bot.media.numbered_grid import numbered_grid
from bot.media.picture_files import read_pixels
from bot.media.source_pictures import prepared

_NAME: Final = "grid.webp"


async def edit_region(interaction: discord.Interaction, generations: Sequence[Generation]) -> None:
    """Show the grid over an image; of several, ask over which."""
    await check_shareable(interaction, generations)
    if len(generations) == 1:
        await show_grid(interaction, generations[0])
        return
    locale, ids = str(interaction.locale), [each.id for each in generations]
    fields = [which_image(generations, locale)]
    await show_form(interaction, "grid", text("button_region", locale), fields, ids=ids)


async def send_grid(interaction: discord.Interaction, form: Form) -> None:
    """Show the grid over the image that was chosen."""
    [generation] = await find(interaction, [chosen_image(form)])
    await show_grid(interaction, generation)


async def show_grid(interaction: discord.Interaction, generation: Generation) -> None:
    """Answer, in private, with an image under a grid and what opens the form."""
    await defer(interaction, repeat=Repeat.UNANSWERED)
    content = await _grid_message(interaction, generation, USUAL_GRID)
    await Answer.to(interaction).give(content)


async def _grid_message(
    interaction: discord.Interaction, generation: Generation, grid: int
) -> Content:
    locale, images = str(interaction.locale), bot_of(interaction).service.images
    hidden = await images.hidden_among([generation.id], viewer=await viewer_of(interaction))
    content = await asyncio.to_thread(_painted, generation, grid)
    picture = discord.MediaGalleryItem(
        f"attachment://{_NAME}", description=text("region_alt", locale), spoiler=bool(hidden)
    )
    view = views.layout(
        ui.TextDisplay(text("region_how", locale)),
        ui.MediaGallery(picture),
        *views.rows_of(_buttons(generation.id, grid, locale)),
    )
    return Content(view=view, files=[Upload(name=_NAME, content=content)])


def _painted(generation: Generation, grid: int) -> bytes:
    return numbered_grid(read_pixels(generation.path), grid)


def _buttons(id_: str, grid: int, locale: str) -> list[Button]:
    others = [
        Button(label=f"{each} × {each}", emoji="#️⃣", custom_id=f"zib:grid:{each}:{id_}")
        for each in GRIDS
        if each != grid
    ]
    choose = Button(
        style=discord.ButtonStyle.primary,
        emoji="✏️",
        label=text("region_choose", locale),
        custom_id=f"zib:cells:{grid}:{id_}",
    )
    return [choose, *others]


class GridButton(AnswerableItem[Button], template=GRID_TEMPLATE):
    """Another grid over the same image."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Change the picture in its place."""
        [generation] = await find(interaction, [self.match["id"]])
        content = await _grid_message(interaction, generation, int(self.match["grid"]))
        await Answer.to(interaction).update(content)


class CellsButton(AnswerableItem[Button], template=CELLS_TEMPLATE):
    """Choose cells, under the grid."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Ask for the cells, and what is to be there."""
        [generation] = await find(interaction, [self.match["id"]])
        grid, locale = int(self.match["grid"]), str(interaction.locale)
        fields = _fields(generation, grid, locale)
        title = text("button_region", locale)
        await show_form(interaction, "region", title, fields, id=generation.id, grid=grid)


def _fields(generation: Generation, grid: int, locale: str) -> list[Field]:
    cells = [
        Choice(value=str(i), label=text("region_cell", locale, number=i))
        for i in range(1, grid * grid + 1)
    ]
    return [
        Field(name="cells", label=text("region_cells", locale), kind=FieldKind.OPTIONS,
              choices=cells, max_choices=len(cells), hint=text("region_cells_hint", locale)),
        Field(name="words", label=text("region_words", locale), max_length=200,
              hint=text("region_words_hint", locale)),
        Field(name="mask", label=text("region_mask", locale), kind=FieldKind.FILE,
              hint=text("region_mask_hint", locale)),
        prompt_field(locale, value=generation.request.prompt,
                     hint=text("region_prompt_hint", locale)),
        strength_field(locale, strength_choices(locale, with_new=True), value=str(MAX_STRENGTH)),
    ]  # fmt: skip


async def send_region(interaction: discord.Interaction, form: Form) -> None:
    """Queue the image with its region drawn anew."""
    [parent] = await find(interaction, [form.subject["id"]])
    source, service = await _source(interaction, parent, form), bot_of(interaction).service
    request = drawn_into(source, parent, form, service.model_rules)
    await submit(interaction, [request], parents=[parent], sources=source.pictures)


async def _source(interaction: discord.Interaction, parent: Generation, form: Form) -> Source:
    """Return the image and the mask that the form says: an upload, or else cells and words.

    Raises:
        BotError: The image is gone, or none of them marks a part of it.

    """
    file, service = uploaded(form.typed.get("mask", "")), bot_of(interaction).service

    async def load() -> Source:
        marks = None if file is None else await content_of(interaction, file)
        async with service.looking:
            return await asyncio.to_thread(_masked, parent, form, marks, service.model_rules)

    return await in_time(interaction, load)


def _masked(parent: Generation, form: Form, marks: bytes | None, rules: ModelRules) -> Source:
    picture = read_pixels(parent.path)
    size = rules.kept(*picture.size)  # of what was made larger than the model draws, one it does
    if marks is None:
        mask = _mask_of_typed(form, size)
    else:
        mask = mask_of_file(marks, of=picture, size=size)
    return Source(picture=prepared(picture, size), mask=mask)


def _mask_of_typed(form: Form, size: Size) -> RawImage:
    cells, words = form.typed.get("cells", ""), form.typed.get("words", "").strip()
    region = region_of_cells(parse_cells(cells), grid=form.subject["grid"])
    if words or not region:
        region += region_of(words)
    return mask_of_region(region, size)


ACTIONS: Final = {"region": edit_region}


async def setup(bot: ImageBot) -> None:
    """Let the buttons and forms be understood."""
    bot.add_dynamic_items(GridButton, CellsButton)
    bot.form_handlers |= {"grid": send_grid, "region": send_region}
    bot.form_actions |= {"grid": "redraw", "region": "redraw"}
    bot.image_actions |= ACTIONS
