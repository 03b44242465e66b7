"""What every sheet, grid, tree and chart is made of: type, colours, layout, and the painter.

A layout is planned first, as shapes at their places, and painted or written as a page afterwards.
The kit knows nothing of what its pictures show.
"""

from bot.media.kit.layout_builder import LayoutBuilder
from bot.media.kit.painter import paint
from bot.media.kit.shapes import Box, Lines, Panel, Photo, SheetLayout, TextBlock
from bot.media.kit.theme import DARK, LIGHT, Colour, Colours, mixed
from bot.media.kit.typography import TextStyle

__all__ = [
    "DARK",
    "LIGHT",
    "Box",
    "Colour",
    "Colours",
    "LayoutBuilder",
    "Lines",
    "Panel",
    "Photo",
    "SheetLayout",
    "TextBlock",
    "TextStyle",
    "mixed",
    "paint",
]
