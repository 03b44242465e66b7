"""Mood boards of guilds: everything that can be asked of them and done to them."""

from bot.service.boards.adding import megabytes
from bot.service.boards.boards import Boards
from bot.service.boards.changing import (
    UNDO_FOR,
    OnChange,
    changeable,
    no_board,
    no_picture,
    refusal,
)
from bot.service.boards.options import BoardEdits, BoardOptions, Label, UploadDetails, Words

__all__ = [
    "UNDO_FOR",
    "BoardEdits",
    "BoardOptions",
    "Boards",
    "Label",
    "OnChange",
    "UploadDetails",
    "Words",
    "changeable",
    "megabytes",
    "no_board",
    "no_picture",
    "refusal",
]
