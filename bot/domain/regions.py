"""Regions of a picture, as people name them: by words, or by the cells of a numbered grid."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from bot.domain.plain_text import quoted
from bot.errors import InvalidRequestError

GRIDS: Final = (3, 4)  # cells a side
USUAL_GRID: Final = 3
_BORDER: Final = Fraction(1, 6)  # of a side: what `edges` means
_AND: Final = re.compile(r"\s*(?:[,，、;；+]|\band\b|&|和|与)\s*")


@dataclass(frozen=True, kw_only=True)
class Area:
    """A rectangle of a picture; its sides as shares of the picture's, from the top left."""

    left: Fraction
    top: Fraction
    right: Fraction
    bottom: Fraction

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom in pixels; the last two are just outside."""
        return (
            round(self.left * width),
            round(self.top * height),
            round(self.right * width),
            round(self.bottom * height),
        )


Region = tuple[Area, ...]


def _area(left: str, top: str, right: str, bottom: str) -> Area:
    return Area(
        left=Fraction(left), top=Fraction(top), right=Fraction(right), bottom=Fraction(bottom)
    )


def _edges() -> Region:
    low, high = str(_BORDER), str(1 - _BORDER)
    return (
        _area("0", "0", "1", low),
        _area("0", high, "1", "1"),
        _area("0", "0", low, "1"),
        _area(high, "0", "1", "1"),
    )


_WORDS: Final[Mapping[str, Region]] = {
    "left half": (_area("0", "0", "1/2", "1"),),
    "right half": (_area("1/2", "0", "1", "1"),),
    "top half": (_area("0", "0", "1", "1/2"),),
    "bottom half": (_area("0", "1/2", "1", "1"),),
    "left third": (_area("0", "0", "1/3", "1"),),
    "middle third": (_area("1/3", "0", "2/3", "1"),),
    "right third": (_area("2/3", "0", "1", "1"),),
    "top third": (_area("0", "0", "1", "1/3"),),
    "bottom third": (_area("0", "2/3", "1", "1"),),
    "top left": (_area("0", "0", "1/2", "1/2"),),
    "top right": (_area("1/2", "0", "1", "1/2"),),
    "bottom left": (_area("0", "1/2", "1/2", "1"),),
    "bottom right": (_area("1/2", "1/2", "1", "1"),),
    "center": (_area("1/6", "1/6", "5/6", "5/6"),),
    "edges": _edges(),
}
# Whatever else people call them; Chinese in the order of the words above.
_OTHER_WORDS: Final[Mapping[str, str]] = {
    "左半": "left half", "右半": "right half", "上半": "top half", "下半": "bottom half",
    "左三分之一": "left third", "中三分之一": "middle third", "右三分之一": "right third",
    "上三分之一": "top third", "下三分之一": "bottom third",
    "左上": "top left", "右上": "top right", "左下": "bottom left", "右下": "bottom right",
    "中间": "center", "边缘": "edges",
    "左半边": "left half", "右半边": "right half",
    "上半部分": "top half", "下半部分": "bottom half",
    "左边": "left half", "右边": "right half", "上面": "top half", "下面": "bottom half",
    "左上角": "top left", "右上角": "top right", "左下角": "bottom left", "右下角": "bottom right",
    "中央": "center", "中心": "center", "背景边缘": "edges", "四周": "edges", "背景": "edges",
    "left": "left half", "right": "right half", "top": "top half", "bottom": "bottom half",
    "upper half": "top half", "lower half": "bottom half", "centre": "center", "middle": "center",
    "upper left": "top left", "upper right": "top right", "lower left": "bottom left",
    "lower right": "bottom right", "background edges": "edges", "border": "edges",
    "background": "edges",
}  # fmt: skip


def region_of(words: str) -> Region:
    """Read a region from words such as `left half` or `左上、右上`.

    Raises:
        InvalidRequestError: Some of them are none of the vocabulary, which the sentence names.

    """
    areas: list[Area] = []
    for part in filter(None, _AND.split(words.strip().casefold())):
        name = " ".join(part.replace("-", " ").removeprefix("the ").split())
        found = _WORDS.get(_OTHER_WORDS.get(name, name))
        if found is None:
            raise InvalidRequestError(
                f"The region {quoted(part)} is not understood: use {', '.join(_WORDS)}, or "
                "several of them with commas between."
            )
        areas += found
    if not areas:
        raise InvalidRequestError(
            "No region is named: choose cells of the grid, give a mask, or name one such as left "
            "half."
        )
    return tuple(areas)


def region_of_cells(cells: Sequence[int], *, grid: int) -> Region:
    """Return the region of cells of a grid, which are counted from 1 in the order of reading.

    Raises:
        InvalidRequestError: There is no such grid or no such cell.

    """
    if grid not in GRIDS:
        raise InvalidRequestError(
            f"A grid of {grid} cells a side does not work: use {' or '.join(map(str, GRIDS))}."
        )
    for cell in cells:
        if not 1 <= cell <= grid * grid:
            raise InvalidRequestError(
                f"The cell {cell} does not work: the cells of this grid are 1 to {grid * grid}."
            )
    return tuple(_cell(cell - 1, grid) for cell in cells)


def parse_cells(typed: str) -> list[int]:
    """Read numbers of cells with commas between.

    Raises:
        InvalidRequestError: One is no number.

    """
    parts = [each.strip() for each in re.split("[,，、 ]+", typed.strip()) if each.strip()]
    for each in parts:
        if not (each.isascii() and each.isdigit() and len(each) <= 3):  # noqa: PLR2004 - digits
            raise InvalidRequestError(
                f"The cell {quoted(each)} is no number: name cells of the grid, such as 1,2,5."
            )
    return [int(each) for each in parts]


def _cell(index: int, grid: int) -> Area:
    row, column = divmod(index, grid)
    return Area(
        left=Fraction(column, grid),
        top=Fraction(row, grid),
        right=Fraction(column + 1, grid),
        bottom=Fraction(row + 1, grid),
    )
