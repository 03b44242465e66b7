"""Colours and sizes of the pictures of families, in pixels; the colours go with Discord's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.domain.jobs import Relation

BACKGROUND: Final = "#1e1f22"
CARD: Final = "#2b2d31"
EMPTY: Final = "#232428"  # a tile without a picture
TITLE: Final = "#ffffff"
INK: Final = "#dbdee1"
SOFT: Final = "#a3a6ad"
FAINT: Final = "#5c6068"
LINE: Final = "#70757f"
FOCUS: Final = "#3ec6ff"  # the image that was asked for, and the way to it
COLOURS: Final[Mapping[Relation, str]] = {
    "imagine": "#b5bac1",
    "same_seed": "#57c785",
    "new_seed": "#8b9bff",
    "variation": "#d78bff",
    "edit": "#ffa657",
}
MARGIN: Final = 28
SMOOTHING: Final = 2  # lines and corners are drawn so much larger, and made smaller


@dataclass(frozen=True, kw_only=True)
class Style:
    """The sizes of a card.

    Attributes:
        at_most: Families of so many images are drawn with it.
        picture: The edge of the square for the image.
        text: Of what is written on it.
        lines: Of what was changed.

    """

    at_most: int
    picture: int
    text: int
    lines: int
    pad: int
    gap_x: int
    gap_y: int

    @property
    def small(self) -> int:
        """Return the size of the text that says what was changed."""
        return max(self.text - 2, 12)

    @property
    def line_height(self) -> int:
        """Return the distance of two lines of text."""
        return round(self.text * 1.4)

    @property
    def chip_height(self) -> int:
        """Return the height of the relation's name on its ground."""
        return round(self.text * 1.75)

    @property
    def picture_top(self) -> int:
        """Return where the image begins, from the card's top."""
        changes = self.line_height * self.lines
        return self.pad + self.chip_height + changes + self.pad

    @property
    def card_width(self) -> int:
        """Return the whole width."""
        return self.picture + 2 * self.pad

    @property
    def card_height(self) -> int:
        """Return the whole height."""
        return self.picture_top + self.picture + self.line_height + round(self.pad * 1.4)


SIZES: Final = (
    Style(at_most=8, picture=208, text=16, lines=2, pad=10, gap_x=30, gap_y=44),
    Style(at_most=20, picture=168, text=15, lines=2, pad=9, gap_x=26, gap_y=38),
    Style(at_most=28, picture=136, text=14, lines=2, pad=8, gap_x=24, gap_y=34),
    Style(at_most=10**9, picture=124, text=13, lines=2, pad=7, gap_x=20, gap_y=30),
)
