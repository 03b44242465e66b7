"""Rules of the simulated server, set as whoever manages it would."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord

from tests.support.discord_env import DiscordEnv


async def set_rules(env: DiscordEnv, text: str) -> None:
    """Put the rules of a file in place of all that are set."""
    await env.service.rules.replace(text, viewer=replace(env.viewer(), is_manager=True))


def add_manager(env: DiscordEnv, name: str = "eve") -> Any:
    """Return somebody who manages the server, and moderates nothing."""
    role = env.guild.create_role(name, permissions=discord.Permissions(manage_guild=True))
    return env.guild.add_member(env.simcord.create_user(name), roles=[role])
