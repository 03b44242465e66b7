"""The colours of everything that is painted; every text has at least 4.5 : 1 on its ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Colour = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Colours:
    """What is painted in which colour.

    Attributes:
        soft: Of text that is read last.
        line: Of hairlines.
        tile: Behind a picture that does not fill its place.
        badge: Behind words on pictures.
        accent: Of what stands out.

    """

    ground: Colour
    ink: Colour
    soft: Colour
    line: Colour
    tile: Colour
    badge: Colour
    badge_ink: Colour
    heart: Colour
    accent: Colour


LIGHT: Final = Colours(
    ground=(250, 250, 248),
    ink=(30, 31, 34),
    soft=(98, 102, 110),
    line=(222, 223, 226),
    tile=(236, 236, 233),
    badge=(30, 31, 34),
    badge_ink=(255, 255, 255),
    heart=(200, 36, 76),
    accent=(71, 82, 196),
)
DARK: Final = Colours(  # goes with Discord's own dark theme
    ground=(30, 31, 34),
    ink=(236, 237, 240),
    soft=(163, 166, 173),
    line=(63, 65, 71),
    tile=(43, 45, 49),
    badge=(16, 17, 19),
    badge_ink=(255, 255, 255),
    heart=(255, 122, 150),
    accent=(62, 198, 255),
)


def mixed(colour: Colour, ground: Colour, share: float) -> Colour:
    """Return a colour of which `share` lies over a ground."""
    red, green, blue = (
        round(share * level + (1 - share) * below)
        for level, below in zip(colour, ground, strict=True)
    )
    return red, green, blue
