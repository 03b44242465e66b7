"""What a board's sheets and pages are built on: pictures with their marks and words, palettes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.domain.boards import Item, ItemStatus, Swatch
from bot.locales import text
from bot.media.exports.board_colours import STATUS, STATUS_INK, STATUS_SIGN
from bot.media.exports.phrases import caption_of, status_words
from bot.media.kit import Box, Colour, LayoutBuilder, TextBlock, TextStyle
from bot.media.kit.layout_builder import mark_height
from bot.media.kit.typography import LINE_HEIGHT, drawable, length

WIDTH: Final = 1600  # pixels: sizes are those of a sheet so wide and grow with it
CODE: Final = 20  # the size of a colour's hex value
_LEAST_CREDIT: Final = 3  # ems: less room holds no part of a name
_SMALLER: Final = 0.8  # of its size: a status that would not fit
_CHIP_RADIUS: Final = 8


@dataclass(kw_only=True)
class BoardBuilder(LayoutBuilder[Item]):
    """What is placed so far; `locale` is the reader's."""

    locale: str

    def picture(self, item: Item, box: Box) -> None:
        """Place a picture by itself."""
        self.photo(item, (item.width, item.height), box)

    def marked_picture(self, item: Item, box: Box, *, label: int) -> None:
        """Place a picture with the marks that stand on it, in a size that goes with its label."""
        self.picture(item, box)
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
            place = (box.middle, box.top + (box.height - mark_height(size)) // 2)
            words = text("exhibit_spoiler", self.locale)
            self.mark(words, place, badge, colours.badge, width=box.width, anchor="m")

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
            style = TextStyle(size=label, colour=self.colours.ink)
            top = self.write(caption, place, style, width=width, lines=2).bottom
        taken = 0
        if item.votes:
            heart = TextStyle(size=note, colour=self.colours.heart)
            hearts = self.write(f"♥ {item.votes}", (left + width, top), heart, anchor="r")
            taken = hearts.width + note
        credit, room = item.credit.strip(), width - taken
        if credit and (room > _LEAST_CREDIT * note or length(drawable(credit), note) <= room):
            style = TextStyle(size=note, colour=self.colours.soft)
            self.write(credit, (left, top), style, width=room)
        return top + round(note * LINE_HEIGHT) if item.votes or item.credit else top

    def palette(self, swatches: Sequence[Swatch], place: Box, *, gap: int) -> int:
        """Place colours side by side with their codes below them; return where they end."""
        width = (place.width + gap) // max(len(swatches), 1) - gap
        code = self.soft(CODE)
        for i, swatch in enumerate(swatches):
            left = place.left + i * (width + gap)
            box = Box(left=left, top=place.top, width=width, height=place.height)
            self.chip(box, swatch.rgb)
            top = box.bottom + round(code.size * 0.4)
            self.write(swatch.hex, (box.middle, top), code, anchor="m")
        return place.bottom + round(code.size * (0.4 + LINE_HEIGHT))

    def chip(self, box: Box, fill: Colour) -> None:
        """Place a colour with a hairline around it."""
        radius, line = self.px(_CHIP_RADIUS), self.px(1)
        self.panel(box, self.colours.line, radius=radius)
        self.panel(box.inset(line), fill, radius=max(radius - line, 0))

    def lower(self, begin: int, down: int) -> None:
        """Move the words placed from the shape `begin` on."""
        self.shapes[begin:] = [
            replace(shape, top=shape.top + down) if isinstance(shape, TextBlock) else shape
            for shape in self.shapes[begin:]
        ]
