"""What tests of moderation set up: rules, a log channel, and what is pressed there."""

from __future__ import annotations

from typing import Any

import discord

from bot.domain.rules import Entry
from bot.domain.scenes import Layer
from bot.domain.viewers import Viewer
from tests.support.discord_env import DiscordEnv, texts_of, walk


def manager(env: DiscordEnv) -> Viewer:
    return Viewer(user_id=1, user_name="owner", guild_id=env.guild.id, is_manager=True)


async def rule(env: DiscordEnv, **values: Any) -> None:
    """Set rules of the whole server."""
    entries = [Entry(layer=Layer.SERVER, name=name, value=each) for name, each in values.items()]
    await env.service.rules.change(entries, viewer=manager(env))


def log_channel(env: DiscordEnv, *, may_write: bool = True) -> Any:
    """Create a channel for moderators, the bot, and Ming, who is none."""
    seen = discord.PermissionOverwrite(view_channel=True, send_messages=may_write)
    rules = {env.guild.default_role: discord.PermissionOverwrite(view_channel=False)}
    rules |= dict.fromkeys((env.moderator, env.ming, env.bot.user), seen)
    return env.guild.create_text_channel("log", overwrites=rules)


async def logged(env: DiscordEnv, log: Any, part: str) -> Any:
    """Wait for a message of the log channel, and return it as it is."""
    await env.until(lambda: any(part in texts_of(each) for each in log.history()))
    return [each for each in log.history() if part in texts_of(each)][-1]


def buttons(message: Any) -> dict[str, str]:
    return {each["label"]: each["custom_id"] for each in walk(message) if each.get("type") == 2}


async def press(env: DiscordEnv, who: Any, message: Any, label: str) -> Any:
    return await who.click(message, custom_id=buttons(message)[label])
