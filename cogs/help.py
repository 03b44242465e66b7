"""`/help`: how to use the bot, on one page."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.content import Content
from bot.discord_ui.formatting import escaped
from bot.domain.requests import MAX_SEED, Quality
from bot.locales import text

_MODEL_ROOM = 40  # characters; a folder may be called anything


class Help(commands.Cog):
    """The command for those who do not know the others."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="How to use this bot")
    async def help(self, interaction: discord.Interaction) -> None:
        """Show the page, in private."""
        service, profile = self._bot.service, self._bot.service.model_rules.profile
        page = text(
            "help",
            str(interaction.locale),
            min_seed=0,
            max_seed=MAX_SEED,
            steps=[profile.steps(each) for each in Quality],
            max_guidance=profile.max_guidance,
            usual_guidance=profile.usual_guidance,
            model=escaped(service.model_id, limit=_MODEL_ROOM, room=_MODEL_ROOM),
            size=service.model_rules.default,
        )
        await Answer.to(interaction).give(Content(view=views.notice(page)))


async def setup(bot: ImageBot) -> None:
    """Add the command."""
    await bot.add_cog(Help(bot))
