"""What a board looks like outside its database: sheets, pages, documents and archives."""

from bot.media.exports.export import FORMS, ExportError, ExportFile, Form, export_board
from bot.media.exports.sheet import (
    PER_PAGE,
    BoardSheet,
    draw_board,
    draw_compared,
    keep_sheet,
    page_count,
)
from bot.media.exports.thumbnails import PictureCache

__all__ = [
    "FORMS",
    "PER_PAGE",
    "BoardSheet",
    "ExportError",
    "ExportFile",
    "Form",
    "PictureCache",
    "draw_board",
    "draw_compared",
    "export_board",
    "keep_sheet",
    "page_count",
]
