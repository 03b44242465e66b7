"""Sizes of the cards of families, in pixels, and the colours that only they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.domain.jobs import Relation
from bot.media.kit import Colour
from bot.media.kit.layout_builder import mark_height
from bot.media.kit.typography import LINE_HEIGHT

LINE: Final[Colour] = (112, 117, 127)
COLOURS: Final[Mapping[Relation, Colour]] = {
    "imagine": (181, 186, 193),
    "same_seed": (87, 199, 133),
    "new_seed": (139, 155, 255),
    "variation": (215, 139, 255),
    "edit": (255, 166, 87),
    "source": (96, 208, 214),
    "region": (255, 138, 168),
    "extension": (214, 206, 96),
    "upscale": (247, 208, 84),
}


LINES: Final = 2  # of what was changed


@dataclass(frozen=True, kw_only=True)
class Style:
    """The sizes of a card.

    Attributes:
        at_most: Families of so many images are drawn with it.
        picture: The edge of the square for the image.
        text: Of what is written on it.

    """

    at_most: int
    picture: int
    text: int
    pad: int
    gap_x: int
    gap_y: int

    @property
    def small(self) -> int:
        """Return the size of the text that says what was changed."""
        return max(self.text - 2, 12)

    @property
    def origin_height(self) -> int:
        """Return the room for how an image came and what was changed."""
        changes = LINES * round(self.small * LINE_HEIGHT)
        return mark_height(self.text - 1) + self.pad // 2 + changes

    @property
    def picture_top(self) -> int:
        """Return where the image begins, from the card's top."""
        return self.pad + self.origin_height + self.pad

    @property
    def card_width(self) -> int:
        """Return the whole width."""
        return self.picture + 2 * self.pad

    @property
    def card_height(self) -> int:
        """Return the whole height."""
        return self.picture_top + self.picture + round(self.text * LINE_HEIGHT + 1.4 * self.pad)


SIZES: Final = (
    Style(at_most=8, picture=208, text=16, pad=10, gap_x=30, gap_y=44),
    Style(at_most=20, picture=168, text=15, pad=9, gap_x=26, gap_y=38),
    Style(at_most=28, picture=136, text=14, pad=8, gap_x=24, gap_y=34),
    Style(at_most=10**9, picture=124, text=13, pad=7, gap_x=20, gap_y=30),
)
