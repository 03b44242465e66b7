"""Where pictures go on a sheet: columns for like shapes, justified rows for mixed ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

PLEASANT_ASPECT: Final = 1.25  # width / height of a whole sheet
_EMPTY_WEIGHT: Final = 2.0  # how much worse a sheet looks for its share of empty places
_UNEVEN_WEIGHT: Final = 1.5  # and for rows of different heights
_ALIKE: Final = 1.03  # aspects that differ less are one shape


@dataclass(frozen=True, kw_only=True)
class Box:
    """A place on a sheet, in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def bottom(self) -> int:
        """Return where it ends."""
        return self.top + self.height


def are_alike(aspects: Sequence[float]) -> bool:
    """Tell whether pictures (width / height) have one shape."""
    return max(aspects) <= min(aspects) * _ALIKE


def best_columns(count: int, aspect: float) -> int:
    """Return how many columns `count` pictures of one shape look best in."""

    def badness(columns: int) -> float:
        rows = math.ceil(count / columns)
        empty = rows * columns - count
        return _off(columns * aspect / (rows * 1.1)) + _EMPTY_WEIGHT * empty / (rows * columns)

    return min(range(1, count + 1), key=badness)


def best_rows(aspects: Sequence[float]) -> list[int]:
    """Return how many pictures of mixed shapes (width / height) go into each row, in order.

    Every row is made as wide as the sheet, so its height follows from its pictures' shapes.
    """
    ways = (_partition(tuple(aspects), rows) for rows in range(1, len(aspects) + 1))
    return min(ways, key=lambda counts: _badness(aspects, counts))


def _badness(aspects: Sequence[float], counts: Sequence[int]) -> float:
    heights = [1.0 / width for width in row_aspects(aspects, counts)]
    unevenness = math.log(max(heights) / min(heights))
    return _off(1.0 / (1.1 * sum(heights))) + _UNEVEN_WEIGHT * unevenness


def row_aspects(aspects: Sequence[float], counts: Sequence[int]) -> list[float]:
    """Return width / height of each row."""
    ends = [sum(counts[:i]) for i in range(len(counts) + 1)]
    return [sum(aspects[begin:end]) for begin, end in pairwise(ends)]


def _off(aspect: float) -> float:
    return abs(math.log(aspect / PLEASANT_ASPECT))


def _partition(aspects: tuple[float, ...], rows: int) -> list[int]:
    """Return the counts of `rows` rows, in order, whose fullest one is as empty as can be."""

    @cache
    def best(count: int, rows: int) -> tuple[float, tuple[int, ...]]:
        """Return the width of the fullest row of the first `count` pictures, and the counts."""
        if rows == 1:
            return sum(aspects[:count]), (count,)
        ways = []
        for last in range(1, count - rows + 2):
            fullest, counts = best(count - last, rows - 1)
            width = max(fullest, sum(aspects[count - last : count]))
            ways.append((width, (*counts, last)))
        return min(ways)

    return list(best(len(aspects), rows)[1])


def spread(aspects: Sequence[float], *, left: int, width: int, gap: int) -> list[tuple[int, int]]:
    """Return the left edge and the width of each picture of a row that is `width` pixels wide."""
    room = width - gap * (len(aspects) - 1)
    edges = [room * sum(aspects[:i]) / sum(aspects) for i in range(len(aspects) + 1)]
    return [
        (left + round(begin) + gap * i, round(end) - round(begin))
        for i, (begin, end) in enumerate(pairwise(edges))
    ]
