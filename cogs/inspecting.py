"""`/recipe`, `/reproduce`, `/inspect` and the Inspect menu: where an image comes from, proven."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.client import ImageBot, RefusalError
from bot.errors import BotError
from bot.generation import GenerationRequest
from bot.jobs import Generation, typed_id
from bot.reading import MAX_BYTES, Picture, read_picture
from bot.recipe import Recipe
from bot.texts import sentence, text
from cogs import layouts
from cogs.buttons import draw_again
from cogs.choosing import suggest_images
from cogs.recipes import command_of, send_recipes
from cogs.submitting import bot_of, find, scope_of
from cogs.wording import escaped, shortened

PROMPT_ROOM = 1200  # characters
COMMAND_ROOM = 1800


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What is known of a picture.

    Attributes:
        recipe: What its file says, if it can be believed.
        doubt: Why what its file says cannot be believed.
        is_whole: Whether its pixels are those its recipe tells of.
        here: The images made here with exactly these pixels.
        lookalike: Where there is none, the image made here that this is a changed copy of.

    """

    recipe: Recipe | None
    doubt: str | None
    is_whole: bool
    here: Sequence[Generation]
    lookalike: Generation | None


class Inspecting(commands.Cog):
    """Commands that tell where an image comes from."""

    def __init__(self, bot: ImageBot) -> None:
        """Remember the bot."""
        self._bot = bot

    @app_commands.command(description="Show everything that made an image")
    @app_commands.describe(id="The id under the image")
    @app_commands.autocomplete(id=suggest_images)
    async def recipe(self, interaction: discord.Interaction, id: str) -> None:  # noqa: A002 - the option's name
        """Show the recipe of an image, in private."""
        await send_recipes(interaction, await find(interaction, [typed_id(id)]))

    @app_commands.command(description="Draw an image again and say whether the pixels are the same")
    @app_commands.describe(id="The id under the image")
    @app_commands.autocomplete(id=suggest_images)
    async def reproduce(self, interaction: discord.Interaction, id: str) -> None:  # noqa: A002 - the option's name
        """Queue exactly this image again; the answer compares the pixels."""
        await draw_again(interaction, await find(interaction, [typed_id(id)]))

    @app_commands.command(description="Find out where a picture comes from")
    @app_commands.describe(image="A picture, for example one that this bot drew")
    async def inspect(self, interaction: discord.Interaction, image: discord.Attachment) -> None:
        """Look into a picture that is handed in, in private."""
        await inspect_attachment(interaction, image)


async def inspect_attachment(
    interaction: discord.Interaction, attachment: discord.Attachment
) -> None:
    """Answer with what is known of a picture."""
    if attachment.size > MAX_BYTES:  # before anything of it is fetched
        megabytes, limit = attachment.size / 1e6, MAX_BYTES / 1e6
        raise BotError(f"The file has {megabytes:.0f} MB: {limit:.0f} MB are the limit.")
    await interaction.response.defer(ephemeral=True, thinking=True)
    content = await attachment.read()
    async with bot_of(interaction).service.looking:
        origin = await origin_of(interaction, await asyncio.to_thread(read_picture, content))
    await interaction.followup.send(view=_answer(origin, str(interaction.locale)), ephemeral=True)


async def origin_of(interaction: discord.Interaction, picture: Picture) -> Origin:
    """Return what a picture's file says and what was made here with these pixels.

    Nothing of another place's images is looked at: from there only what the file itself says.
    """
    recipe, doubt = None, None
    try:
        recipe = picture.recipe
    except BotError as error:
        doubt = error.message
    service, scope = bot_of(interaction).service, scope_of(interaction)
    here = await service.with_pixels(picture.pixel_sha256, scope=scope)
    lookalike = None if here else await service.lookalike(picture.image, scope=scope)
    is_whole = recipe is not None and recipe.pixel_sha256 == picture.pixel_sha256
    return Origin(recipe=recipe, doubt=doubt, is_whole=is_whole, here=here, lookalike=lookalike)


def _answer(origin: Origin, locale: str) -> ui.LayoutView:
    lines = []
    if origin.here:
        ids = ", ".join(f"`{each.id}`" for each in origin.here[:10])
        lines.append(text("inspect_here", locale, ids=ids))
    if origin.lookalike is not None:
        lines.append(text("inspect_lookalike", locale, id=origin.lookalike.id))
    if origin.doubt is not None:
        lines.append(text("failed", locale, sentence=sentence(origin.doubt, locale)))
    known = origin.here[0] if origin.here else origin.lookalike
    if origin.recipe is not None:
        lines += _recipe_lines(origin.recipe, origin, locale)
    elif known is not None:
        lines += _request_lines(known.request, known.id)
    if not lines:
        lines.append(text("inspect_nothing", locale))
    colour = layouts.DONE if origin.here or origin.is_whole else layouts.INK
    return layouts.notice("\n".join(lines), colour=colour)


def _recipe_lines(recipe: Recipe, origin: Origin, locale: str) -> list[str]:
    key = "inspect_whole" if origin.is_whole else "inspect_changed"
    if not recipe.has_hash:
        key = "inspect_unproven"
    made = recipe.conditions
    machine = [str(made.get(name)) for name in ("model", "revision", "device")]
    return [
        text(key, locale),
        *_request_lines(recipe.request, origin.here[0].id if origin.here else None),
        f"-# {' · '.join(machine)} · torch {made.get('torch')}",
        f"-# SHA-256 `{recipe.pixel_sha256}`",
    ]


def _request_lines(request: GenerationRequest, known_as: str | None) -> list[str]:
    return [
        f"**{escaped(request.prompt, limit=PROMPT_ROOM)}**",
        f"```\n{shortened(command_of(request, known_as), COMMAND_ROOM)}\n```",
    ]


@app_commands.context_menu(name="Inspect")
async def inspect_menu(interaction: discord.Interaction, message: discord.Message) -> None:
    """Look into the first picture of any message."""
    pictures = [a for a in message.attachments if (a.content_type or "image/").startswith("image/")]
    if not pictures:
        raise RefusalError("no_picture_here")
    await inspect_attachment(interaction, pictures[0])


async def setup(bot: ImageBot) -> None:
    """Add the commands and the menu."""
    await bot.add_cog(Inspecting(bot))
    bot.tree.add_command(inspect_menu)
