"""The check, before every handler, whether the rules let somebody do what they ask for."""

from __future__ import annotations

from typing import Any

import discord

from bot.discord_ui.client import ImageBot
from bot.discord_ui.viewers import scene_of


async def check_use(interaction: discord.Interaction[Any], action: str | None) -> None:
    """Refuse what the rules do not let somebody do here.

    Raises:
        BotError: They do not.

    """
    scene = await scene_of(interaction)
    if action is not None:
        interaction.client.service.policy.check_use(action, scene)


async def setup(bot: ImageBot) -> None:
    """Let commands be refused."""
    bot.check_use = check_use
