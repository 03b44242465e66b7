"""Mood boards of guilds: everything that can be asked of them and done to them."""

from bot.services.boards.additions import megabytes
from bot.services.boards.boards import Boards
from bot.services.boards.changes import (
    UNDO_FOR,
    OnChange,
    changeable,
    no_board,
    no_picture,
    refusal,
)
from bot.services.boards.options import BoardEdits, BoardOptions, Label, UploadDetails, Words

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
