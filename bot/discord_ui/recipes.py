"""Recipe: in private, everything that made an image, and the command that draws it again."""

from __future__ import annotations

import asyncio
import json

import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.ancestry import descent_text
from bot.discord_ui.answers import Answer
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.formatting import escaped, shortened
from bot.discord_ui.submission import bot_of
from bot.discord_ui.uploads import damage_notes
from bot.discord_ui.viewers import viewer_of
from bot.domain.jobs import Generation
from bot.domain.requests import FIELDS, PROMPT, QUALITY, SEED, SIZE, STYLE, ImageRequest
from bot.locales import text
from bot.media.captions import field_name, value_words

MESSAGE_CHARACTERS = 3800  # Discord allows 4,000 in all texts of a message
MOST_FILES = 9  # of recipes under one message: Discord takes 10
TEXT_SHOWN = 60  # characters of words for the model beside the prompt
SHORTEST_RECIPE = 900  # characters that a recipe in full has, with its prompt cut


async def send_recipes(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Answer with the recipe of each image; those of a large sheet are one file."""
    locale, images = str(interaction.locale), bot_of(interaction).service.images
    viewer = await viewer_of(interaction)
    if len(generations) > MOST_FILES:
        await _send_list(interaction, generations)
        return
    notes = await asyncio.to_thread(damage_notes, generations, locale)
    room = (MESSAGE_CHARACTERS - sum(map(len, notes))) // len(generations)
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join(notes))] if notes else []
    for generation in generations:
        if items:
            items.append(ui.Separator())
        if room < SHORTEST_RECIPE:
            items.append(ui.TextDisplay(short_recipe(generation, locale, room=room)))
            continue
        descent = await images.ancestry(generation.id, viewer=viewer)
        words = descent_text(descent, locale, room=room // 3)
        items.append(ui.TextDisplay(recipe_text(generation, locale, words, room=room)))
    recipes = {each.id: await images.signed_recipe(each.id, viewer=viewer) for each in generations}
    files = [
        Upload(name=f"recipe-{id_}.json", content=recipe.encode())
        for id_, recipe in recipes.items()
        if recipe is not None
    ]
    items += [ui.File(f"attachment://{file.name}") for file in files]
    view = views.layout(*items)
    await Answer.to(interaction).give(Content(view=view, files=files))


async def _send_list(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Answer with the recipes of many images, by their numbers, as one JSON document."""
    images, viewer = bot_of(interaction).service.images, await viewer_of(interaction)
    recipes = {}
    for each in generations:
        recipe = await images.signed_recipe(each.id, viewer=viewer)
        if recipe is not None:
            recipes[each.index + 1] = json.loads(recipe)
    content = json.dumps(recipes, ensure_ascii=False, indent=1).encode()
    file = Upload(name=f"recipes-{generations[0].job_id}.json", content=content)
    words = text("recipes_many", str(interaction.locale), count=len(recipes))
    view = views.layout(ui.TextDisplay(words), ui.File(f"attachment://{file.name}"))
    await Answer.to(interaction).give(Content(view=view, files=[file]))


def recipe_text(generation: Generation, locale: str, descent: str, *, room: int) -> str:
    """Return a recipe of at most `room` characters; only the prompt is ever shortened.

    Args:
        generation: The image.
        locale: The reader's language.
        descent: Where it comes from, in words.
        room: Characters.

    """
    request, conditions = generation.request, generation.conditions
    model = f"{conditions.get('model')} · {conditions.get('revision')}"
    made_by = {
        "device": f"{conditions.get('device')} · {conditions.get('dtype')}",
        "versions": " · ".join(
            f"{name} {conditions[name]}"
            for name in ("torch", "diffusers", "transformers")
            if conditions.get(name)
        ),
        "time": _times(generation, locale),
        "made": f"<t:{int(generation.created_at.timestamp())}:f>",
        "pixels": f"`{generation.pixel_sha256}`",
    }
    named = {text(f"recipe_field_{name}", locale): fact for name, fact in made_by.items()}
    facts = {
        text("recipe_field_model", locale): model,
        **_chosen(request, locale),
        **input_facts(request, locale),
        **named,
    }
    lines = [f"**{name}** {fact}" for name, fact in facts.items()]
    head = text("recipe_title", locale, id=generation.id)
    tail = "\n".join([*lines, descent, "", f"**{text('recipe_again', locale)}**"])
    left = max(room - len(head) - len(tail) - 20, 80)
    prompt = escaped(request.prompt, limit=left // 3, room=left // 3)
    command = shortened(command_of(request, generation.id), left * 2 // 3)
    return f"{head}\n{prompt}\n{tail}\n```\n{command}\n```"


def _chosen(request: ImageRequest, locale: str) -> dict[str, str]:
    """Return what was chosen beside the prompt, each by its name."""
    chosen = {}
    for field in sorted(request.fields, key=lambda field: field is not SEED):
        name, value = field_name(field, locale), field.shown_of(request)
        if field is SEED:
            value = f"`{value}`"
        elif field is SIZE:
            value = value.replace("x", " × ")
        elif field is QUALITY:
            name = text("recipe_field_steps", locale)
            words = value_words(field, value, locale)
            value = f"{request.num_steps} ({words})"
        elif field.is_text or field.has_names:
            value = escaped(value, limit=TEXT_SHOWN, room=2 * TEXT_SHOWN)
        else:
            value = value_words(field, value, locale)
        if field is not PROMPT and value:
            chosen[name] = value
    return chosen


def input_facts(request: ImageRequest, locale: str) -> dict[str, str]:
    """Return what an image was made from, each by its name."""
    facts = (
        {}
        if request.control is None
        else {text("recipe_control", locale): text(f"control_{request.control.kind}", locale)}
    )
    pictures = {
        text(f"recipe_input_{each.role}", locale): f"`{each.pixel_sha256}`"
        for each in request.inputs
    }
    return (
        facts
        | pictures
        | {
            f"LoRA {escaped(each.name, limit=TEXT_SHOWN)}": f"`{each.sha256}`"
            for each in request.adapters
        }
    )


def short_recipe(generation: Generation, locale: str, *, room: int) -> str:
    """Return the command and the hash only; the file beside it tells all."""
    head = text("recipe_title", locale, id=generation.id)
    pixels = f"-# SHA-256 `{generation.pixel_sha256}`"
    command = command_of(generation.request, generation.id)
    command = shortened(command, room - len(head) - len(pixels) - 20)
    return f"{head}\n```\n{command}\n```\n{pixels}"


def _times(generation: Generation, locale: str) -> str:
    stages = " + ".join(f"{name} {s:.2f}" for name, s in generation.durations_s.items())
    total = text("seconds", locale, seconds=generation.duration_s)
    return f"{total} ({stages})" if stages else total


def command_of(request: ImageRequest, known_as: str | None) -> str:
    """Return the command that draws this image, to be copied; nothing in it ends the code block.

    Args:
        request: What made the image.
        known_as: Its id, where it was made here. Neither pictures nor what a variety meant before
            can be typed, so such an image is only drawn again as itself.

    """
    files = "".join(f" --{each.role} {each.role}.png" for each in request.inputs)
    if request.has_older_variety or files:
        by_file = f"z-image-bot reproduce picture.png{files}"
        return f"/reproduce id:{known_as}" if known_as else by_file
    options = {
        each.option: each.shown_of(request)
        for each in FIELDS
        if each is not STYLE and not each.is_usual(request)  # the prompt has a style's words
    }
    joined = " ".join(f"{name}:{value}" for name, value in options.items())
    return "/imagine " + joined.replace("```", "ʼʼʼ")
