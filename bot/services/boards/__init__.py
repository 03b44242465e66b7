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
from bot.services.boards.options import BoardEdits, BoardOptions, ItemEdits, Label, UploadDetails

__all__ = [
    "UNDO_FOR",
    "BoardEdits",
    "BoardOptions",
    "Boards",
    "ItemEdits",
    "Label",
    "OnChange",
    "UploadDetails",
    "changeable",
    "megabytes",
    "no_board",
    "no_picture",
    "refusal",
]
