"""`/explore`: many small drafts on one numbered sheet, and what is done with the best of them."""

from __future__ import annotations

from typing import Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui.client import ImageBot
from bot.discord_ui.drafts import is_draft
from bot.discord_ui.loras import prepare_loras, suggest_loras
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.request_options import request_options
from bot.discord_ui.sources import source_from_image
from bot.discord_ui.styles import suggest_styles
from bot.discord_ui.submission import bot_of, check_shareable, submit
from bot.discord_ui.viewers import viewer_here
from bot.domain.drafts import (
    AROUND_STRENGTH,
    MAX_DRAFTS,
    MIN_DRAFTS,
    USUAL_DRAFTS,
    drafts_of,
    large_request,
)
from bot.domain.jobs import Generation
from bot.domain.requests import QUALITY, Axis, ImageRequest, Quality
from cogs.imagine import size_choices
from cogs.sources import draw_variations, submit_with


class Explore(commands.Cog):
    """The command for those who do not know yet what they want."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(
        description="Draw 9 to 25 small drafts on one numbered sheet, and choose what to draw large"
    )
    @app_commands.describe(
        how_many="How many drafts, with the seeds seed, seed+1, …",
        spoiler="Hide the image until it is clicked",
    )
    @request_options(
        "prompt",
        "how_many",
        "size",
        "seed",
        "style",
        "lora",
        "variety",
        "negative",
        "guidance",
        "spoiler",
    )
    async def explore(
        self,
        interaction: discord.Interaction,
        *,
        how_many: app_commands.Range[int, MIN_DRAFTS, MAX_DRAFTS] = USUAL_DRAFTS,
        spoiler: bool = False,
        **given: Any,  # noqa: ANN401 - the fields of a request
    ) -> None:
        """Queue the drafts as one job; the service acknowledges it."""
        service, viewer = self._bot.service, viewer_here(interaction)
        given = (await service.styles.book(viewer=viewer)).applied(given)
        if given.get("variety") is None:
            given["variety"] = service.model_rules.profile.draft_variety
        await prepare_loras(service, given.get("lora"), given["prompt"])
        request = ImageRequest.parse(rules=service.model_rules, **given)
        drafts = drafts_of(request, how_many, service.model_rules)
        await submit(interaction, drafts, spoiler=spoiler, axis=Axis.SEEDS)

    @explore.autocomplete("size")
    async def suggest_sizes(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer sizes as `/imagine` does: that of the image that is drawn large in the end."""
        service = self._bot.service
        recent = await service.jobs.recent_sizes(viewer=viewer_here(interaction))
        return size_choices(service.model_rules, recent, typed)

    @explore.autocomplete("lora")
    async def suggest_loras(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the LoRAs that are here."""
        return await suggest_loras(interaction, typed)

    @explore.autocomplete("style")
    async def suggest_styles(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the styles that can be named here."""
        return await suggest_styles(interaction, typed)


async def draw_large(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Draw a draft at full size; the message says how much of its composition is left."""
    draft = await _draft(interaction, generations)
    service = bot_of(interaction).service
    quality = service.policy.defaults(viewer_here(interaction).scene).value(QUALITY.option)
    request = large_request(draft.request, quality or Quality.STANDARD, service.model_rules)
    source = await source_from_image(interaction, draft, size=str(request.size))
    await submit_with(interaction, [request], source, [draft])


async def draw_around(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Draw more drafts that come from one of them."""
    draft = await _draft(interaction, generations)
    await draw_variations(interaction, draft, AROUND_STRENGTH, count=USUAL_DRAFTS)


async def _draft(interaction: discord.Interaction, generations: list[Generation]) -> Generation:
    await check_shareable(interaction, generations)
    draft = generations[0]
    if not is_draft(draft, bot_of(interaction).service.model_rules):
        raise RefusalError("no_draft", id=draft.id, size=draft.request.size)
    return draft


ACTIONS: Final = {"large": draw_large, "around": draw_around}


async def setup(bot: ImageBot) -> None:
    """Add the command, and what is done with its drafts."""
    await bot.add_cog(Explore(bot))
    bot.image_actions |= ACTIONS
