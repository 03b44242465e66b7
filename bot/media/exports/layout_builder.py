"""What sheets and pages are planned on: words, marks, pictures and palettes, each at a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from bot.domain.boards import Item, ItemStatus, Swatch
from bot.locales import text
from bot.media.exports.phrases import caption_of, drawn, plain, status_words
from bot.media.exports.shapes import Colour, Panel, Photo, Shape, SheetLayout, TextBlock
from bot.media.exports.theme import STATUS, STATUS_INK, STATUS_SIGN, Colours
from bot.media.sheets import Box
from bot.media.sheets.typography import LINE_HEIGHT, drawable, length, lettered

WIDTH: Final = 1600  # pixels: sizes are those of a wall so wide and grow with it
_LINE: Final = 10**6  # a width that every line fits in
_LEAST_CREDIT: Final = 3  # ems: less room holds no part of a name
_SMALLER: Final = 0.8  # of its size: a status that would not fit
_CHIP_RADIUS: Final = 8
CODE: Final = 20  # the size of a colour's hex value


@dataclass(frozen=True, kw_only=True)
class TextStyle:
    """How words are set; the size in pixels."""

    size: int
    colour: Colour

    @property
    def line_height(self) -> int:
        """Return what a line takes, in pixels."""
        return round(self.size * LINE_HEIGHT)


@dataclass(kw_only=True)
class LayoutBuilder:
    """What is placed so far.

    Attributes:
        unit: Pixels that one of the sizes takes.

    """

    width: int
    unit: float
    colours: Colours
    locale: str
    shapes: list[Shape] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def px(self, size: float) -> int:
        """Return a size in pixels."""
        return max(1, round(size * self.unit))

    def ink(self, size: float) -> TextStyle:
        """Return the type of what is read first."""
        return TextStyle(size=self.px(size), colour=self.colours.ink)

    def soft(self, size: float) -> TextStyle:
        """Return the type of what is read last."""
        return TextStyle(size=self.px(size), colour=self.colours.soft)

    def panel(self, box: Box, fill: Colour, *, radius: int = 0) -> None:
        """Place a filled rectangle."""
        self.shapes.append(Panel(box=box, fill=fill, radius=radius))

    def write(
        self,
        words: str,
        place: tuple[int, int],
        type_: TextStyle,
        *,
        width: int = _LINE,
        lines: int = 1,
        anchor: Literal["l", "m", "r"] = "l",
    ) -> TextBlock:
        """Place words in at most so many lines; `place` is their left (or `anchor`) and top."""
        lettering = lettered(
            drawn(words), size=type_.size, colour=type_.colour, width=width, max_lines=lines
        )
        left, top = place
        placed = TextBlock(
            lettering=lettering, left=left, top=top, anchor=anchor, source=plain(words)
        )  # fmt: skip
        self.shapes.append(placed)
        return placed

    def mark(
        self,
        words: str,
        place: tuple[int, int],
        type_: TextStyle,
        ground: Colour,
        *,
        width: int = _LINE,
        is_centred: bool = False,
    ) -> None:
        """Place a word on a small ground of its own."""
        size, (left, top) = type_.size, place
        pad, height = round(size * 0.5), mark_height(size)
        lettering = lettered(
            words, size=size, colour=type_.colour, width=max(width - 2 * pad, size), max_lines=1
        )
        own = max(lettering.width + 2 * pad, height)
        left -= own // 2 if is_centred else 0
        self.panel(
            Box(left=left, top=top, width=own, height=height), ground, radius=round(size * 0.35)
        )
        below = top + (height - lettering.line_height) // 2
        self.shapes.append(
            TextBlock(lettering=lettering, left=left + own // 2, top=below, anchor="m")
        )

    def photo(self, item: Item, box: Box) -> None:
        """Place a picture by itself."""
        colours = self.colours
        self.shapes.append(Photo(box=box, item=item, ground=colours.tile, edge=colours.line))

    def picture(self, item: Item, box: Box, *, label: int) -> None:
        """Place a picture with the marks that stand on it, in a size that goes with its label."""
        self.boxes.append(box)
        self.photo(item, box)
        colours = self.colours
        inset, size = round(label * 0.4), round(label * 0.88)
        badge = TextStyle(size=size, colour=colours.badge_ink)
        left = box.left + inset
        self.mark(str(item.number), (left, box.top + inset), badge, colours.badge)
        if item.status is not ItemStatus.CANDIDATE:
            words, fitting = self._status(item.status, size, box.width - 2 * inset)
            place = (left, box.bottom - inset - mark_height(fitting))
            self.mark(words, place, TextStyle(size=fitting, colour=STATUS_INK), STATUS[item.status])
        if item.is_spoiler:
            place = (box.left + box.width // 2, box.top + (box.height - mark_height(size)) // 2)
            words = text("exhibit_spoiler", self.locale)
            self.mark(words, place, badge, colours.badge, width=box.width, is_centred=True)

    def _status(self, status: ItemStatus, size: int, width: int) -> tuple[str, int]:
        """Return what a status is called, and its size: a little smaller, or a sign, to fit."""
        words = status_words(status, self.locale)
        for fitting in (size, round(size * _SMALLER)):
            if length(words, fitting) + fitting <= width:
                return words, fitting
        return STATUS_SIGN[status], size

    def words_of(
        self, item: Item, place: tuple[int, int], *, label: int, note: int, width: int
    ) -> int:  # fmt: skip
        """Place what is said of a picture, in pixels of type; return where it ends."""
        left, top = place
        if caption := caption_of(item):
            type_ = TextStyle(size=label, colour=self.colours.ink)
            top = self.write(caption, place, type_, width=width, lines=2).bottom
        taken = 0
        if item.votes:
            heart = TextStyle(size=note, colour=self.colours.heart)
            hearts = self.write(f"♥ {item.votes}", (left + width, top), heart, anchor="r")
            taken = hearts.lettering.width + note
        credit, room = drawn(item.credit), width - taken
        if credit and (room > _LEAST_CREDIT * note or length(drawable(credit), note) <= room):
            type_ = TextStyle(size=note, colour=self.colours.soft)
            self.write(credit, (left, top), type_, width=room)
        return top + round(note * LINE_HEIGHT) if item.votes or item.credit else top

    def palette(self, swatches: Sequence[Swatch], place: Box, *, gap: int) -> int:
        """Place colours side by side with their codes below them; return where they end."""
        width = (place.width + gap) // max(len(swatches), 1) - gap
        code = self.soft(CODE)
        for i, swatch in enumerate(swatches):
            left = place.left + i * (width + gap)
            box = Box(left=left, top=place.top, width=width, height=place.height)
            self.chip(box, swatch.rgb)
            middle = (left + width // 2, box.bottom + round(code.size * 0.4))
            self.write(swatch.hex, middle, code, anchor="m")
        return place.bottom + round(code.size * (0.4 + LINE_HEIGHT))

    def chip(self, box: Box, fill: Colour) -> None:
        """Place a colour with a hairline around it."""
        radius, line = self.px(_CHIP_RADIUS), self.px(1)
        inner = Box(
            left=box.left + line,
            top=box.top + line,
            width=box.width - 2 * line,
            height=box.height - 2 * line,
        )
        self.panel(box, self.colours.line, radius=radius)
        self.panel(inner, fill, radius=max(radius - line, 0))

    def lower(self, begin: int, down: int) -> None:
        """Move the words placed from the shape `begin` on."""
        self.shapes[begin:] = [
            replace(shape, top=shape.top + down) if isinstance(shape, TextBlock) else shape
            for shape in self.shapes[begin:]
        ]

    def plan(self, height: int) -> SheetLayout:
        """Return all that was placed."""
        return SheetLayout(
            width=self.width, height=height, ground=self.colours.ground, shapes=tuple(self.shapes)
        )


def mark_height(size: int) -> int:
    """Return the height of a mark whose words have a size."""
    return round(size * 1.5)
