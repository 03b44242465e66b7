"""`/compare`: one thing varied, all else the same, as one labelled sheet."""

from __future__ import annotations

from typing import Any, Final, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui.attachments import Attachment
from bot.discord_ui.client import ImageBot
from bot.discord_ui.loras import prepare_loras, suggest_lora_values, suggest_loras
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.request_options import request_options
from bot.discord_ui.sources import Source, map_from_file, source_from_file
from bot.discord_ui.styles import CHOICES, suggest_several, suggest_styles
from bot.discord_ui.submission import bot_of, submit
from bot.discord_ui.viewers import viewer_here
from bot.domain.requests import (
    ADAPTERS,
    PROMPT,
    SEED,
    Axis,
    ImageRequest,
    ModelProfile,
    ModelRules,
    Size,
)
from bot.domain.styles import StyleBook
from bot.domain.variations import (
    STYLED,
    are_scales,
    check_negatives,
    check_values,
    default_values,
    split_values,
    vary,
)
from bot.media.control_pictures import MapPicture
from bot.media.source_pictures import Fit
from cogs.imagine import size_choices

PLACEHOLDER: Final = "-"  # of a prompt, where each image has one of its own
CHOICE_LENGTH: Final = 100  # characters that Discord allows in a suggestion


class Compare(commands.Cog):
    """The command that shows what one option does."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="Draw 2 to 9 variations of one thing, as one labelled sheet")
    @app_commands.describe(
        prompt="What to draw; where prompts vary, several with | between them",
        vary="What differs; all else stays the same, above all the seed",
        values="What to try, with commas between (prompts: |); none takes a sensible set",
        spoiler="Hide the image until it is clicked",
        source="A picture to begin with; the prompt says what becomes of it",
        control="A picture whose shapes the image is to follow, or a ready map of them",
        control_kind="What is followed: made of the picture, or of a ready map (depth, pose, mlsd)",
        fit="How a source of another shape is brought to the size: crop, or pad with white",
    )
    @app_commands.choices(
        vary=[app_commands.Choice(name=each.value, value=each.value) for each in Axis]
    )
    @request_options(
        "prompt", "vary", "values", "source", ..., "control", "control_kind", "fit", "spoiler"
    )
    async def compare(  # noqa: PLR0913 - the options that are no fields of a request
        self,
        interaction: discord.Interaction,
        *,
        vary: str,
        values: str | None = None,
        source: discord.Attachment | None = None,
        control: discord.Attachment | None = None,
        control_kind: Literal["canny", "scribble", "gray", "depth", "pose", "mlsd"] | None = None,
        fit: Literal["crop", "pad"] = "crop",
        spoiler: bool = False,
        **given: Any,  # noqa: ANN401 - the fields of a request
    ) -> None:
        """Queue the comparison as one job; the service acknowledges it."""
        axis = Axis(vary)
        _check_options(axis, given, split_values(axis, values or ""))
        service = self._bot.service
        book = await service.styles.book(viewer=viewer_here(interaction))
        if axis is Axis.STYLES or given["style"]:  # which may name LoRAs
            await service.loras.prepare()
        tried = values if axis is Axis.LORAS else None
        lora = given["lora"] or tried or book.current(book.board).value("lora")
        await prepare_loras(service, lora, given["prompt"], values)
        rules, picture = self._bot.service.model_rules, None
        if source is not None:
            picture = await self._source(interaction, Attachment.of(source), Fit(fit), given)
        steering = await map_from_file(
            interaction,
            None if control is None else Attachment.of(control),
            control_kind,
            size=given["size"],
            fit=Fit(fit),
        )
        if steering is not None:
            given["size"] = str(steering.size)
        requests = comparison(
            rules,
            axis,
            values=values or "",
            given=given,
            styles=book,
            source=picture,
            steering=steering,
        )
        sources = () if picture is None else picture.pictures
        sources = sources if steering is None else (*sources, steering.picture)
        spoiler = spoiler or any(
            each is not None and each.is_spoiler for each in (picture, steering)
        )
        await submit(interaction, requests, spoiler=spoiler, axis=axis, sources=sources)

    async def _source(
        self, interaction: discord.Interaction, file: Attachment, fit: Fit, given: dict[str, Any]
    ) -> Source:
        """Fetch the picture to begin with; the size follows it where none is given."""
        source = await source_from_file(interaction, file, size=given["size"], fit=fit)
        given["size"] = str(source.size)
        return source

    @compare.autocomplete("size")
    async def suggest_sizes(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer sizes as `/imagine` does."""
        service = bot_of(interaction).service
        recent: list[Size] = await service.jobs.recent_sizes(viewer=viewer_here(interaction))
        return size_choices(service.model_rules, recent, typed)

    @compare.autocomplete("lora")
    async def suggest_loras(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the LoRAs that are here."""
        return await suggest_loras(interaction, typed)

    @compare.autocomplete("values")
    async def suggest_values(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Suggest useful sets of values, and the typed text itself."""
        axis, profile = interaction.namespace.vary, bot_of(interaction).service.model_rules.profile
        if axis == Axis.LORAS:
            return await suggest_lora_values(interaction, typed)
        offers = value_choices(axis, typed, profile)
        if axis == Axis.STYLES:
            several = await suggest_several(interaction, typed, room=CHOICE_LENGTH)
            offers += [app_commands.Choice(name=each, value=each) for each in several]
        return offers[:CHOICES]

    @compare.autocomplete("style")
    async def suggest_styles(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the styles that can be named here."""
        return await suggest_styles(interaction, typed)


def comparison(
    rules: ModelRules,
    axis: Axis,
    *,
    values: str,
    given: dict[str, Any],
    styles: StyleBook,
    source: Source | None = None,
    steering: MapPicture | None = None,
) -> list[ImageRequest]:
    """Return the requests of a comparison from its typed options.

    Raises:
        InvalidRequestError: Something of it does not work; the sentence names it.

    """
    tried = split_values(axis, values)
    if axis is Axis.PROMPTS:
        tried = _with_prompts_of(given["prompt"], tried)
        given = {**given, "prompt": tried[0] if tried else given["prompt"]}
    given = {**given, "seed": SEED.read(given["seed"], rules)}

    def request_of(typed: dict[str, Any]) -> ImageRequest:
        request = ImageRequest.parse(rules=rules, **styles.applied(typed))
        request = request if source is None else source.begin(request)
        return request if steering is None else steering.steer(request)

    base = request_of(given)
    if not tried or (axis.field.is_text and len(tried) == 1):
        tried = default_values(axis, base)
    if axis in STYLED:
        check_values(axis, tried, rules)
        return [request_of({**given, axis.field.option: each}) for each in tried]
    requests = vary(base, axis, tried, rules=rules)
    check_negatives(requests, axis)
    return requests


def _with_prompts_of(prompt: str, values: list[str]) -> list[str]:
    """Return the prompts to compare: those of the prompt itself, then those of the values."""
    firsts = [each for each in split_values(Axis.PROMPTS, prompt) if each not in values]
    return [*firsts, *values]


def _check_options(axis: Axis, options: dict[str, Any], values: list[str]) -> None:
    """Refuse an option that is given and varies too; a first seed may be, and a scaled LoRA."""
    field = axis.field
    if field is PROMPT or (field is SEED and not values):
        return
    if field is ADAPTERS and are_scales(values):
        return
    if (value := options[field.option]) is not None:
        raise RefusalError("compare_fixed", option=field.option, value=value)


def value_choices(
    axis_name: str | None, typed: str, profile: ModelProfile
) -> list[app_commands.Choice[str]]:
    """Return the sets of values for an axis that match the typed text, and that text."""
    sets = Axis(axis_name).field.tried_for(profile) if axis_name else ()
    wanted = typed.strip()
    offers = [wanted] if wanted and len(wanted) <= CHOICE_LENGTH else []
    offers += [each for each in sets if wanted.casefold() in each and each != wanted]
    return [app_commands.Choice(name=each, value=each) for each in offers]


async def setup(bot: ImageBot) -> None:
    """Add the command."""
    await bot.add_cog(Compare(bot))
