"""`/compare`: one thing varied, all else the same, as one labelled sheet."""

from __future__ import annotations

from typing import Any, Final, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import ONE_TEMPLATE, Button
from bot.discord_ui.deferrals import defer
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.results import kept_images
from bot.discord_ui.submission import bot_of, find, submit
from bot.discord_ui.viewers import viewer_of
from bot.domain.deferrals import Repeat
from bot.domain.requests import MAX_GUIDANCE_SCALE, MAX_VARIETY, ImageRequest, Size, SizeRules
from bot.domain.variations import Axis, default_values, split_values, vary
from cogs.imagine import QualityName, size_choices

AxisName = Literal["prompts", "qualities", "guidance", "variety", "sizes", "seeds"]
CHOICE_LENGTH: Final = 100  # characters that Discord allows in a suggestion

# Beside the values that are compared where none are named.
_ALSO_SUGGESTED: Final = {
    Axis.QUALITIES: ("draft, final",),
    Axis.GUIDANCE: ("0, 1.2", "0, 0.5, 1, 1.5, 2"),
    Axis.VARIETY: ("0, 50", "0, 20, 40, 60, 80, 100"),
    Axis.SIZES: (
        "square, portrait", "portrait, landscape",
        "phone, tall, portrait, square, landscape, wide",
    ),
}  # fmt: skip


class Compare(commands.Cog):
    """The command that shows what one option does."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="Draw 2 to 9 variations of one thing, as one labelled sheet")
    @app_commands.describe(
        prompt="What to draw; where prompts vary, several with | between them",
        vary="What differs; all else stays the same, above all the seed",
        values="What to try, with commas between (prompts: |); none takes a sensible set",
        size="A name such as portrait, or WIDTHxHEIGHT",
        seed="The same seed gives the same pixels; none draws a random one",
        quality="How many steps: draft 7, standard 8, final 9",
        guidance="0 is off; 1.2 to 1.5 follows the prompt more strictly, twice as slow",
        variety="0 to 100: lets seeds differ more, and follows the prompt less closely",
        spoiler="Hide the image until it is clicked",
    )
    async def compare(  # noqa: PLR0913, PLR0917 - the options of the command
        self,
        interaction: discord.Interaction,
        prompt: str,
        vary: AxisName,
        values: str | None = None,
        size: str | None = None,
        seed: int | None = None,
        quality: QualityName | None = None,
        guidance: app_commands.Range[float, 0.0, MAX_GUIDANCE_SCALE] | None = None,
        variety: app_commands.Range[int, 0, MAX_VARIETY] | None = None,
        spoiler: bool = False,  # noqa: FBT001, FBT002 - options of a command are positional
    ) -> None:
        """Queue the comparison as one job; the service acknowledges it."""
        axis = Axis(vary)
        options = {
            "size": size,
            "seed": seed,
            "quality": quality,
            "guidance": guidance,
            "variety": variety,
        }
        _check_options(axis, options, has_values=bool(values and values.strip()))
        requests = comparison(
            self._bot.service.rules, axis, prompt=prompt, values=values or "", options=options
        )
        await submit(interaction, requests, spoiler=spoiler, axis=axis)

    @compare.autocomplete("size")
    async def suggest_sizes(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer sizes as `/imagine` does."""
        service = bot_of(interaction).service
        recent: list[Size] = await service.recent_sizes(interaction.user.id)
        return size_choices(service.rules, recent, typed)

    @compare.autocomplete("values")
    async def suggest_values(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Suggest useful sets of values, and the typed text itself."""
        return value_choices(interaction.namespace.vary, typed)


def comparison(
    rules: SizeRules, axis: Axis, *, prompt: str, values: str, options: dict[str, Any]
) -> list[ImageRequest]:
    """Return the requests of a comparison from its typed options.

    Raises:
        InvalidRequestError: Something of it does not work; the sentence names it.

    """
    given = {name: value for name, value in options.items() if value is not None}
    given["guidance_scale"] = given.pop("guidance", 0.0)
    tried = split_values(axis, values)
    if axis is Axis.PROMPTS:
        tried = _with_prompts_of(prompt, tried)
        prompt = tried[0] if tried else prompt
    base = ImageRequest.parse(prompt=prompt, rules=rules, **given)
    if not tried or (axis is Axis.PROMPTS and len(tried) == 1):
        tried = default_values(axis, base)
    return vary(base, axis, tried, rules=rules)


def _with_prompts_of(prompt: str, values: list[str]) -> list[str]:
    """Return the prompts to compare: those of the prompt itself, then those of the values."""
    firsts = [each for each in split_values(Axis.PROMPTS, prompt) if each not in values]
    return [*firsts, *values]


def _check_options(axis: Axis, options: dict[str, Any], *, has_values: bool) -> None:
    """Refuse an option that is given and varies too; a first seed may be given."""
    name = {
        Axis.QUALITIES: "quality",
        Axis.GUIDANCE: "guidance",
        Axis.VARIETY: "variety",
        Axis.SIZES: "size",
        Axis.SEEDS: "seed" if has_values else None,
    }.get(axis)
    if name is not None and options[name] is not None:
        raise RefusalError("compare_fixed", option=name, value=options[name])


def value_choices(axis_name: str | None, typed: str) -> list[app_commands.Choice[str]]:
    """Return the sets of values for an axis that match the typed text, and that text."""
    sets: list[str] = []
    if axis_name:
        axis = Axis(axis_name)
        usual = [] if axis.default is None else [axis.default]
        sets = [*usual, *_ALSO_SUGGESTED.get(axis, ())]
    wanted = typed.strip()
    offers = [wanted] if wanted and len(wanted) <= CHOICE_LENGTH else []
    offers += [each for each in sets if wanted.casefold() in each and each != wanted]
    return [app_commands.Choice(name=each, value=each) for each in offers]


class ShowOneButton(AnswerableItem[Button], template=ONE_TEMPLATE):
    """The button under a sheet that brings one of its images, in private, with all its buttons."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Show the exact image."""
        viewer = await viewer_of(interaction)
        generations = await find(interaction, [self.match["id"]])
        await defer(interaction, repeat=Repeat.UNANSWERED)
        content = await kept_images(
            bot_of(interaction).service,
            generations,
            limit_bytes=interaction.filesize_limit,
            locale=str(interaction.locale),
            is_veiled=any(map(viewer.veils, generations)),
        )
        await Answer.to(interaction).give(content)


async def setup(bot: ImageBot) -> None:
    """Add the command and the buttons of its sheets."""
    await bot.add_cog(Compare(bot))
    bot.add_dynamic_items(ShowOneButton)
