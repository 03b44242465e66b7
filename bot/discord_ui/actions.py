"""The check, before every handler, whether the rules let somebody do what they ask for."""

from __future__ import annotations

from typing import Any

import discord

from bot.discord_ui.client import ImageBot
from bot.discord_ui.viewers import scene_of
from bot.errors import BotError


async def check_use(interaction: discord.Interaction[Any], action: str | None) -> None:
    """Refuse what the rules do not let somebody do here.

    Raises:
        BotError: They do not.

    """
    scene = await scene_of(interaction)
    if action is None:
        return
    service = interaction.client.service
    try:
        service.policy.check_use(action, scene)
    except BotError as error:
        await service.usage.count_refusal(error, scene)
        raise


async def setup(bot: ImageBot) -> None:
    """Let commands be refused."""
    bot.check_use = check_use
