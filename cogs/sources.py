"""Pictures from pictures: Use as source, in the menu of any message, and what varies an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final

import discord
from discord import app_commands

from bot.discord_ui.attachments import Attachment
from bot.discord_ui.boards.pictures import pictures_of
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import generation_ids
from bot.discord_ui.forms import show_form
from bot.discord_ui.image_choice import chosen_image, which_image
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.sources import (
    Source,
    prompt_field,
    source_from_file,
    source_from_image,
    strength_choices,
    strength_field,
)
from bot.discord_ui.submission import (
    bot_of,
    check_shareable,
    find,
    find_some,
    submit,
)
from bot.domain.forms import Choice, Field, Form
from bot.domain.jobs import Generation
from bot.domain.requests import (
    SEED,
    SIZE,
    STRENGTHS,
    USUAL_STRENGTH,
    Axis,
    ImageRequest,
    random_seed,
)
from bot.domain.variations import series
from bot.domain.variations import vary as comparison_of
from bot.locales import text
from bot.media.captions import field_title
from bot.media.source_pictures import Fit

NUM_VARIATIONS: Final = 4
ALL_STRENGTHS: Final = "all"  # one image at each, compared on a sheet
VARY_STRENGTHS: Final = ("subtle", "strong")


async def ask_what_becomes(
    interaction: discord.Interaction, generations: Sequence[Generation]
) -> None:
    """Ask what to make of an image, and of which where there are several."""
    await check_shareable(interaction, generations)
    first, locale = generations[0], str(interaction.locale)
    size = first.request.size_of_more(bot_of(interaction).service.model_rules)
    fields = _fields(locale, prompt=first.request.prompt, size=SIZE.show(size))
    if len(generations) > 1:
        fields.append(which_image(generations, locale))
    ids = [each.id for each in generations]
    await show_form(interaction, "source", text("source_title", locale), fields, ids=ids)


@app_commands.context_menu(name="Use as source")
async def source_menu(interaction: discord.Interaction, message: discord.Message) -> None:
    """Ask what to make of the first picture of any message."""
    is_ours = message.author == interaction.client.user
    if is_ours and (ids := generation_ids(message)):
        await ask_what_becomes(interaction, await find_some(interaction, ids))
        return
    pictures = pictures_of(message)
    if not pictures:
        raise RefusalError("no_picture_here")
    locale, file = str(interaction.locale), Attachment.of(pictures[0])
    fits = [Choice(value=each, label=text(f"fit_{each}", locale)) for each in Fit]
    fit = Field(name="fit", label=text("field_fit", locale), value=Fit.CROP, choices=fits)
    fields = [*_fields(locale), fit]
    await show_form(interaction, "source", text("source_title", locale), fields, file=asdict(file))


async def send_source(interaction: discord.Interaction, form: Form) -> None:
    """Queue what was asked for of a picture."""
    typed = {name: value.strip() or None for name, value in form.typed.items()}
    parents: list[Generation] = []
    if "ids" in form.subject:
        [parent] = await find(interaction, [chosen_image(form)])
        parents = [parent]
        source = await source_from_image(interaction, parent, size=typed["size"])
    else:
        file, fit = Attachment(**form.subject["file"]), Fit(form.typed["fit"])
        source = await source_from_file(interaction, file, size=typed["size"], fit=fit)
    is_compared = typed["strength"] == ALL_STRENGTHS
    rules = bot_of(interaction).service.model_rules
    request = ImageRequest.parse(
        rules=rules,
        prompt=typed["prompt"],
        size=str(source.size),
        seed=typed["seed"],
        strength=USUAL_STRENGTH if is_compared else typed["strength"] or USUAL_STRENGTH,
    )
    if not is_compared:
        await submit_with(interaction, [request], source, parents)
        return
    begun = request.begun_with(source.picture.pixel_sha256)
    requests = comparison_of(begun, Axis.STRENGTHS, list(STRENGTHS), rules=rules)
    await submit_with(interaction, requests, source, parents * len(requests), axis=Axis.STRENGTHS)


async def vary(
    interaction: discord.Interaction, generations: Sequence[Generation], strength: str
) -> None:
    """Draw four variations of an image; of several, ask of which."""
    await check_shareable(interaction, generations)
    if len(generations) == 1:
        await draw_variations(interaction, generations[0], STRENGTHS[strength])
        return
    locale, ids = str(interaction.locale), [each.id for each in generations]
    fields = [which_image(generations, locale)]
    title = text(f"button_{strength}", locale)
    await show_form(interaction, "vary", title, fields, ids=ids, strength=strength)


async def vary_subtly(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Draw four that keep what the image shows."""
    await vary(interaction, generations, "subtle")


async def vary_strongly(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Draw four that keep little but the composition."""
    await vary(interaction, generations, "strong")


async def send_vary(interaction: discord.Interaction, form: Form) -> None:
    """Queue the variations of the image that was chosen."""
    [parent] = await find(interaction, [chosen_image(form)])
    await draw_variations(interaction, parent, STRENGTHS[form.subject["strength"]])


async def draw_variations(
    interaction: discord.Interaction,
    parent: Generation,
    strength: int,
    *,
    count: int = NUM_VARIATIONS,
) -> None:
    """Draw variations of an image at its own size, on one sheet.

    Args:
        interaction: What asks for it.
        parent: The image.
        strength: How much of it is drawn anew, in percent.
        count: How many.

    """
    rules = bot_of(interaction).service.model_rules
    own = parent.request.for_profile(rules.profile)
    size = own.size_of_more(rules)
    source = await source_from_image(interaction, parent, size=SIZE.show(size))
    first = replace(own, seed=random_seed(), strength=strength, size=size)
    parents = [parent] * count
    await submit_with(interaction, series(first, count), source, parents, axis=Axis.SEEDS)


async def submit_with(
    interaction: discord.Interaction,
    requests: Sequence[ImageRequest],
    source: Source,
    parents: Sequence[Generation],
    axis: Axis | None = None,
) -> None:
    """Queue images that begin with a picture; `parents` has the image that each comes from."""
    await submit(
        interaction,
        [source.begin(each) for each in requests],
        parents=parents,
        spoiler=source.is_spoiler,
        axis=axis,
        sources=source.pictures,
    )


def _fields(locale: str, *, prompt: str = "", size: str = "") -> list[Field]:
    every = Choice(value=ALL_STRENGTHS, label=text("strength_all", locale))
    return [
        prompt_field(locale, value=prompt),
        strength_field(locale, [*strength_choices(locale), every]),
        Field(name="size", label=field_title(SIZE, locale), value=size, max_length=20,
              hint=text("source_size_hint", locale)),
        Field(name="seed", label=field_title(SEED, locale), max_length=20,
              hint=text("source_seed_hint", locale)),
    ]  # fmt: skip


ACTIONS: Final = {"use": ask_what_becomes, "subtle": vary_subtly, "strong": vary_strongly}


async def setup(bot: ImageBot) -> None:
    """Add the menu, and let its forms be answered."""
    bot.tree.add_command(source_menu)
    bot.form_handlers |= {"source": send_source, "vary": send_vary}
    bot.form_actions |= {"source": "redraw", "vary": "redraw"}
    bot.image_actions |= ACTIONS
