"""Small pieces of message text: escaped prompts, names, times."""

from __future__ import annotations

import math
import unicodedata
from typing import Final

import discord

PROMPT_SHOWN: Final = 700  # characters in a message; the rest is in the recipe
PROMPT_IN_LIST: Final = 90  # characters where many prompts share a message
ALT_TEXT: Final = 1024  # Discord's limit of a description


def escaped(prompt: str, *, limit: int = PROMPT_SHOWN) -> str:
    """Return a user's words so that nothing in them is a mention, a link or a format.

    Words from right to left turn nothing that stands beside them.
    """
    shown = shortened(prompt, limit)
    plain = discord.utils.escape_markdown(shown, ignore_links=False)
    return isolated(discord.utils.escape_mentions(plain).replace("<", "\\<"))


def isolated(words: str) -> str:
    """Return words which keep their direction to themselves, with Unicode's isolates (UAX 9)."""
    turns = any(unicodedata.bidirectional(char) in {"R", "AL"} for char in words)
    return f"\u2068{words}\u2069" if turns else words


def shortened(words: str, limit: int) -> str:
    """Return the words, cut at `limit` characters with a mark where they go on."""
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def user_mention(user_id: int) -> str:
    """Return the user's name as Discord shows it; the bot's messages never notify anyone."""
    return f"<@{user_id}>"


def relative_time(timestamp_s: float) -> str:
    """Return a time every reader sees in their own words: "in 8 seconds", "3 minutes ago"."""
    return f"<t:{math.ceil(timestamp_s)}:R>"
