"""What stands above the pictures of a sheet: title, brief, facts, and the palette beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.boards import Swatch
from bot.media.exports.layout_builder import CODE, LayoutBuilder
from bot.media.palettes import name_of
from bot.media.sheets import Box
from bot.media.sheets.typography import LINE_HEIGHT

MARGIN: Final = 48  # around a sheet
_TITLE: Final = 52
_BRIEF: Final = 29
_FACTS: Final = 26
_LINES_GAP: Final = 6
_CHIP: Final = (84, 58)
_CHIP_GAP: Final = 9
_HEADER_GAP: Final = 34


@dataclass(frozen=True, kw_only=True)
class Header:
    """What stands above the pictures.

    Attributes:
        facts: A line below the brief.
        palette: Beside the title.

    """

    title: str
    brief: str = ""
    facts: str = ""
    palette: tuple[Swatch, ...] = ()


def place_header(wall: LayoutBuilder, header: Header, *, margin: int) -> int:
    """Place title, brief and facts to the left, the palette to the right; return where they end."""
    taken, foot = _place_palette(wall, header.palette, margin=margin)
    whole = wall.width - 2 * margin
    room = whole - (taken + margin if taken else 0)
    # The letters of the title are at the edge, not its line.
    top = margin - wall.px(_TITLE * (LINE_HEIGHT - 1) / 2)
    for words, type_, lines in (
        (header.title, wall.ink(_TITLE), 2),
        (header.brief, wall.ink(_BRIEF), 3),
        (header.facts, wall.soft(_FACTS), 2),
    ):
        if words.strip():
            width = whole if type_.size < wall.px(_BRIEF) and top >= foot else room
            placed = wall.write(words, (margin, top), type_, width=width, lines=lines)
            top = placed.bottom + wall.px(_LINES_GAP)
    if top < margin and not taken:  # nothing is said
        return margin
    return max(top, foot) + wall.px(_HEADER_GAP - _LINES_GAP)


def _place_palette(
    wall: LayoutBuilder, palette: Sequence[Swatch], *, margin: int
) -> tuple[int, int]:
    """Place the palette at the right edge; return its width and where it ends."""
    if not palette:
        return 0, 0
    gap = wall.px(_CHIP_GAP)
    taken = len(palette) * (wall.px(_CHIP[0]) + gap) - gap
    left = wall.width - margin - taken
    place = Box(left=left, top=margin, width=taken, height=wall.px(_CHIP[1]))
    return taken, wall.palette(palette, place, gap=gap)


def column_height(wall: LayoutBuilder, palette: Sequence[Swatch]) -> int:
    """Return what colours take below each other."""
    return len(palette) * wall.px(_CHIP[1] + _CHIP_GAP)


def place_column(wall: LayoutBuilder, palette: Sequence[Swatch], place: tuple[int, int]) -> None:
    """Place colours below each other, each with its name and code."""
    left, top = place
    width, height = wall.px(_CHIP[0]), wall.px(_CHIP[1])
    code = wall.soft(CODE)
    for swatch in palette:
        wall.chip(Box(left=left, top=top, width=width, height=height), swatch.rgb)
        words = (left + width + wall.px(_CHIP_GAP * 2), top + (height - 2 * code.line_height) // 2)
        name = wall.write(name_of(swatch.rgb, wall.locale), words, wall.ink(CODE))
        wall.write(swatch.hex, (words[0], name.bottom), code)
        top += height + wall.px(_CHIP_GAP)
