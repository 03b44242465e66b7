"""What a layout is built on: words, marks and pictures, each placed at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Generic

from bot.media.kit.shapes import Anchor, Box, Panel, Photo, Shape, SheetLayout, Source, TextBlock
from bot.media.kit.theme import Colour, Colours
from bot.media.kit.typography import TextStyle

_LINE: Final = 10**6  # a width that every line fits in


@dataclass(kw_only=True)
class LayoutBuilder(Generic[Source]):
    """What is placed so far.

    Attributes:
        width: Of the sheet, in pixels.
        unit: Pixels that one of the sizes takes.

    """

    width: int
    colours: Colours
    unit: float = 1.0
    shapes: list[Shape[Source]] = field(default_factory=list)

    def px(self, size: float) -> int:
        """Return a size in pixels."""
        return max(1, round(size * self.unit))

    def ink(self, size: float) -> TextStyle:
        """Return the type of what is read first."""
        return TextStyle(size=self.px(size), colour=self.colours.ink)

    def soft(self, size: float) -> TextStyle:
        """Return the type of what is read last."""
        return TextStyle(size=self.px(size), colour=self.colours.soft)

    def accent(self, size: float) -> TextStyle:
        """Return the type of what stands out."""
        return TextStyle(size=self.px(size), colour=self.colours.accent)

    def panel(self, box: Box, fill: Colour, *, radius: int = 0) -> None:
        """Place a filled rectangle."""
        self.shapes.append(Panel(box=box, fill=fill, radius=radius))

    def photo(self, source: Source, size: tuple[int, int], box: Box) -> None:
        """Place a picture of a size, in its own pixels, with a hairline around its box."""
        tile, soft, line = self.colours.tile, self.colours.soft, self.colours.line
        self.shapes.append(
            Photo(box=box, source=source, size=size, ground=tile, ink=soft, edge=line)
        )

    def write(
        self,
        words: str,
        place: tuple[int, int],
        style: TextStyle,
        *,
        width: int = _LINE,
        lines: int = 1,
        anchor: Anchor = "l",
    ) -> TextBlock:
        """Place words in at most so many lines; `place` is their left (or `anchor`) and top."""
        block = TextBlock.of(words, style, width=width, lines=lines).at(place, anchor)
        self.shapes.append(block)
        return block

    def write_within(self, words: str, box: Box, style: TextStyle) -> None:
        """Place a line in the middle of a box."""
        top = box.top + (box.height - style.line_height) // 2
        self.write(words, (box.middle, top), style, width=box.width, anchor="m")

    def mark(
        self,
        words: str,
        place: tuple[int, int],
        style: TextStyle,
        ground: Colour,
        *,
        width: int = _LINE,
        anchor: Anchor = "l",
    ) -> Box:
        """Place a word on a small ground of its own; return that ground."""
        size, (left, top) = style.size, place
        pad, height = round(size * 0.5), mark_height(size)
        block = TextBlock.of(words, style, width=max(width - 2 * pad, size))
        own = max(block.width + 2 * pad, height)
        left -= {"l": 0, "m": own // 2, "r": own}[anchor]
        box = Box(left=left, top=top, width=own, height=height)
        self.panel(box, ground, radius=round(size * 0.35))
        below = top + (height - style.line_height) // 2
        self.shapes.append(block.at((box.middle, below), "m"))
        return box

    def plan(self, height: int) -> SheetLayout[Source]:
        """Return all that was placed."""
        return SheetLayout(
            width=self.width, height=height, ground=self.colours.ground, shapes=tuple(self.shapes)
        )


def mark_height(size: int) -> int:
    """Return the height of a mark whose words have a size."""
    return round(size * 1.5)
