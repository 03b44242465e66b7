"""The colours of exhibits; every text has at least 4.5 : 1 on what it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.domain.boards import ItemStatus, Theme
from bot.media.exports.shapes import Colour


@dataclass(frozen=True, kw_only=True)
class Colours:
    """What is drawn in which colour.

    Attributes:
        tile: Behind a picture that does not fill its place.
        badge: Behind numbers on pictures.

    """

    ground: Colour
    ink: Colour
    soft: Colour
    line: Colour
    tile: Colour
    badge: Colour
    badge_ink: Colour
    heart: Colour


COLOURS: Final[Mapping[Theme, Colours]] = {
    Theme.LIGHT: Colours(
        ground=(250, 250, 248),
        ink=(30, 31, 34),
        soft=(98, 102, 110),
        line=(222, 223, 226),
        tile=(236, 236, 233),
        badge=(30, 31, 34),
        badge_ink=(255, 255, 255),
        heart=(200, 36, 76),
    ),
    Theme.DARK: Colours(
        ground=(30, 31, 34),
        ink=(236, 237, 240),
        soft=(163, 166, 173),
        line=(63, 65, 71),
        tile=(43, 45, 49),
        badge=(16, 17, 19),
        badge_ink=(255, 255, 255),
        heart=(255, 122, 150),
    ),
}

# The grounds of status marks, the same in both themes: white stands on each of them.
STATUS: Final[Mapping[ItemStatus, Colour]] = {
    ItemStatus.CANDIDATE: (98, 102, 110),
    ItemStatus.SHORTLIST: (60, 72, 200),
    ItemStatus.APPROVED: (22, 122, 66),
    ItemStatus.REJECTED: (164, 44, 44),
}
STATUS_INK: Final[Colour] = (255, 255, 255)
# Where the word does not fit.
STATUS_SIGN: Final[Mapping[ItemStatus, str]] = {
    ItemStatus.CANDIDATE: "·",
    ItemStatus.SHORTLIST: "★",
    ItemStatus.APPROVED: "✓",
    ItemStatus.REJECTED: "✕",
}
