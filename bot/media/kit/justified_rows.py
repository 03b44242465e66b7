"""Pictures in rows: justified ones for mixed shapes, and columns for like ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from bot.media.kit.shapes import Box

_SEARCHES: Final = 24  # halvings: heights to a thousandth
_NEAR: Final = tuple(0.80 + 0.04 * i for i in range(11))  # of the best height, tried as well
_SHAPE_WEIGHT: Final = 1.5  # how much worse a sheet looks for its whole shape
_FEW: Final = 100  # pictures: among more, how the last row ends is not seen
_UNFILLED_WEIGHT: Final = 1.6  # how much worse a sheet looks for what its last row leaves empty
_UNEVEN_WEIGHT: Final = 1.2  # and for rows of different heights
_FAR: Final = 0.4  # of the wanted height: no row is so low
_ALIKE: Final = 1.03  # aspects that differ less are one shape
_EMPTY_WEIGHT: Final = 2.0  # how much worse columns look for their share of empty places
_LABELLED: Final = 1.1  # the height of a picture with its words, to its own


@dataclass(frozen=True, kw_only=True)
class Row:
    """Pictures side by side.

    Attributes:
        begin: Index of the first one.
        end: Index after the last one.
        height: Of the pictures.
        fill: The share of the width that they take.

    """

    begin: int
    end: int
    height: float
    fill: float


@dataclass(frozen=True, kw_only=True)
class RowMeasures:
    """The measures that rows are laid out by.

    Attributes:
        gap: Between pictures of a row.
        words: Height of the caption, as a share of the pictures' height.
        apart: Further space of each row.
        aspect: Width / height of all rows together, as it looks best.
        max_height: Of a row's pictures.
        stretch: A last row stays narrower if filling it would make it this many times as high.

    """

    width: float
    gap: float
    words: float
    apart: float
    aspect: float
    max_height: float
    stretch: float = 1.25


def are_alike(aspects: Sequence[float]) -> bool:
    """Tell whether pictures (width / height) have one shape."""
    return max(aspects) <= min(aspects) * _ALIKE


def best_columns(count: int, aspect: float, *, whole: float) -> int:
    """Return how many columns `count` pictures of one shape look best in.

    Args:
        count: Of the pictures.
        aspect: Width / height of each.
        whole: Width / height of all together, as it looks best.

    """

    def badness(columns: int) -> float:
        rows = math.ceil(count / columns)
        empty = 1 - count / (rows * columns)
        return abs(math.log(columns * aspect / (rows * _LABELLED * whole))) + _EMPTY_WEIGHT * empty

    return min(range(1, count + 1), key=badness)


def arranged(aspects: Sequence[float], measures: RowMeasures) -> list[Row]:
    """Return rows of pictures (width / height), in order, that look best together."""
    if not aspects:
        return []
    best = _best_height(aspects, measures)
    heights = [min(best * near, measures.max_height) for near in _NEAR]
    ends = (True, False) if len(aspects) <= _FEW else (True,)
    ways = (_rows(aspects, height, measures, is_open=end) for height in heights for end in ends)
    return min(ways, key=lambda rows: _badness(rows, measures))


def _best_height(aspects: Sequence[float], measures: RowMeasures) -> float:
    """Return the height of rows with which all of them together have the wanted shape."""
    low, high = measures.width / 200, measures.max_height
    for _ in range(_SEARCHES):
        middle = math.sqrt(low * high)
        count = max(1.0, sum(aspects) * middle / measures.width)
        if count * _whole(middle, measures) > measures.width / measures.aspect:
            high = middle
        else:
            low = middle
    return low


def _whole(height: float, measures: RowMeasures) -> float:
    """Return what a row of pictures takes with its words."""
    return height * (1 + measures.words) + measures.apart


def _badness(rows: Sequence[Row], measures: RowMeasures) -> float:
    heights = [row.height for row in rows]
    total = sum(_whole(height, measures) for height in heights)
    off = _SHAPE_WEIGHT * abs(math.log(measures.width / total / measures.aspect))
    uneven = math.log(max(heights) / min(heights))
    return off + _UNEVEN_WEIGHT * uneven + _UNFILLED_WEIGHT * (1 - rows[-1].fill)


def _rows(
    aspects: Sequence[float], height: float, measures: RowMeasures, *, is_open: bool
) -> list[Row]:
    """Return the rows whose heights are as near to the wanted one as can be.

    The best ends of rows up to each picture follow from the best ones up to the pictures before.
    An open last row may stay empty in part; otherwise it counts like every other.
    """
    reach = _reach(aspects, height, measures)
    sums = list(accumulate(aspects, initial=0.0))
    costs, begins = [0.0], [0]
    for end in range(1, len(aspects) + 1):
        is_last = is_open and end == len(aspects)
        cost, begin = math.inf, end - 1
        for first in range(end - 1, max(-1, end - reach - 1), -1):
            natural = _natural(sums, first, end, measures)
            if natural < height * _FAR and first < end - 1:
                break  # with more pictures it is still lower
            own = 0.0 if is_last and natural > height else math.log(natural / height) ** 2
            if costs[first] + own <= cost:
                cost, begin = costs[first] + own, first
        costs.append(cost)
        begins.append(begin)
    ends = [len(aspects)]
    while ends[-1] > 0:
        ends.append(begins[ends[-1]])
    last = height if is_open else math.inf
    return [_row(sums, begin, end, last, measures) for begin, end in pairwise(reversed(ends))]


def _reach(aspects: Sequence[float], height: float, measures: RowMeasures) -> int:
    """Return how many pictures a row can hold at most before it is far too low."""
    return math.ceil(2 * measures.width / (height * min(aspects) + measures.gap)) + 1


def _natural(sums: Sequence[float], begin: int, end: int, measures: RowMeasures) -> float:
    """Return the height of a row that fills the width; `sums` are those of all aspects before."""
    room = measures.width - measures.gap * (end - begin - 1)
    return max(room / (sums[end] - sums[begin]), 1.0)


def _row(sums: Sequence[float], begin: int, end: int, height: float, measures: RowMeasures) -> Row:
    natural = _natural(sums, begin, end, measures)
    own = natural
    if end == len(sums) - 1 and natural > height * measures.stretch:
        own = height
    own = min(own, measures.max_height)
    return Row(begin=begin, end=end, height=own, fill=own / natural)


def row_width(row: Row, aspects: Sequence[float], measures: RowMeasures) -> int:
    """Return how wide a row of the pictures is, in pixels."""
    if row.fill >= 1:
        return round(measures.width)
    shown = aspects[row.begin : row.end]
    taken = row.height * sum(shown) + measures.gap * (len(shown) - 1)
    return min(round(measures.width), round(taken))


def row_boxes(
    row: Row, aspects: Sequence[float], measures: RowMeasures, *, left: int, top: int
) -> list[Box]:
    """Return the places of a row's pictures."""
    shown, gap = aspects[row.begin : row.end], round(measures.gap)
    room = row_width(row, aspects, measures) - gap * (len(shown) - 1)
    edges = [round(room * each / sum(shown)) for each in accumulate(shown, initial=0.0)]
    return [
        Box(left=left + begin + gap * i, top=top, width=end - begin, height=round(row.height))
        for i, (begin, end) in enumerate(pairwise(edges))
    ]
