"""Sheets: several pictures with their labels as one picture; knows nothing of what they show."""

from bot.media.sheets.layout import Box
from bot.media.sheets.painter import Cell, Sheet, draw_grid, draw_sheet

__all__ = ["Box", "Cell", "Sheet", "draw_grid", "draw_sheet"]
