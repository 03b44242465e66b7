"""Labelled pictures on one light sheet; it knows nothing of what they show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from bot.media.kit import LIGHT, Box, LayoutBuilder, Photo, TextBlock, TextStyle, paint
from bot.media.kit.justified_rows import RowMeasures, are_alike, arranged, best_columns, row_boxes
from bot.media.kit.typography import LINE_HEIGHT, drawable, length

WIDTH: Final = 1500  # pixels: Discord shows a third of it, a click all
_ASPECT: Final = 1.25  # width / height of a whole sheet, as it looks best
_STRETCH: Final = 1.4  # a last row that would be so much higher than the others stays narrower
_MAX_HEIGHT: Final = 2600  # pixels; a taller sheet is made narrower
_MAX_EDGE: Final = 900  # pixels: a picture alone
_MIN_EDGE: Final = 190  # pixels: words under a picture need some room; many columns widen the sheet

_MARGIN: Final = 44
_GAP: Final = 28  # between pictures side by side
_ROW_GAP: Final = 34
_TITLE: Final = 40
_FACTS: Final = 28
_LABEL: Final = 31
_NOTE: Final = 25
_LABEL_GAP: Final = 10  # between a picture and its words
_HEADER_GAP: Final = 16
_BADGE: Final = round(_LABEL * 1.24)  # the circle of a number
_INDENT: Final = round(_LABEL * 1.7)  # of words behind it
_SIGN_SHARE: Final = 0.22  # of a picture's shorter side: its number, where it lies on the picture
_MIN_SIGN: Final = 80  # pixels; a phone shows a fifth of the sheet
_SIGN_EDGE: Final = 0.09  # of a number's circle: the light ring around it
_TILES_GAP: Final = 12
_GUTTER: Final = 240  # the width for the words beside the rows of a grid, at most


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One picture and its words.

    Attributes:
        picture: RGB; None leaves the place empty.
        label: What it is, under it.
        note: A smaller line under that.
        number: Shown in front of the label.

    """

    picture: Image.Image | None
    label: str = ""
    note: str = ""
    number: int | None = None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A finished sheet.

    Attributes:
        boxes: Where each picture is; it fills its box, resized with Lanczos.

    """

    image: Image.Image
    boxes: tuple[Box, ...]


def draw_sheet(
    cells: Sequence[Cell], *, title: str = "", facts: str = "", width: int = WIDTH
) -> Sheet:
    """Draw pictures in order: a grid where they have one shape, else justified rows.

    Args:
        cells: At least one, each with its picture.
        title: In large type above all.
        facts: In smaller type under the title.
        width: Of the sheet, in pixels; sheets of tall pictures become narrower.

    """
    aspects = [_aspect(cell) for cell in cells]
    if are_alike(aspects):
        columns = best_columns(len(cells), aspects[0], whole=_ASPECT)
        return draw_grid(cells, columns=columns, title=title, facts=facts, width=width)
    builder = _SheetBuilder(width=width, colours=LIGHT)
    builder.place_header(title, facts)
    measures = RowMeasures(
        width=width - 2 * _MARGIN,
        gap=_GAP,
        words=0,
        apart=_LABEL_GAP + _LABEL * LINE_HEIGHT + _ROW_GAP,
        aspect=_ASPECT,
        max_height=_MAX_EDGE,
        stretch=_STRETCH,
    )
    for row in arranged(aspects, measures):
        boxes = row_boxes(row, aspects, measures, left=_MARGIN, top=builder.top)
        builder.place_pictures(cells[row.begin : row.end], boxes)
    return builder.drawn()


def draw_grid(
    cells: Sequence[Cell],
    *,
    columns: int,
    title: str = "",
    facts: str = "",
    column_labels: Sequence[str] = (),
    row_labels: Sequence[str] = (),
    width: int = WIDTH,
) -> Sheet:
    """Draw pictures row by row in columns of one width; each is centred in its place.

    Args:
        cells: The pictures, row by row; not all may be empty.
        columns: How many there are in a row.
        title: In large type above all.
        facts: In smaller type under the title.
        column_labels: Above the columns.
        row_labels: To the left of the rows.
        width: Of the sheet, in pixels; sheets of tall pictures become narrower.

    """
    gutter = _gutter(row_labels)
    aspect = min(_aspect(cell) for cell in cells if cell.picture is not None)
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    edge = _cell_width(width - gutter, columns=columns, rows=len(rows), aspect=aspect)
    builder = _SheetBuilder(width=gutter + grid_width(columns, edge), colours=LIGHT)
    builder.place_header(title, facts)
    lefts = [_MARGIN + gutter + i * (edge + _GAP) for i in range(columns)]
    builder.place_column_labels(column_labels, lefts, edge)
    for i, row in enumerate(rows):
        builder.place_row(row, lefts, edge, row_labels[i] if row_labels else "")
    return builder.drawn()


def draw_tiles(pictures: Mapping[int, Image.Image], *, width: int = WIDTH) -> Sheet:
    """Draw pictures (RGB) of one shape edge to edge, each with its number large in a corner.

    Args:
        pictures: By their numbers; at least one.
        width: Of the sheet, in pixels; sheets of tall pictures become narrower.

    """
    columns = _tile_columns(len(pictures))
    rows = math.ceil(len(pictures) / columns)
    first = next(iter(pictures.values()))
    aspect = first.width / first.height
    edge = min(tile_edge(len(pictures), width=width), round(_MAX_HEIGHT / rows * aspect))
    height = round(edge / aspect)
    across, down = edge + _TILES_GAP, height + _TILES_GAP
    builder = _SheetBuilder(width=_TILES_GAP + columns * across, colours=LIGHT)
    for i, (number, picture) in enumerate(pictures.items()):
        row, column = divmod(i, columns)
        place = (_TILES_GAP + column * across, _TILES_GAP + row * down)
        box = Box(left=place[0], top=place[1], width=edge, height=height)
        builder.photo(picture, (edge, height), box)
        builder.place_sign(number, box)
    layout = builder.plan(_TILES_GAP + rows * down)
    boxes = tuple(photo.box for photo in layout.photos)
    return Sheet(image=paint(layout, _resized), boxes=boxes)


def tile_edge(count: int, *, width: int = WIDTH) -> int:
    """Return the width of a tile in pixels; one of a tall picture may be narrower."""
    return (width - _TILES_GAP) // _tile_columns(count) - _TILES_GAP


def _tile_columns(count: int) -> int:
    return math.ceil(math.sqrt(count))


def grid_width(columns: int, edge: int) -> int:
    """Return the width of a grid without words beside it, in pixels; `edge` is a column's."""
    return columns * edge + (columns - 1) * _GAP + 2 * _MARGIN


def _gutter(row_labels: Sequence[str]) -> int:
    """Return the width of the words beside the rows, with the gap after them, in pixels."""
    longest = max((length(drawable(words), _LABEL) for words in row_labels), default=0)
    return min(_GUTTER, math.ceil(longest) + _GAP) if row_labels else 0


def _aspect(cell: Cell) -> float:
    assert cell.picture is not None
    return cell.picture.width / cell.picture.height


def _cell_width(width: int, *, columns: int, rows: int, aspect: float) -> int:
    """Return the width of a column in pixels."""
    wide = (width - grid_width(columns, 0)) / columns
    tall = (_MAX_HEIGHT / rows - 2 * _ROW_GAP) * aspect
    return max(round(min(wide, tall, _MAX_EDGE)), _MIN_EDGE)


@dataclass(kw_only=True)
class _SheetBuilder(LayoutBuilder[Image.Image | None]):
    """A sheet that grows from its top to its foot."""

    top: int = _MARGIN

    def place_header(self, title: str, facts: str) -> None:
        room = self.width - 2 * _MARGIN
        self._add(title, self.ink(_TITLE), _MARGIN, room, lines=3)
        self._add(facts, self.soft(_FACTS), _MARGIN, room, lines=2)
        self.top += _HEADER_GAP if title or facts else 0

    def place_column_labels(self, labels: Sequence[str], lefts: Sequence[int], edge: int) -> None:
        """Place words above the columns, so that they end at one height."""
        if not labels:
            return
        style = self.ink(_LABEL)
        heights = [TextBlock.of(words, style, width=edge, lines=3).height for words in labels]
        bottom = self.top + max(heights)
        for words, height, left in zip(labels, heights, lefts, strict=True):
            place = (left + edge // 2, bottom - height)
            self.write(words, place, style, width=edge, lines=3, anchor="m")
        self.top = bottom + _LABEL_GAP

    def place_row(self, row: Sequence[Cell], lefts: Sequence[int], edge: int, label: str) -> None:
        """Place pictures in columns, each in the middle of the row's height."""
        gutter = lefts[0] - _MARGIN - _GAP
        style = self.ink(_LABEL)
        words = TextBlock.of(label, style, width=gutter, lines=6).height
        heights = [0 if cell.picture is None else round(edge / _aspect(cell)) for cell in row]
        height = max(max(heights) or edge, words)
        place = (_MARGIN + gutter, self.top + (height - words) // 2)
        self.write(label, place, style, width=gutter, lines=6, anchor="r")
        whole = [Box(left=left, top=self.top, width=edge, height=height) for left in lefts]
        boxes = [
            box.centred((edge, own or height)) for box, own in zip(whole, heights, strict=False)
        ]
        self.place_pictures(row, boxes, bottom=self.top + height)

    def place_pictures(
        self, row: Sequence[Cell], boxes: Sequence[Box], *, bottom: int | None = None
    ) -> None:
        """Place pictures and, under them, their words; then move the top below all of it."""
        end = below = boxes[0].bottom if bottom is None else bottom
        for cell, box in zip(row, boxes, strict=True):
            self.photo(cell.picture, (box.width, box.height), box)
            self.top = below + _LABEL_GAP
            if cell.label or cell.note or cell.number is not None:
                self._place_words(cell, box)
                end = max(end, self.top)
        self.top = end + _ROW_GAP

    def _place_words(self, cell: Cell, box: Box) -> None:
        left, width = box.left, box.width
        if cell.number is not None:
            top = self.top + round((_LABEL * LINE_HEIGHT - _BADGE) / 2)
            circle = Box(left=left, top=top, width=_BADGE, height=_BADGE)
            self.panel(circle, self.colours.accent, radius=_BADGE // 2)
            share = 0.8 if cell.number < 100 else 0.55  # noqa: PLR2004 - three digits
            style = TextStyle(size=round(_LABEL * share), colour=self.colours.ground)
            self.write_within(str(cell.number), circle, style)
            left, width = left + _INDENT, width - _INDENT
        if cell.number is not None and not cell.label:
            self.top += round(_LABEL * LINE_HEIGHT)
        self._add(cell.label, self.ink(_LABEL), left, width, lines=3)
        self._add(cell.note, self.soft(_NOTE), left, width, lines=2)

    def place_sign(self, number: int, box: Box) -> None:
        """Place a number on a picture, large enough to be read where all of it is small."""
        side = max(_MIN_SIGN, round(min(box.width, box.height) * _SIGN_SHARE))
        ring = Box(left=box.left + side // 6, top=box.top + side // 6, width=side, height=side)
        self.panel(ring, self.colours.ground, radius=side // 2)
        inside = side - 2 * round(side * _SIGN_EDGE)
        circle = ring.centred((inside, inside))
        self.panel(circle, self.colours.accent, radius=inside // 2)
        style = TextStyle(size=round(inside * 0.7), colour=self.colours.ground)
        self.write_within(str(number), circle, style)

    def _add(self, words: str, style: TextStyle, left: int, width: int, *, lines: int) -> None:
        if words:
            self.top = self.write(words, (left, self.top), style, width=width, lines=lines).bottom

    def drawn(self) -> Sheet:
        layout = self.plan(self.top - _ROW_GAP + _MARGIN)
        boxes = tuple(photo.box for photo in layout.photos)
        return Sheet(image=paint(layout, _resized), boxes=boxes)


def _resized(photo: Photo[Image.Image | None]) -> Image.Image | str:
    if photo.source is None:
        return ""
    return photo.source.resize((photo.box.width, photo.box.height), Image.Resampling.LANCZOS)
