"""Private answers of lines about rules, which name people, roles and channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import discord

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.content import Content
from bot.discord_ui.submission import bot_of
from bot.locales import text
from bot.services.rule_texts import Reader
from bot.services.rules import Rules

_SHOWN: Final = 3500  # characters of a list; Discord allows 4,000 in all texts of a message


def service_of(interaction: discord.Interaction) -> Rules:
    """Return what is asked about rules."""
    return bot_of(interaction).service.rules


async def give_lines(interaction: discord.Interaction, *lines: str) -> None:
    """Answer in private, so that mentions are seen as names and notify nobody."""
    await Answer.to(interaction).give(Content(view=views.notice("\n".join(lines))))


def fitting(lines: Sequence[str], reader: Reader) -> list[str]:
    """Return as many lines as a message holds, and how many more there are."""
    found: list[str] = []
    for line in lines:
        if sum(map(len, found)) + len(line) > _SHOWN:
            more = text("why_more", reader.locale, count=len(lines) - len(found))
            return [*found, f"-# {more}"]
        found.append(line)
    return found
