"""Planning a sheet: where the title, the palette, each picture and its words stand."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from bot.domain.boards import Item, Theme
from bot.locales import text
from bot.media.exports.justified_rows import Row, RowMeasures, arranged
from bot.media.exports.layout_builder import WIDTH, LayoutBuilder
from bot.media.exports.shapes import SheetLayout
from bot.media.exports.theme import COLOURS
from bot.media.exports.title_block import MARGIN, Header, column_height, place_column, place_header
from bot.media.sheets import Box
from bot.media.sheets.typography import LINE_HEIGHT

ASPECT: Final = 1.2  # width / height of a sheet's rows, where its pictures allow it
_MIN_WIDTH: Final = 1440  # a sheet of few tall pictures becomes narrower, but not more than this
_GAP: Final = 22  # between pictures side by side
_ROW_GAP: Final = 36
_LEAST_HEAD: Final = 0.55  # of the header's sizes, above rows of very small pictures
_MAX_ROW: Final = 860
_SLIMMEST, _WIDEST = 0.5, 3.2  # shapes beyond these leave a part of their place empty
_LABEL_SHARE: Final = 0.104  # of a row's height
_LABEL: Final = 34  # the size of captions at most
_LEAST_LABEL: Final = 15  # pixels on any sheet: smaller ones are not read
_LEAST_GAP: Final = 8  # pixels
_USUAL_ROW: Final = 250  # units: the gaps are for rows of this height
_WITH_WORDS: Final = 1.3  # a row with its words and the gap, to its pictures' height
_NOTE_SHARE: Final = 0.86  # of the label
_UNDER: Final = 0.45  # of the label, between a picture and its words
_ALONE_SHARE: Final = 0.70  # of the width, for a picture alone; the rest is for its words
_ALONE_WORDS: Final = 560
_EMPTY_HEIGHT: Final = 360


@dataclass(frozen=True, kw_only=True)
class PlannedSheet:
    """A planned sheet.

    Attributes:
        boxes: Where each picture is, in order.

    """

    plan: SheetLayout
    boxes: tuple[Box, ...]


def hang(
    header: Header,
    items: Sequence[Item],
    *,
    theme: Theme,
    width: int,
    locale: str,
    aspect: float = ASPECT,
) -> PlannedSheet:
    """Plan a sheet of some pictures.

    Args:
        header: What stands above them.
        items: What hangs on this sheet, in order.
        theme: Its colours.
        width: At most, in pixels; all sizes grow with it.
        locale: The reader's.
        aspect: Width / height that the rows should have together.

    """
    wall = LayoutBuilder(width=width, unit=width / WIDTH, colours=COLOURS[theme], locale=locale)
    measures = _measures(wall, items, aspect)
    rows = arranged([_aspect(item) for item in items], measures)
    wall.width = _width(wall, items, rows)
    head = replace(wall, unit=wall.unit * _head_scale(wall, rows))  # places on the same wall
    is_beside = len(items) == 1 and _has_column(wall, items[0], header)
    shown = replace(header, palette=()) if is_beside else header
    top = place_header(head, shown, margin=wall.px(MARGIN))
    if not items:
        end = _place_nothing(wall, top)
    elif len(items) == 1:
        end = _place_alone(wall, items[0], top)
        if is_beside:
            left = 2 * wall.px(MARGIN) + _alone_size(wall, items[0])[0]
            place_column(wall, header.palette, (left, top))
    else:
        end = _place_rows(wall, items, rows, top, measures)
    return PlannedSheet(plan=wall.plan(end + wall.px(MARGIN)), boxes=tuple(wall.boxes))


def _head_scale(wall: LayoutBuilder, rows: Sequence[Row]) -> float:
    """Return how large the header's type is: a wall of very small pictures has a smaller one."""
    if not rows:
        return 1.0
    typical = statistics.median([row.height for row in rows]) / wall.unit
    return min(1.0, max(_LEAST_HEAD, math.sqrt(typical / _USUAL_ROW)))


def _room(wall: LayoutBuilder) -> int:
    return wall.width - 2 * wall.px(MARGIN)


def _aspect(item: Item) -> float:
    return min(max(item.width / item.height, _SLIMMEST), _WIDEST)


def _measures(wall: LayoutBuilder, items: Sequence[Item], aspect: float) -> RowMeasures:
    """Return the room for the rows; small pictures stand closer together."""
    taken = sum(_aspect(item) for item in items) * aspect * _WITH_WORDS
    row = _room(wall) / math.sqrt(max(taken, 1.0))  # about the height of a row
    unit = min(wall.unit, row / _USUAL_ROW)
    return RowMeasures(
        width=_room(wall),
        gap=max(_LEAST_GAP, round(_GAP * unit)),
        words=_LABEL_SHARE * LINE_HEIGHT * (2 + _NOTE_SHARE),
        apart=max(_LEAST_GAP, round(_ROW_GAP * unit)),
        aspect=aspect,
        max_height=wall.px(_MAX_ROW),
    )


def _width(wall: LayoutBuilder, items: Sequence[Item], rows: Sequence[Row]) -> int:
    """Return the width that the pictures leave a sheet."""
    if len(items) == 1:
        taken = _alone_size(wall, items[0])[0] / _ALONE_SHARE
    else:
        taken = max((row.fill for row in rows), default=0.0) * _room(wall)
    least = wall.px(_MIN_WIDTH)
    return min(wall.width, max(least, round(taken) + 2 * wall.px(MARGIN)))


def _place_rows(
    wall: LayoutBuilder, items: Sequence[Item], rows: Sequence[Row], top: int, measures: RowMeasures
) -> int:
    """Place all rows; return where they end."""
    typical = statistics.median([row.height for row in rows])
    label = min(max(round(typical * _LABEL_SHARE), _LEAST_LABEL), wall.px(_LABEL))
    end = top
    for row in rows:
        shown = items[row.begin : row.end]
        left = 0
        if row.fill < 1 and len(rows) == 1:
            left = (_room(wall) - _row_width(shown, row, measures)) // 2
        end = _place_row(wall, shown, row, measures, place=(left, top), label=label)
        top = end + round(measures.apart)
    return end


def _row_width(items: Sequence[Item], row: Row, measures: RowMeasures) -> int:
    """Return how wide a row is, in pixels."""
    if row.fill >= 1:
        return round(measures.width)
    taken = row.height * sum(_aspect(item) for item in items)
    return min(round(measures.width), round(taken + measures.gap * (len(items) - 1)))


def _place_row(
    wall: LayoutBuilder,
    items: Sequence[Item],
    row: Row,
    measures: RowMeasures,
    *,
    place: tuple[int, int],
    label: int,
) -> int:
    """Place pictures side by side, and their words below them; return where they end."""
    indent, top = place
    width = _row_width(items, row, measures)
    height = round(row.height)
    end = top + height
    below = top + height + round(label * _UNDER)
    note = max(round(label * _NOTE_SHARE), _LEAST_LABEL - 1)
    edges = _edges([_aspect(item) for item in items], width, round(measures.gap))
    for item, (left, own) in zip(items, edges, strict=True):
        box = Box(left=wall.px(MARGIN) + indent + left, top=top, width=own, height=height)
        wall.picture(item, box, label=label)
        end = max(end, wall.words_of(item, (box.left, below), label=label, note=note, width=own))
    return end


def _edges(aspects: Sequence[float], width: int, gap: int) -> list[tuple[int, int]]:
    """Return left and width of each picture of a row that is `width` pixels wide."""
    room = width - gap * (len(aspects) - 1)
    sums = list(accumulate(aspects, initial=0.0))
    edges = [round(room * each / sums[-1]) for each in sums]
    return [(edges[i] + gap * i, edges[i + 1] - edges[i]) for i in range(len(aspects))]


def _alone_size(wall: LayoutBuilder, item: Item) -> tuple[int, int]:
    """Return width and height of a picture that hangs alone."""
    aspect = _aspect(item)
    width = min(_room(wall) * _ALONE_SHARE, wall.px(_MAX_ROW) * aspect)
    return round(width), round(width / aspect)


def _place_alone(wall: LayoutBuilder, item: Item, top: int) -> int:
    """Place the only picture, its words to the right of its foot; return where it ends."""
    width, height = _alone_size(wall, item)
    margin, label = wall.px(MARGIN), wall.px(_LABEL)
    wall.picture(item, Box(left=margin, top=top, width=width, height=height), label=label)
    left = 2 * margin + width
    begin, note = len(wall.shapes), round(label * _NOTE_SHARE)
    room = min(wall.width - margin - left, wall.px(_ALONE_WORDS))
    end = wall.words_of(item, (left, top), label=label, note=note, width=room)
    wall.lower(begin, max(0, top + height - end))
    return top + max(height, end - top)


def _has_column(wall: LayoutBuilder, item: Item, header: Header) -> bool:
    """Tell whether the palette finds room beside a picture that hangs alone, above its words."""
    _, height = _alone_size(wall, item)
    words = wall.px(_LABEL * LINE_HEIGHT * (2 + _NOTE_SHARE) + MARGIN)
    return bool(header.palette) and words + column_height(wall, header.palette) <= height


def _place_nothing(wall: LayoutBuilder, top: int) -> int:
    """Say that the board is empty; return where that ends."""
    margin, height = wall.px(MARGIN), wall.px(_EMPTY_HEIGHT)
    box = Box(left=margin, top=top, width=_room(wall), height=height)
    wall.panel(box, wall.colours.tile, radius=wall.px(12))
    middle, line = box.left + box.width // 2, top + height // 2 - wall.px(50)
    title = text("exhibit_none", wall.locale)
    said = wall.write(title, (middle, line), wall.ink(36), anchor="m")
    hint = text("exhibit_none_hint", wall.locale)
    wall.write(hint, (middle, said.bottom + wall.px(4)), wall.soft(24), anchor="m")
    return box.bottom
