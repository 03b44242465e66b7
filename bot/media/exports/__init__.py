"""What a board looks like outside its database: sheets, pages, documents and archives."""

from bot.media.exports.export import FORMS, ExportError, ExportFile, Form, export_board
from bot.media.exports.sheet import (
    PER_PAGE,
    draw_compared,
    keep_sheet,
    page_count,
    paint_items,
    plan_page,
)

__all__ = [
    "FORMS",
    "PER_PAGE",
    "ExportError",
    "ExportFile",
    "Form",
    "draw_compared",
    "export_board",
    "keep_sheet",
    "page_count",
    "paint_items",
    "plan_page",
]
