"""The buttons under images and jobs; they work after every restart, in every message."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Self

import discord
from discord import ui

from bot.client import ImageBot, errors_answered
from bot.generation import (
    GenerationRequest,
    clean_prompt,
    parse_seed,
    parse_variety,
    random_seed,
    seed_after,
)
from bot.jobs import Generation
from bot.scales import NEWEST_SCALE
from bot.texts import text
from bot.variations import new_seeds
from cogs.deleting import delete_images
from cogs.recipes import send_recipes
from cogs.rows import CANCEL_TEMPLATE, IMAGE_TEMPLATE
from cogs.submitting import axis_of, bot_of, find_some, submit
from cogs.waiting import cancel_job


class ImageButton(ui.DynamicItem[ui.Button[ui.LayoutView]], template=IMAGE_TEMPLATE):
    """One of the five buttons under finished images."""

    def __init__(self, item: ui.Button[ui.LayoutView], action: str, ids: list[str]) -> None:
        """Remember what to do with which images."""
        super().__init__(item)
        self.action = action
        self.ids = ids

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - part of the interface
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Read what a pressed button is about."""
        assert isinstance(item, ui.Button)
        return cls(item, match["action"], match["ids"].split("."))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do it; what goes wrong becomes one private sentence."""
        async with errors_answered(interaction):
            generations = await find_some(interaction, self.ids)
            await _ACTIONS[self.action](interaction, generations)


async def draw_again(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Draw exactly these images again; the answer says whether the pixels are the same."""
    await submit(
        interaction,
        [generation.request for generation in generations],
        parents=generations,
        axis=await axis_of(interaction, generations),
    )


async def draw_new(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Draw each of these images with a new seed; those of a comparison keep one for all."""
    seed, axis = random_seed(), await axis_of(interaction, generations)
    requests = [
        replace(each.request, seed=seed_after(seed, i)) for i, each in enumerate(generations)
    ]
    if axis is not None:
        requests = new_seeds([each.request for each in generations], axis, seed)
    await submit(interaction, requests, parents=generations, axis=axis)


async def edit(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Ask for another prompt, size, seed or variety."""
    await interaction.response.send_modal(EditModal(generations, str(interaction.locale)))


_ACTIONS = {
    "same": draw_again,
    "new": draw_new,
    "edit": edit,
    "recipe": send_recipes,
    "delete": delete_images,
}


class EditModal(ui.Modal):
    """A form with the prompt, size, seed and variety of an image, to draw it changed."""

    def __init__(self, generations: list[Generation], locale: str) -> None:
        """Fill the form with what made the first image."""
        super().__init__(title=text("edit_title", locale), timeout=3600)
        self._generations = generations
        request = generations[0].request
        self.prompt = _field(
            "prompt", request.prompt, style=discord.TextStyle.paragraph, max_length=4000
        )
        self.size = _field("size", str(request.size), max_length=20)
        self.seed = _field("seed", str(request.seed), max_length=20, required=False)
        self.variety = _field("variety", str(request.variety), max_length=20, required=False)
        for field in (self.prompt, self.size, self.seed, self.variety):
            name = field.custom_id
            hint = None if name == "prompt" else text(f"edit_{name}_hint", locale)
            self.add_item(
                ui.Label(text=text(f"edit_{name}", locale), description=hint, component=field)
            )

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        """Queue the changed image or images: what was not changed stays each one's own."""
        old = self._generations[0].request
        seed = self.seed.value.strip()
        new = replace(
            old,
            prompt=clean_prompt(self.prompt.value),
            size=bot_of(interaction).service.rules.parse(self.size.value),
            seed=parse_seed(seed) if seed else random_seed(),
            variety=parse_variety(self.variety.value.strip() or 0),
        )
        requests = [
            _changed(each.request, old, new, index=i) for i, each in enumerate(self._generations)
        ]
        await submit(interaction, requests, parents=self._generations)

    async def on_error(  # type: ignore[override]  # a form has no item
        self, interaction: discord.Interaction, error: Exception, /
    ) -> None:
        """Answer with one private sentence."""
        async with errors_answered(interaction):
            raise error


def _changed(
    own: GenerationRequest, old: GenerationRequest, new: GenerationRequest, *, index: int
) -> GenerationRequest:
    """Return the request of one image with what the form changed of the first one's."""
    names = ("prompt", "size", "variety")
    changed = {n: getattr(new, n) for n in names if getattr(new, n) != getattr(old, n)}
    if new.seed != old.seed:
        changed["seed"] = seed_after(new.seed, index)
    if new.variety != old.variety:  # typed today, so it means what it means today
        changed["variety_scale"] = NEWEST_SCALE
    return replace(own, **changed)


def _field(name: str, value: str, **options: Any) -> ui.TextInput[EditModal]:  # noqa: ANN401
    return ui.TextInput(custom_id=name, default=value, **options)


class CancelButton(ui.DynamicItem[ui.Button[ui.LayoutView]], template=CANCEL_TEMPLATE):
    """The button under a job on its way."""

    def __init__(self, item: ui.Button[ui.LayoutView], job_id: str) -> None:
        """Remember the job."""
        super().__init__(item)
        self.job_id = job_id

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - part of the interface
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Read which job a pressed button is about."""
        assert isinstance(item, ui.Button)
        return cls(item, match["job"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Cancel the job and say what that stopped."""
        async with errors_answered(interaction):
            await cancel_job(interaction, self.job_id)


async def setup(bot: ImageBot) -> None:
    """Let the buttons of every message be understood."""
    bot.add_dynamic_items(ImageButton, CancelButton)
