"""What a sheet or a page consists of, before it is drawn in pixels or written as PDF.

Places and sizes are in units: pixels of a picture, or a share of a page's width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from bot.domain.boards import Item
from bot.media.sheets import Box
from bot.media.sheets.typography import Lettering

Colour = tuple[int, int, int]

_ROUNDING: Final = 4  # units: a place this much wider or higher than its picture was only rounded


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A filled rectangle.

    Attributes:
        radius: Of its corners.

    """

    box: Box
    fill: Colour
    radius: int = 0


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A picture of a board; it is shown whole, in the middle of its box.

    Attributes:
        ground: Behind it, where it does not fill the box.
        edge: Of the hairline around it, so that a white one ends somewhere too.

    """

    box: Box
    item: Item
    ground: Colour
    edge: Colour

    @property
    def shown(self) -> Box:
        """Return where the picture itself is."""
        box, item = self.box, self.item
        scale = min(box.width / item.width, box.height / item.height)
        width = min(box.width, max(1, round(item.width * scale)))
        height = min(box.height, max(1, round(item.height * scale)))
        if (box.width - width) + (box.height - height) <= _ROUNDING:
            return box
        left = box.left + (box.width - width) // 2
        top = box.top + (box.height - height) // 2
        return Box(left=left, top=top, width=width, height=height)


@dataclass(frozen=True, kw_only=True)
class TextBlock:
    """Words in lines.

    Attributes:
        left: Of the lines' left edge, centre or right edge, as `anchor` says.
        top: Of the first line.
        source: What they were before it was made to fit: what a reader copies from a document.

    """

    lettering: Lettering
    left: int
    top: int
    anchor: Literal["l", "m", "r"] = "l"
    source: str = ""

    @property
    def bottom(self) -> int:
        """Return where the last line ends."""
        return self.top + self.lettering.height


Shape = Panel | Photo | TextBlock


@dataclass(frozen=True, kw_only=True)
class SheetLayout:
    """Everything on a sheet, in the order in which it is drawn."""

    width: int
    height: int
    ground: Colour
    shapes: tuple[Shape, ...]
