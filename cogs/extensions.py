"""Extend: more of an image around it, or beside it, or in another shape."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import discord

from bot.discord_ui.client import ImageBot
from bot.discord_ui.forms import show_form
from bot.discord_ui.image_choice import chosen_image, which_image
from bot.discord_ui.sources import (
    Source,
    drawn_into,
    in_time,
    prompt_field,
    strength_choices,
    strength_field,
)
from bot.discord_ui.submission import bot_of, check_shareable, find, submit
from bot.domain.extents import PANS, ZOOMS, Extent, extent_of
from bot.domain.forms import Choice, Field, Form
from bot.domain.jobs import Generation
from bot.domain.requests import (
    ModelRules,
    OperationKind,
)
from bot.locales import text
from bot.media.canvas import extended
from bot.media.picture_files import read_pixels


async def ask_how(interaction: discord.Interaction, generations: Sequence[Generation]) -> None:
    """Ask how to extend an image, and which where there are several."""
    await check_shareable(interaction, generations)
    locale, rules = str(interaction.locale), bot_of(interaction).service.model_rules
    fields = _fields(generations[0], rules, locale)
    if len(generations) > 1:
        fields.append(which_image(generations, locale))
    ids = [each.id for each in generations]
    await show_form(interaction, "extend", text("button_extend", locale), fields, ids=ids)


def _fields(first: Generation, rules: ModelRules, locale: str) -> list[Field]:
    own = first.request.size
    ways = [
        Choice(value=name, label=text(f"extend_{name}", locale)) for name in (*ZOOMS, *PANS)
    ] + [
        Choice(value=name, label=text("extend_shape", locale, name=name, size=size))
        for name, size in rules.named.items()
        if size != own
    ]
    return [
        Field(name="how", label=text("extend_how", locale), value=next(iter(ZOOMS)), choices=ways),
        prompt_field(locale, value=first.request.prompt, hint=text("extend_prompt_hint", locale)),
        strength_field(locale, strength_choices(locale, with_new=True)),
    ]


async def send_extension(interaction: discord.Interaction, form: Form) -> None:
    """Queue the image on a larger canvas."""
    [parent] = await find(interaction, [chosen_image(form)])
    service, own = bot_of(interaction).service, parent.request.size
    extent = extent_of(form.typed["how"], (own.width, own.height), service.model_rules)

    async def load() -> Source:
        async with service.looking:
            return await asyncio.to_thread(_on_canvas, parent, extent)

    source = await in_time(interaction, load)
    request = drawn_into(source, parent, form, service.model_rules)
    lost = [text("extend_lost", str(interaction.locale), count=extent.lost, size=extent.canvas)]
    await submit(
        interaction,
        [request],
        parents=[parent],
        sources=source.pictures,
        notes=lost if extent.lost else [],
    )


def _on_canvas(parent: Generation, extent: Extent) -> Source:
    picture, mask = extended(read_pixels(parent.path), extent)
    return Source(picture=picture, mask=mask, kind=OperationKind.OUTPAINT)


ACTIONS: Final = {"extend": ask_how}


async def setup(bot: ImageBot) -> None:
    """Let the button and its form be understood."""
    bot.form_handlers["extend"] = send_extension
    bot.form_actions["extend"] = "redraw"
    bot.image_actions |= ACTIONS
