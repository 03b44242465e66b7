"""What a board's message shows, as one of its buttons carries it: whether it is out of date."""

from __future__ import annotations

import re
import zlib

import discord
from discord import ui

from bot.domain.boards import Board


def stamp_of(board: Board) -> str:
    """Return a short stamp of a board as shown: its revision and which pictures are visible."""
    numbers = " ".join(str(number) for number in sorted(item.number for item in board.items))
    return f"{board.revision}.{zlib.crc32(numbers.encode()):x}"


def is_current(message: discord.Message, seen: Board) -> bool:
    """Return whether a message shows a board as everyone may see it now."""
    return f"zib:b:log:{seen.id}:0.{stamp_of(seen)}" in _custom_ids(message)


def shown_revision(message: discord.Message, board_id: str) -> int | None:
    """Return which revision of a board a message shows; None where it is not its message."""
    for custom_id in _custom_ids(message):
        match = re.fullmatch(rf"zib:b:log:{board_id}:0\.(\d+)(?:\.[0-9a-f]+)?", custom_id)
        if match is not None:
            return int(match[1])
    return None


def _custom_ids(message: discord.Message) -> list[str]:
    items = ui.LayoutView.from_message(message).walk_children()
    return [getattr(item, "custom_id", None) or "" for item in items]
