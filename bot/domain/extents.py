"""How a picture is extended: what canvas it comes to lie on, and where on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from bot.domain.plain_text import quoted
from bot.domain.requests import SIZE_MULTIPLE, ModelRules, Size
from bot.errors import InvalidRequestError

ZOOMS: Final[Mapping[str, Fraction]] = {"zoom-1.5": Fraction(3, 2), "zoom-2": Fraction(2)}
PANS: Final = ("left", "right", "up", "down")  # where what is new comes to be
_SIZE: Final = re.compile(r"\s*\d+\s*[x\u00d7*]\s*\d+\s*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Extent:
    """A canvas, and what becomes of a picture on it.

    Attributes:
        canvas: The size of the image.
        picture: Width and height that the picture is brought to.
        place: Its left and top on the canvas; negative where that much of it is cut off.
        lost: Pixels that are cut off on the side it moved away from.

    """

    canvas: Size
    picture: tuple[int, int]
    place: tuple[int, int]
    lost: int = 0


def extent_of(how: str, own: tuple[int, int], rules: ModelRules) -> Extent:
    """Return the canvas for a way of extending a picture.

    Zooming out keeps the size and makes the picture smaller; panning lets one side grow by a half,
    up to twice the model's native one, and moves the picture on where it cannot grow any more;
    another shape lays the picture in its middle, smaller only where it would not fit.

    Args:
        how: A key of `ZOOMS` or `PANS`, a named size, or WIDTHxHEIGHT.
        own: Width and height of the picture.
        rules: Of the model.

    Raises:
        InvalidRequestError: It is none of these, or leaves nothing to draw.

    """
    name = how.strip().casefold()
    if name in ZOOMS:
        return _within(rules.kept(*own), own, 1 / ZOOMS[name])
    if name in PANS:
        return _panned(name, rules.kept(*own), rules)
    if name not in rules.named and not _SIZE.fullmatch(name):
        raise InvalidRequestError(
            f"The extension {quoted(how)} is not understood: use {', '.join((*ZOOMS, *PANS))}, "
            f"WIDTHxHEIGHT, or one of {', '.join(rules.named)}."
        )
    canvas = rules.parse(name)
    if (canvas.width, canvas.height) == own:
        raise InvalidRequestError(
            f"The picture already has {canvas}, so there is nothing to draw around it: choose "
            "another shape, or zoom-1.5."
        )
    fitting = min(Fraction(canvas.width, own[0]), Fraction(canvas.height, own[1]))
    return _within(canvas, own, min(Fraction(1), 1 / fitting))


def _within(canvas: Size, own: tuple[int, int], share: Fraction) -> Extent:
    """Lay a picture in the middle; of a share of 1 it is as large as the canvas has room for."""
    fitting = min(Fraction(canvas.width, own[0]), Fraction(canvas.height, own[1]))
    width, height = (max(1, round(side * fitting * share)) for side in own)
    place = ((canvas.width - width) // 2, (canvas.height - height) // 2)
    return Extent(canvas=canvas, picture=(width, height), place=place)


def _panned(side: str, own: Size, rules: ModelRules) -> Extent:
    """Let the picture grow by half of its width or height; what it cannot grow, it moves on."""
    is_across = side in ("left", "right")
    length = own.width if is_across else own.height
    step = length // 2 // SIZE_MULTIPLE * SIZE_MULTIPLE
    grown = max(0, min(step, 2 * rules.native - length))
    lost = step - grown
    moved = step if side in ("left", "up") else -lost
    return Extent(
        canvas=Size(
            width=own.width + grown * is_across, height=own.height + grown * (not is_across)
        ),
        picture=(own.width, own.height),
        place=(moved, 0) if is_across else (0, moved),
        lost=lost,
    )
