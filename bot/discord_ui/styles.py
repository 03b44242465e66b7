"""Styles in commands: which of them can be named."""

from __future__ import annotations

import re
from typing import Final

import discord
from discord import app_commands

from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import viewer_here
from bot.domain.plain_text import name_key
from bot.domain.styles import StyleBook
from bot.locales import is_chinese

CHOICES: Final = 25  # that Discord shows
_LAST: Final = re.compile(r"(?s)(.*[,，、;；|｜]\s*)?(.*)")  # of names with commas between


async def suggest_styles(
    interaction: discord.Interaction, typed: str
) -> list[app_commands.Choice[str]]:
    """Offer the styles that can be named here."""
    names = await names_here(interaction)
    found = [each for each in names if name_key(typed) in name_key(each)]
    return [app_commands.Choice(name=each, value=each) for each in found[:CHOICES]]


async def names_here(interaction: discord.Interaction) -> list[str]:
    """Return the names of all styles here, built-in ones in the reader's language."""
    book = await bot_of(interaction).service.styles.book(viewer=viewer_here(interaction))
    return book.names(is_chinese=is_chinese(str(interaction.locale)))


async def suggest_several(interaction: discord.Interaction, typed: str, *, room: int) -> list[str]:
    """Return what was typed with each style behind it that its last name begins."""
    match = _LAST.fullmatch(typed)
    assert match is not None
    before, last = match[1] or "", match[2]
    there = set(map(name_key, re.split("[,，、;；|｜]", before)))
    offers = [
        before + each
        for each in await names_here(interaction)
        if name_key(each).startswith(name_key(last)) and name_key(each) not in there
    ]
    return [each for each in offers if len(each) <= room]


def style_or_none(book: StyleBook, name: str | None) -> str | None:
    """Return the name of a style that there is."""
    return None if name is None or book.named(name) is None else name
