"""Sheets: several pictures with their labels as one picture; knows nothing of what they show."""

from bot.sheets.arranging import Box
from bot.sheets.drawing import Cell, Sheet, draw_grid, draw_sheet

__all__ = ["Box", "Cell", "Sheet", "draw_grid", "draw_sheet"]
