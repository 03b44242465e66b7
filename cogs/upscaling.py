"""Upscale: an image, or any picture that is handed in, 2 or 4 times as large."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui.attachments import Attachment
from bot.discord_ui.client import ImageBot
from bot.discord_ui.forms import show_form
from bot.discord_ui.image_choice import chosen_image, which_image
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.sources import content_of, in_time
from bot.discord_ui.submission import bot_of, check_shareable, find, submit
from bot.discord_ui.viewers import viewer_here
from bot.domain.drawing import RawImage
from bot.domain.forms import Choice, Field, FieldKind, Form
from bot.domain.jobs import Generation
from bot.domain.requests import (
    DETAIL,
    FACTORS,
    LARGEST_SIDE,
    MAX_PROMPT_CHARACTERS,
    WORDLESS,
    ImageRequest,
    Size,
    clean_prompt,
    factors_of,
    random_seed,
)
from bot.engine.upscaler import check_installed
from bot.locales import text
from bot.media.image_input import read_picture
from bot.media.picture_files import read_image
from bot.media.source_pictures import prompt_in, upscale_source


@dataclass(frozen=True, kw_only=True)
class UpscaleSource:
    """A picture that is upscaled.

    Attributes:
        picture: At its own size.
        size: Of the result.
        prompt: What its file says it shows.
        is_spoiler: Whether the result is hidden until it is clicked.

    """

    picture: RawImage
    size: Size
    prompt: str = ""
    is_spoiler: bool = False


class Upscaling(commands.Cog):
    """The command for pictures from anywhere."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="Make a picture 2 or 4 times as large")
    @app_commands.describe(
        picture="The picture, of any kind",
        factor="How many times as large each way",
        detail="Also draw fine detail into it; takes longer, and changes it a little",
        prompt="What it shows, in words; with detail, they say what is drawn",
    )
    async def upscale(
        self,
        interaction: discord.Interaction,
        picture: discord.Attachment,
        factor: Literal["2×", "4×"] = "2×",
        detail: bool = False,  # noqa: FBT001, FBT002 - an option of the command
        prompt: app_commands.Range[str, 1, MAX_PROMPT_CHARACTERS] | None = None,
    ) -> None:
        """Queue an upscaled copy of a picture that is handed in."""
        check_installed()
        source = await _source_from_file(interaction, Attachment.of(picture), int(factor[0]))
        words = clean_prompt(prompt or "") or source.prompt or WORDLESS
        request = ImageRequest(prompt=words, seed=random_seed(), size=source.size)
        await _submit(interaction, request, source, has_detail=detail)


async def ask_how_large(
    interaction: discord.Interaction, generations: Sequence[Generation]
) -> None:
    """Ask by how much to upscale an image, and which where there are several."""
    check_installed()
    await check_shareable(interaction, generations)
    locale, sizes = str(interaction.locale), [each.request.size for each in generations]
    fitting = [
        each for each in FACTORS if any(each in factors_of(s.width, s.height) for s in sizes)
    ]
    if not fitting:
        raise RefusalError("upscale_full", size=str(sizes[0]), limit=LARGEST_SIDE)
    fields = _fields(fitting, locale)
    if len(generations) > 1:
        fields.append(which_image(generations, locale))
    ids = [each.id for each in generations]
    await show_form(interaction, "upscale", text("upscale_title", locale), fields, ids=ids)


def _fields(factors: Sequence[int], locale: str) -> list[Field]:
    sizes = [Choice(value=str(each), label=f"{each}×") for each in factors]
    ways = [
        Choice(
            value=each,
            label=text(f"upscale_{each}", locale),
            description=text(f"upscale_{each}_help", locale),
        )
        for each in ("plain", "detail")
    ]
    radio = FieldKind.RADIO
    return [
        Field(name="factor", label=text("upscale_factor", locale), kind=radio,
              value=sizes[0].value, choices=sizes),
        Field(name="way", label=text("upscale_way", locale), kind=radio,
              value="plain", choices=ways),
    ]  # fmt: skip


async def send_upscale(interaction: discord.Interaction, form: Form) -> None:
    """Queue an upscaled copy of the image that was chosen."""
    [parent] = await find(interaction, [chosen_image(form)])
    await check_shareable(interaction, [parent])
    source = await _source_from_image(interaction, parent, int(form.typed["factor"]))
    has_detail = form.typed["way"] == "detail"
    await _submit(interaction, parent.request, source, has_detail=has_detail, parents=[parent])


async def _submit(
    interaction: discord.Interaction,
    request: ImageRequest,
    source: UpscaleSource,
    *,
    has_detail: bool,
    parents: Sequence[Generation] = (),
) -> None:
    picture, strength = source.picture, DETAIL if has_detail else 0
    drawn = request.for_profile(bot_of(interaction).service.model_rules.profile)
    await submit(
        interaction,
        [drawn.upscaled_from(picture.pixel_sha256, source.size, strength=strength)],
        parents=parents,
        spoiler=source.is_spoiler,
        sources=(picture,),
    )


async def _source_from_file(
    interaction: discord.Interaction, attachment: Attachment, factor: int
) -> UpscaleSource:
    bot, scene = bot_of(interaction), viewer_here(interaction).scene

    async def load() -> UpscaleSource:
        content = await content_of(interaction, attachment)
        async with bot.service.looking:
            picture = await asyncio.to_thread(read_picture, content)
            is_hidden = await bot.service.policy.check_upload(picture.image, scene)
            raw, size = await asyncio.to_thread(upscale_source, picture, factor)
        return UpscaleSource(
            picture=raw,
            size=size,
            prompt=prompt_in(picture),
            is_spoiler=is_hidden or attachment.is_spoiler,
        )

    return await in_time(interaction, load)


async def _source_from_image(
    interaction: discord.Interaction, generation: Generation, factor: int
) -> UpscaleSource:
    async def load() -> UpscaleSource:
        async with bot_of(interaction).service.looking:
            picture = await asyncio.to_thread(lambda: read_picture(read_image(generation.path)))
            raw, size = await asyncio.to_thread(upscale_source, picture, factor)
        return UpscaleSource(picture=raw, size=size)  # its job says whether it is hidden

    return await in_time(interaction, load)


ACTIONS: Final = {"upscale": ask_how_large}


async def setup(bot: ImageBot) -> None:
    """Add the command, and let its form be answered."""
    await bot.add_cog(Upscaling(bot))
    bot.form_handlers["upscale"] = send_upscale
    bot.form_actions["upscale"] = "redraw"
    bot.image_actions |= ACTIONS
