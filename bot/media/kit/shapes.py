"""What a sheet or a page consists of, before it is painted in pixels or written as PDF.

Places and sizes are in units: pixels of a picture, or a share of a page's width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Generic, Literal, Self, TypeVar

from bot.media.kit.direction import is_right_to_left, turned
from bot.media.kit.theme import Colour
from bot.media.kit.typography import TextStyle, drawable, length, plain, wrapped

Anchor = Literal["l", "m", "r"]
Point = tuple[float, float]
Source = TypeVar("Source")

_ROUNDING: Final = 4  # units: a place this much wider or higher than its picture was only rounded


@dataclass(frozen=True, kw_only=True)
class Box:
    """A place on a sheet."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """Return where it ends to the right."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """Return where it ends below."""
        return self.top + self.height

    @property
    def middle(self) -> int:
        """Return the middle of its width."""
        return self.left + self.width // 2

    def inset(self, by: int) -> Box:
        """Return the box that is left inside of a border; outside of it where `by` is negative."""
        width, height = self.width - 2 * by, self.height - 2 * by
        return Box(left=self.left + by, top=self.top + by, width=width, height=height)

    def centred(self, size: tuple[int, int]) -> Box:
        """Return the box of a size in the middle of this one."""
        width, height = size
        left = self.left + (self.width - width) // 2
        top = self.top + (self.height - height) // 2
        return Box(left=left, top=top, width=width, height=height)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A filled rectangle; `radius` is that of its corners."""

    box: Box
    fill: Colour
    radius: int = 0


@dataclass(frozen=True, kw_only=True)
class Photo(Generic[Source]):
    """A picture; it is shown whole, in the middle of its box.

    Attributes:
        source: What whoever paints it finds its pixels by.
        size: Its width and height, in its own pixels.
        ground: Behind it, where it does not fill the box or cannot be shown.
        ink: Of the words that stand there when it cannot be shown.
        edge: Of the hairline around it, so that a white one ends somewhere too; None for none.
        radius: Of its corners.

    """

    box: Box
    source: Source
    size: tuple[int, int]
    ground: Colour
    ink: Colour
    edge: Colour | None = None
    radius: int = 0

    @property
    def shown(self) -> Box:
        """Return where the picture itself is."""
        box, (own_width, own_height) = self.box, self.size
        scale = min(box.width / own_width, box.height / own_height)
        width = min(box.width, max(1, round(own_width * scale)))
        height = min(box.height, max(1, round(own_height * scale)))
        if (box.width - width) + (box.height - height) <= _ROUNDING:
            return box
        return box.centred((width, height))


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Lines of horizontal and vertical pieces with round corners, each with an arrow's head."""

    paths: tuple[tuple[Point, ...], ...]
    colour: Colour
    width: int


@dataclass(frozen=True, kw_only=True)
class TextBlock:
    """Words in lines of one size and colour.

    Attributes:
        left: Of the lines' left edge, centre or right edge, as `anchor` says.
        top: Of the first line.
        from_right: Whether they are read from the right as a whole.
        source: What they were before they were made to fit: what is copied from a document.

    """

    lines: tuple[str, ...]
    style: TextStyle
    left: int = 0
    top: int = 0
    anchor: Anchor = "l"
    from_right: bool = False
    source: str = ""

    @classmethod
    def of(cls, words: str, style: TextStyle, *, width: int, lines: int = 1) -> Self:
        """Set words in at most so many lines of a width; what is too much ends in `…`."""
        fitting = wrapped(drawable(words), size=style.size, width=width, max_lines=lines)
        from_right = is_right_to_left(words)
        return cls(lines=tuple(fitting), style=style, from_right=from_right, source=plain(words))

    def at(self, place: tuple[int, int], anchor: Anchor = "l") -> Self:
        """Return the words at a place: their left (or `anchor`) and top."""
        return replace(self, left=place[0], top=place[1], anchor=anchor)

    @property
    def shown(self) -> tuple[str, ...]:
        """Return the lines with their characters from left to right."""
        return tuple(turned(line, from_right=self.from_right) for line in self.lines)

    @property
    def width(self) -> int:
        """Return the width of the longest line."""
        return max((math.ceil(length(line, self.style.size)) for line in self.lines), default=0)

    @property
    def height(self) -> int:
        """Return the height of all lines."""
        return self.style.line_height * len(self.lines)

    @property
    def bottom(self) -> int:
        """Return where the last line ends."""
        return self.top + self.height


Shape = Panel | Photo[Source] | Lines | TextBlock


@dataclass(frozen=True, kw_only=True)
class SheetLayout(Generic[Source]):
    """Everything on a sheet, in the order in which it is painted."""

    width: int
    height: int
    ground: Colour
    shapes: tuple[Shape[Source], ...]

    @property
    def photos(self) -> tuple[Photo[Source], ...]:
        """Return the pictures on it, in order."""
        return tuple(shape for shape in self.shapes if isinstance(shape, Photo))
