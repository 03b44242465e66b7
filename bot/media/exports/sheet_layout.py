"""Planning a sheet: where the title, the palette, each picture and its words stand."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.domain.boards import Item, Theme
from bot.locales import text
from bot.media.exports.board_builder import WIDTH, BoardBuilder
from bot.media.exports.board_colours import COLOURS
from bot.media.exports.title_block import MARGIN, Header, column_height, place_column, place_header
from bot.media.kit import Box, SheetLayout
from bot.media.kit.justified_rows import Row, RowMeasures, arranged, row_boxes, row_width
from bot.media.kit.typography import LINE_HEIGHT

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


def plan_sheet(
    header: Header,
    items: Sequence[Item],
    *,
    theme: Theme,
    width: int,
    locale: str,
    aspect: float = ASPECT,
) -> SheetLayout[Item]:
    """Plan a sheet of some pictures.

    Args:
        header: What stands above them.
        items: What hangs on this sheet, in order.
        theme: Its colours.
        width: At most, in pixels; all sizes grow with it.
        locale: The reader's.
        aspect: Width / height that the rows should have together.

    """
    builder = BoardBuilder(width=width, unit=width / WIDTH, colours=COLOURS[theme], locale=locale)
    measures = _measures(builder, items, aspect)
    rows = arranged([_aspect(item) for item in items], measures)
    builder.width = _width(builder, items, rows)
    head = replace(
        builder, unit=builder.unit * _head_scale(builder, rows)
    )  # places on the same sheet
    is_beside = len(items) == 1 and _has_column(builder, items[0], header)
    shown = replace(header, palette=()) if is_beside else header
    top = place_header(head, shown, margin=builder.px(MARGIN))
    if not items:
        end = _place_nothing(builder, top)
    elif len(items) == 1:
        end = _place_alone(builder, items[0], top)
        if is_beside:
            left = 2 * builder.px(MARGIN) + _alone_size(builder, items[0])[0]
            place_column(builder, header.palette, (left, top))
    else:
        end = _place_rows(builder, items, rows, top, measures)
    return builder.plan(end + builder.px(MARGIN))


def _head_scale(builder: BoardBuilder, rows: Sequence[Row]) -> float:
    """Return how large the header's type is: one of very small pictures is smaller."""
    if not rows:
        return 1.0
    typical = statistics.median([row.height for row in rows]) / builder.unit
    return min(1.0, max(_LEAST_HEAD, math.sqrt(typical / _USUAL_ROW)))


def _room(builder: BoardBuilder) -> int:
    return builder.width - 2 * builder.px(MARGIN)


def _aspect(item: Item) -> float:
    return min(max(item.width / item.height, _SLIMMEST), _WIDEST)


def _measures(builder: BoardBuilder, items: Sequence[Item], aspect: float) -> RowMeasures:
    """Return the room for the rows; small pictures stand closer together."""
    taken = sum(_aspect(item) for item in items) * aspect * _WITH_WORDS
    row = _room(builder) / math.sqrt(max(taken, 1.0))  # about the height of a row
    unit = min(builder.unit, row / _USUAL_ROW)
    return RowMeasures(
        width=_room(builder),
        gap=max(_LEAST_GAP, round(_GAP * unit)),
        words=_LABEL_SHARE * LINE_HEIGHT * (2 + _NOTE_SHARE),
        apart=max(_LEAST_GAP, round(_ROW_GAP * unit)),
        aspect=aspect,
        max_height=builder.px(_MAX_ROW),
    )


def _width(builder: BoardBuilder, items: Sequence[Item], rows: Sequence[Row]) -> int:
    """Return the width that the pictures leave a sheet."""
    if len(items) == 1:
        taken = _alone_size(builder, items[0])[0] / _ALONE_SHARE
    else:
        taken = max((row.fill for row in rows), default=0.0) * _room(builder)
    least = builder.px(_MIN_WIDTH)
    return min(builder.width, max(least, round(taken) + 2 * builder.px(MARGIN)))


def _place_rows(
    builder: BoardBuilder,
    items: Sequence[Item],
    rows: Sequence[Row],
    top: int,
    measures: RowMeasures,
) -> int:
    """Place all rows; return where they end."""
    typical = statistics.median([row.height for row in rows])
    label = min(max(round(typical * _LABEL_SHARE), _LEAST_LABEL), builder.px(_LABEL))
    aspects = [_aspect(item) for item in items]
    end, margin = top, builder.px(MARGIN)
    for row in rows:
        left = margin
        if row.fill < 1 and len(rows) == 1:
            left += (_room(builder) - row_width(row, aspects, measures)) // 2
        boxes = row_boxes(row, aspects, measures, left=left, top=top)
        end = _place_row(builder, items[row.begin : row.end], boxes, label=label)
        top = end + round(measures.apart)
    return end


def _place_row(
    builder: BoardBuilder, items: Sequence[Item], boxes: Sequence[Box], *, label: int
) -> int:  # fmt: skip
    """Place pictures side by side, and their words below them; return where they end."""
    end = boxes[0].bottom
    below = end + round(label * _UNDER)
    note = max(round(label * _NOTE_SHARE), _LEAST_LABEL - 1)
    for item, box in zip(items, boxes, strict=True):
        builder.marked_picture(item, box, label=label)
        place = (box.left, below)
        end = max(end, builder.words_of(item, place, label=label, note=note, width=box.width))
    return end


def _alone_size(builder: BoardBuilder, item: Item) -> tuple[int, int]:
    """Return width and height of a picture that hangs alone."""
    aspect = _aspect(item)
    width = min(_room(builder) * _ALONE_SHARE, builder.px(_MAX_ROW) * aspect)
    return round(width), round(width / aspect)


def _place_alone(builder: BoardBuilder, item: Item, top: int) -> int:
    """Place the only picture, its words to the right of its foot; return where it ends."""
    width, height = _alone_size(builder, item)
    margin, label = builder.px(MARGIN), builder.px(_LABEL)
    builder.marked_picture(item, Box(left=margin, top=top, width=width, height=height), label=label)
    left = 2 * margin + width
    begin, note = len(builder.shapes), round(label * _NOTE_SHARE)
    room = min(builder.width - margin - left, builder.px(_ALONE_WORDS))
    end = builder.words_of(item, (left, top), label=label, note=note, width=room)
    builder.lower(begin, max(0, top + height - end))
    return top + max(height, end - top)


def _has_column(builder: BoardBuilder, item: Item, header: Header) -> bool:
    """Tell whether the palette finds room beside a picture that hangs alone, above its words."""
    _, height = _alone_size(builder, item)
    words = builder.px(_LABEL * LINE_HEIGHT * (2 + _NOTE_SHARE) + MARGIN)
    return bool(header.palette) and words + column_height(builder, header.palette) <= height


def _place_nothing(builder: BoardBuilder, top: int) -> int:
    """Say that the board is empty; return where that ends."""
    margin, height = builder.px(MARGIN), builder.px(_EMPTY_HEIGHT)
    box = Box(left=margin, top=top, width=_room(builder), height=height)
    builder.panel(box, builder.colours.tile, radius=builder.px(12))
    middle, line = box.middle, top + height // 2 - builder.px(50)
    title = text("exhibit_none", builder.locale)
    said = builder.write(title, (middle, line), builder.ink(36), anchor="m")
    hint = text("exhibit_none_hint", builder.locale)
    builder.write(hint, (middle, said.bottom + builder.px(4)), builder.soft(24), anchor="m")
    return box.bottom
