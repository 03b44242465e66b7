"""`/imagine`: a prompt and its options become a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui.boards.defaults import with_defaults
from bot.discord_ui.client import ImageBot
from bot.discord_ui.forms import refuse, request_fields
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.submission import bot_of, series, submit
from bot.discord_ui.viewers import guild_of
from bot.domain.forms import Form
from bot.domain.plain_text import shortened
from bot.domain.requests import MAX_GUIDANCE_SCALE, MAX_VARIETY, ImageRequest, Size, SizeRules
from bot.engine.tokens import MAX_PROMPT_TOKENS, TooManyTokensError
from bot.errors import BotError
from bot.locales import text

QualityName = Literal["draft", "standard", "final"]


CHOICE_LENGTH: Final = 100  # characters that Discord allows in a suggestion


class Imagine(commands.Cog):
    """The command everything begins with."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="Draw an image from words")
    @app_commands.describe(
        prompt="What to draw, in English, Chinese or both",
        size="A name such as portrait, or WIDTHxHEIGHT",
        seed="The same seed gives the same pixels; none draws a random one",
        quality="How many steps: draft 7, standard 8, final 9",
        count="How many images, with the seeds seed, seed+1, …",
        guidance="0 is off; 1.2 to 1.5 follows the prompt more strictly, twice as slow",
        variety="0 to 100: lets seeds differ more, and follows the prompt less closely",
        spoiler="Hide the image until it is clicked",
        plain="Leave out the words and the size of the board that this channel is",
    )
    async def imagine(  # noqa: PLR0913, PLR0917 - the options of the command
        self,
        interaction: discord.Interaction,
        prompt: str,
        size: str | None = None,
        seed: int | None = None,
        quality: QualityName = "standard",
        count: app_commands.Range[int, 1, 4] = 1,
        guidance: app_commands.Range[float, 0.0, MAX_GUIDANCE_SCALE] = 0.0,
        variety: app_commands.Range[int, 0, MAX_VARIETY] = 0,
        spoiler: bool = False,  # noqa: FBT001, FBT002 - options of a command are positional
        plain: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """Queue what was asked for; where it is refused, what was typed comes back as a form."""
        rules = self._bot.service.rules
        typed = {"prompt": prompt, "size": size or "", "variety": str(variety),
                 "seed": "" if seed is None else str(seed)}  # fmt: skip
        options = {"quality": quality, "count": count, "guidance": guidance, "spoiler": spoiler,
                   "plain": plain}  # fmt: skip
        try:
            await draw(interaction, typed, options)
        except BotError as error:
            locale = str(interaction.locale)
            fields = request_fields({**typed, "size": size or str(rules.default)}, locale)
            title = text("imagine_title", locale)
            await refuse(interaction, error, "imagine", title, fields, options=options)

    @imagine.autocomplete("size")
    async def suggest_sizes(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer what the user drew lately, then the named sizes, then what they are typing."""
        service = bot_of(interaction).service
        recent = await service.recent_sizes(interaction.user.id)
        return size_choices(service.rules, recent, typed)


async def draw(
    interaction: discord.Interaction, typed: Mapping[str, str], options: Mapping[str, Any]
) -> None:
    """Queue what was typed into the command, or into the form that came of it.

    Raises:
        BotError: Something of it does not work, or there is no room.

    """
    service = bot_of(interaction).service
    prompt, size = typed["prompt"], typed["size"].strip() or None
    if not options["plain"]:
        place = (guild_of(interaction), interaction.channel_id)
        prompt, size = await with_defaults(service, place, prompt, size)
    request = ImageRequest.parse(
        prompt=prompt,
        rules=service.rules,
        seed=typed["seed"].strip() or None,
        size=size,
        quality=options["quality"],
        guidance_scale=options["guidance"],
        variety=typed["variety"].strip() or 0,
    )
    try:
        await submit(interaction, series(request, options["count"]), spoiler=options["spoiler"])
    except TooManyTokensError as error:
        if prompt == typed["prompt"]:
            raise
        limit = MAX_PROMPT_TOKENS
        raise RefusalError("board_too_long", tokens=error.tokens, limit=limit) from error


async def send_form(interaction: discord.Interaction, form: Form) -> None:
    """Queue what was changed after a refusal."""
    await draw(interaction, form.typed, form.subject["options"])


def size_choices(
    rules: SizeRules, recent: list[Size], typed: str
) -> list[app_commands.Choice[str]]:
    """Return at most 25 sizes that fit what was typed so far; names carry their pixels."""
    offers = {str(size): f"{size.width} × {size.height}" for size in recent}
    for name, size in rules.named.items():
        offers[name] = f"{name} · {size.width} × {size.height}"
    wanted = typed.strip().casefold().replace("×", "x").replace("*", "x")
    choices = [
        app_commands.Choice(name=label, value=value)
        for value, label in offers.items()
        if wanted in value or wanted in label.replace(" × ", "x")
    ]
    if wanted and not choices:
        offer = shortened(typed.strip(), CHOICE_LENGTH)
        choices = [app_commands.Choice(name=offer, value=offer)]
    return choices[:25]


async def setup(bot: ImageBot) -> None:
    """Add the command."""
    await bot.add_cog(Imagine(bot))
    bot.form_handlers["imagine"] = send_form
