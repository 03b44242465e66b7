"""Labelled pictures on one light sheet: the drawing itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from PIL import Image, ImageDraw

from bot.media.sheets.layout import Box, are_alike, best_columns, best_rows, row_aspects, spread
from bot.media.sheets.typography import LINE_HEIGHT, Lettering, drawable, font, length, lettered

Colour = tuple[int, int, int]

WIDTH: Final = 1500  # pixels: Discord shows a third of it, a click all
_MAX_HEIGHT: Final = 2600  # pixels; a taller sheet is made narrower
_MAX_EDGE: Final = 900  # pixels: a picture alone
_MIN_EDGE: Final = 190  # pixels: words under a picture need some room; many columns widen the sheet
_BACKGROUND: Final = (250, 250, 248)
_INK: Final = (30, 31, 34)
_GREY: Final = (98, 102, 110)  # 5.6 : 1 on the background
_HAIRLINE: Final = (222, 223, 226)
_EMPTY: Final = (238, 238, 236)
_ACCENT: Final = (71, 82, 196)

_MARGIN: Final = 44
_GAP: Final = 28  # between pictures side by side
_ROW_GAP: Final = 34
_TITLE: Final = 40
_FACTS: Final = 28
_LABEL: Final = 31
_NOTE: Final = 25
_LABEL_GAP: Final = 10  # between a picture and its words
_HEADER_GAP: Final = 26
_TALLER: Final = 1.4  # a row that would be so much taller than the lowest one stays narrower
_GUTTER: Final = 240  # the width for the words beside the rows of a grid


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


@dataclass(kw_only=True)
class _Canvas:
    """What is placed so far; it is drawn at the end, when the height is known."""

    width: int
    top: int = _MARGIN
    boxes: list[Box] = field(default_factory=list)
    words: list[tuple[Lettering, int, int, str]] = field(default_factory=list)
    badges: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def room(self) -> int:
        return self.width - 2 * _MARGIN


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
        columns = best_columns(len(cells), aspects[0])
        return draw_grid(cells, columns=columns, title=title, facts=facts, width=width)
    canvas = _Canvas(width=width)
    _place_header(canvas, title, facts)
    counts = best_rows(aspects)
    height = canvas.room / max(row_aspects(aspects, counts))
    waiting = iter(cells)
    for count in counts:
        _place_justified(canvas, list(islice(waiting, count)), height=height)
    return _drawn(canvas, cells)


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
    canvas = _Canvas(width=gutter + columns * edge + (columns - 1) * _GAP + 2 * _MARGIN)
    _place_header(canvas, title, facts)
    lefts = [_MARGIN + gutter + i * (edge + _GAP) for i in range(columns)]
    _place_column_labels(canvas, column_labels, lefts, edge)
    for i, row in enumerate(rows):
        label = row_labels[i] if row_labels else ""
        _place_row(canvas, row, lefts=lefts, edge=edge, label=label)
    return _drawn(canvas, cells)


def _gutter(row_labels: Sequence[str]) -> int:
    """Return the width of the words beside the rows, with the gap after them, in pixels."""
    longest = max((length(drawable(words), _LABEL) for words in row_labels), default=0)
    return min(_GUTTER, math.ceil(longest) + _GAP) if row_labels else 0


def _aspect(cell: Cell) -> float:
    assert cell.picture is not None
    return cell.picture.width / cell.picture.height


def _cell_width(width: int, *, columns: int, rows: int, aspect: float) -> int:
    """Return the width of a column in pixels."""
    wide = (width - 2 * _MARGIN - (columns - 1) * _GAP) / columns
    tall = (_MAX_HEIGHT / rows - 2 * _ROW_GAP) * aspect
    return max(round(min(wide, tall, _MAX_EDGE)), _MIN_EDGE)


def _place_header(canvas: _Canvas, title: str, facts: str) -> None:
    for words, size, colour, lines in ((title, _TITLE, _INK, 3), (facts, _FACTS, _GREY, 2)):
        if words:
            _write(canvas, words, _MARGIN, canvas.room, size=size, colour=colour, lines=lines)
    if title or facts:
        canvas.top += _HEADER_GAP - _LABEL_GAP


def _write(
    canvas: _Canvas, words: str, left: int, width: int, *, size: int, colour: Colour, lines: int
) -> None:
    """Write words at the canvas's top and move it below them."""
    lettering = lettered(words, size=size, colour=colour, width=width, max_lines=lines)
    canvas.words.append((lettering, left, canvas.top, "l"))
    canvas.top += lettering.height


def _place_column_labels(
    canvas: _Canvas, labels: Sequence[str], lefts: Sequence[int], edge: int
) -> None:
    set_ = [lettered(words, size=_LABEL, colour=_INK, width=edge, max_lines=3) for words in labels]
    if not set_:
        return
    bottom = canvas.top + max(lettering.height for lettering in set_)
    for lettering, left in zip(set_, lefts, strict=True):
        canvas.words.append((lettering, left + edge // 2, bottom - lettering.height, "m"))
    canvas.top = bottom + _LABEL_GAP


def _place_row(
    canvas: _Canvas, row: Sequence[Cell], *, lefts: Sequence[int], edge: int, label: str
) -> None:
    gutter = lefts[0] - _MARGIN - _GAP
    words = lettered(label, size=_LABEL, colour=_INK, width=gutter, max_lines=6)
    heights = [round(edge / _aspect(cell)) if cell.picture is not None else 0 for cell in row]
    height = max(max(heights) or edge, words.height)
    boxes = [
        Box(left=left, top=canvas.top + (height - own) // 2, width=edge, height=own)
        for own, left in zip((own or height for own in heights), lefts, strict=False)
    ]
    middle = canvas.top + (height - words.height) // 2
    canvas.words.append((words, _MARGIN + gutter, middle, "r"))
    places = [(left, edge) for left in lefts]
    _place_labelled(canvas, row, boxes, places, bottom=canvas.top + height)


def _place_justified(canvas: _Canvas, row: Sequence[Cell], *, height: float) -> None:
    """Place a row of about `height` pixels, as wide as the sheet if that height allows it."""
    aspects = [_aspect(cell) for cell in row]
    gaps = _GAP * (len(row) - 1)
    width = canvas.room
    if (width - gaps) / sum(aspects) > height * _TALLER:
        width = round(height * sum(aspects)) + gaps
    places = spread(aspects, left=_MARGIN, width=width, gap=_GAP)
    own = round((width - gaps) / sum(aspects))
    boxes = [Box(left=left, top=canvas.top, width=each, height=own) for left, each in places]
    _place_labelled(canvas, row, boxes, places, bottom=canvas.top + own)


def _place_labelled(
    canvas: _Canvas,
    row: Sequence[Cell],
    boxes: Sequence[Box],
    places: Sequence[tuple[int, int]],
    *,
    bottom: int,
) -> None:
    """Place pictures and, under them, their words; then move the top below all of it."""
    canvas.boxes += boxes
    end = bottom
    for cell, (left, width) in zip(row, places, strict=False):
        canvas.top = bottom + _LABEL_GAP
        if cell.label or cell.note or cell.number is not None:
            _place_words(canvas, cell, left, width)
            end = max(end, canvas.top)
    canvas.top = end + _ROW_GAP


def _place_words(canvas: _Canvas, cell: Cell, left: int, width: int) -> None:
    indent = 0
    if cell.number is not None:
        canvas.badges.append((cell.number, left, canvas.top))
        indent = round(_LABEL * 1.7)
    if cell.label:
        _write(canvas, cell.label, left + indent, width - indent, size=_LABEL, colour=_INK, lines=3)
    if cell.note:
        _write(canvas, cell.note, left + indent, width - indent, size=_NOTE, colour=_GREY, lines=2)


def _drawn(canvas: _Canvas, cells: Sequence[Cell]) -> Sheet:
    image = Image.new("RGB", (canvas.width, canvas.top - _ROW_GAP + _MARGIN), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    for cell, box in zip(cells, canvas.boxes, strict=True):
        _draw_picture(image, draw, cell, box)
    for number, left, top in canvas.badges:
        _draw_badge(image, number, left, top)
    for lettering, left, top, anchor in canvas.words:
        lettering.draw(draw, left, top, anchor)
    return Sheet(image=image, boxes=tuple(canvas.boxes))


def _draw_picture(image: Image.Image, draw: ImageDraw.ImageDraw, cell: Cell, box: Box) -> None:
    """Draw a picture, with a hairline around it so that a white one has an edge too."""
    frame = (box.left - 1, box.top - 1, box.left + box.width, box.top + box.height)
    draw.rectangle(frame, fill=_EMPTY, outline=_HAIRLINE)
    if cell.picture is not None:
        size = (box.width, box.height)
        image.paste(cell.picture.resize(size, Image.Resampling.LANCZOS), (box.left, box.top))


def _draw_badge(image: Image.Image, number: int, left: int, top: int) -> None:
    """Draw a number in a filled circle in front of its label's first line."""
    diameter = round(_LABEL * 1.24)
    # Pillow's circles have jagged edges: a large one is made small.
    large = Image.new("L", (diameter * 8, diameter * 8))
    ImageDraw.Draw(large).ellipse((0, 0, large.width - 1, large.height - 1), fill=255)
    circle = large.resize((diameter, diameter), Image.Resampling.LANCZOS)
    middle = top + round(_LABEL * LINE_HEIGHT / 2)
    image.paste(_ACCENT, (left, middle - diameter // 2), circle)
    place = (left + diameter / 2, middle)
    type_ = font(round(_LABEL * 0.8))
    ImageDraw.Draw(image).text(place, str(number), _BACKGROUND, type_, anchor="mm")
