"""Mood boards of guilds: everything that can be asked of them and done to them."""

from bot.services.boards.boards import Boards
from bot.services.boards.curation import hang_again
from bot.services.boards.inputs import (
    BoardEdits,
    BoardOptions,
    ItemEdits,
    Label,
    UploadDetails,
    megabytes,
)
from bot.services.boards.personal_pictures import PersonalPictures
from bot.services.boards.refusals import NoBoardError, no_picture
from bot.services.boards.system import BoardSystem
from bot.services.boards.updates import UNDO_FOR, BoardContext, OnChange
from bot.services.boards.visibility import with_items

__all__ = [
    "UNDO_FOR",
    "BoardContext",
    "BoardEdits",
    "BoardOptions",
    "BoardSystem",
    "Boards",
    "ItemEdits",
    "Label",
    "NoBoardError",
    "OnChange",
    "PersonalPictures",
    "UploadDetails",
    "hang_again",
    "megabytes",
    "no_picture",
    "with_items",
]
