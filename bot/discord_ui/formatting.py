"""Small pieces of message text: escaped prompts, names, times."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Final

import discord

from bot.domain import plain_text
from bot.domain.plain_text import visible

PROMPT_SHOWN: Final = 700  # characters in a message; the rest is in the recipe
PROMPT_IN_LIST: Final = 90  # characters where many prompts share a message
# What begins a format, a link, a mention or a time anywhere, or a list, heading or quote in front.
_LIVE: Final = re.compile(r"[\\*_~|`\[\]<]|:(?=//)|^[#+>-]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
ALT_TEXT: Final = 1024  # Discord's limit of a description

shortened = plain_text.shortened


def escaped(words: str, *, limit: int = PROMPT_SHOWN, room: int | None = None) -> str:
    """Return words on one line, so that nothing in them is a mention, a link or a format.

    Words from right to left turn nothing that stands beside them.

    Args:
        words: What is shown.
        limit: How many characters are seen at most.
        room: How many characters it may take with the marks that escape it, where that counts.

    """
    shown = visible(words, limit)
    while room is not None and len(found := _escaped(shown)) > room:
        shown = shortened(shown, len(shown) * room // (len(found) + 1))
    return _escaped(shown)


def escaped_lines(words: str, *, limit: int) -> str:
    """Return words of several lines, escaped, of which all together show at most `limit`."""
    lines = shortened(words, limit).splitlines()
    return "\n".join(escaped(line, limit=limit) for line in lines)


def _escaped(line: str) -> str:
    plain = _LIVE.sub(r"\\\g<0>", line)
    return isolated(discord.utils.escape_mentions(plain))


def code(words: str, *, limit: int = 40) -> str:
    """Return words from elsewhere as code on one line, in which nothing is a link or format."""
    shown = visible(words.replace("`", "ˋ"), limit)
    return f"`{shown}`" if shown else "–"


def block(words: str, *, limit: int) -> str:
    """Return words to be copied as a block of code, which nothing in them ends."""
    return f"```\n{visible(words.replace('```', 'ʼʼʼ'), limit)}\n```"


def isolated(words: str) -> str:
    """Return words which keep their direction to themselves, with Unicode's isolates (UAX 9)."""
    turns = any(unicodedata.bidirectional(char) in {"R", "AL"} for char in words)
    return f"\u2068{words}\u2069" if turns else words


def user_mention(user_id: int) -> str:
    """Return the user's name as Discord shows it; the bot's messages never notify anyone."""
    return f"<@{user_id}>" if user_id else "—"  # 0: who had their data erased


def relative_time(timestamp_s: float) -> str:
    """Return a time every reader sees in their own words: "in 8 seconds", "3 minutes ago"."""
    return f"<t:{math.ceil(timestamp_s)}:R>"
