"""The buttons under images and jobs; they work after every restart, in every message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord

from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import (
    CANCEL_TEMPLATE,
    IMAGE_TEMPLATE,
    MORE_TEMPLATE,
    Button,
    ids_about,
)
from bot.discord_ui.content import sentence
from bot.discord_ui.deferrals import defer
from bot.discord_ui.deletions import DiscordRemover, delete_images
from bot.discord_ui.forms import form_entries, request_fields, show_form, values_in
from bot.discord_ui.items import AnswerableItem, LastingSelect, chosen_value
from bot.discord_ui.recipes import send_recipes
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.submission import (
    before_upscaling,
    bot_of,
    check_shareable,
    comparison_of,
    find_some,
    find_to_delete,
    submit,
)
from bot.discord_ui.trash import BringBackButton
from bot.discord_ui.viewers import viewer_of
from bot.domain.forms import Form
from bot.domain.jobs import Generation
from bot.domain.plain_text import in_code
from bot.domain.requests import (
    FIELDS,
    SEED,
    ImageRequest,
    ModelRules,
    random_seed,
    seed_after,
)
from bot.domain.variations import moved_seeds, new_seeds
from bot.locales import text


class ImageButton(AnswerableItem[Button], template=IMAGE_TEMPLATE):
    """One of the buttons under finished images."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Do it with the images that are still there."""
        await act(interaction, self.match["action"], self.match["ids"])


class MoreSelect(LastingSelect, template=MORE_TEMPLATE):
    """The menu under finished images."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Do what was chosen with the images that are still there."""
        await act(interaction, chosen_value(interaction), self.match["ids"])


async def act(interaction: discord.Interaction, action: str, ids: str) -> None:
    """Do something with images, as far as they are still there.

    Args:
        interaction: What asks for it.
        action: The name of an `ImageAction`.
        ids: Of the images, as a `custom_id` has them.

    """
    do = bot_of(interaction).image_actions.get(action)
    if do is None:  # a line of a menu from another version
        raise RefusalError("item_unknown")
    find = find_to_delete if action == "delete" else find_some
    generations = await find(interaction, ids_about(interaction.message, ids))
    await do(interaction, generations)


async def draw_again(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Draw exactly these images again; the answer says whether the pixels are the same."""
    comparison = await comparison_of(interaction, generations)
    await submit(
        interaction,
        [generation.request for generation in generations],
        parents=generations,
        axis=comparison.axis,
        batch=comparison.batch,
    )


async def draw_new(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Draw each of these images with a new seed; those of a comparison keep one for all.

    The upscaler alone has no use for one: what it made larger is drawn anew.
    """
    if not all(each.request.is_drawn for each in generations):
        generations = await before_upscaling(interaction, generations)
    seed, comparison = random_seed(), await comparison_of(interaction, generations)
    requests = [
        replace(each.request, seed=seed_after(seed, i)) for i, each in enumerate(generations)
    ]
    axis, batch = comparison.axis, comparison.batch
    if axis is not None:
        requests = new_seeds([each.request for each in generations], axis, seed)
    elif batch is not None:
        requests = moved_seeds([each.request for each in generations], seed)
    await submit(interaction, requests, parents=generations, axis=axis, batch=batch)


async def edit(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Ask what to change; the form shows the values of the first image.

    Not where it could not be drawn anyway; of an upscaled image, what it was made from is changed.
    """
    generations = await before_upscaling(interaction, generations)
    await check_shareable(interaction, generations)
    locale, request = str(interaction.locale), generations[0].request
    fields = request_fields({each.option: each.shown_of(request) for each in FIELDS}, locale)
    ids = [generation.id for generation in generations]
    await show_form(interaction, "edit", text("edit_title", locale), fields, ids=ids)


_ACTIONS = {
    "same": draw_again,
    "new": draw_new,
    "edit": edit,
    "recipe": send_recipes,
    "delete": delete_images,
}


async def send_edit(interaction: discord.Interaction, form: Form) -> None:
    """Queue the changed images; unchanged fields keep each image's own value."""
    generations = await find_some(interaction, form.subject["ids"])
    rules = bot_of(interaction).service.model_rules
    new, old = _values(form.typed, rules), _values(form.shown, rules)
    changed = {name: value for name, value in new.items() if value != old[name]}
    requests = [_changed(each.request, changed, i, rules) for i, each in enumerate(generations)]
    await submit(interaction, requests, parents=generations)


def _values(typed: Mapping[str, str], rules: ModelRules) -> dict[str, Any]:
    """Return the fields of a request from those of the form; no seed means a random one.

    Raises:
        InvalidRequestError: One of them does not work.

    """
    values = values_in(typed)
    return {field.name: field.read(values[field.option], rules) for field, _ in form_entries()}


def _changed(
    own: ImageRequest, changed: dict[str, Any], index: int, rules: ModelRules
) -> ImageRequest:
    """Return the request of one image with what the form changed of the first one's."""
    if SEED.name in changed:
        changed = {**changed, SEED.name: seed_after(changed[SEED.name], index)}
    return own.with_typed(changed, rules)


class CancelButton(AnswerableItem[Button], template=CANCEL_TEMPLATE):
    """The button under a job on its way."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Cancel the job and say what that stopped."""
        await cancel_job(interaction, self.match["job"])


async def setup(bot: ImageBot) -> None:
    """Let the buttons of every message be understood, and deleted images leave Discord."""
    bot.service.system.deletions.remover = DiscordRemover(bot)
    bot.add_dynamic_items(ImageButton, MoreSelect, CancelButton, BringBackButton)
    bot.image_actions |= _ACTIONS
    bot.form_handlers["edit"] = send_edit
    bot.form_actions["edit"] = "redraw"


async def cancel_job(interaction: discord.Interaction, job_id: str) -> None:
    """Cancel a job for this user and tell them, in private, what that stopped."""
    await defer(interaction)  # to stop may take a step
    outcome = await bot_of(interaction).service.jobs.cancel(
        job_id, viewer=await viewer_of(interaction)
    )
    words = text(f"cancel_{outcome.value}", str(interaction.locale), id=in_code(job_id))
    await Answer.to(interaction).give(sentence(words))
