"""What stands above the pictures of a sheet: title, brief, facts, and the palette beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.boards import Swatch
from bot.media.exports.board_builder import CODE, BoardBuilder
from bot.media.kit import Box
from bot.media.kit.typography import LINE_HEIGHT
from bot.media.palettes import name_of

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


def place_header(builder: BoardBuilder, header: Header, *, margin: int) -> int:
    """Place title, brief and facts to the left, the palette to the right; return where they end."""
    taken, foot = _place_palette(builder, header.palette, margin=margin)
    whole = builder.width - 2 * margin
    room = whole - (taken + margin if taken else 0)
    # The letters of the title are at the edge, not its line.
    top = margin - builder.px(_TITLE * (LINE_HEIGHT - 1) / 2)
    for words, type_, lines in (
        (header.title, builder.ink(_TITLE), 2),
        (header.brief, builder.ink(_BRIEF), 3),
        (header.facts, builder.soft(_FACTS), 2),
    ):
        if words.strip():
            width = whole if type_.size < builder.px(_BRIEF) and top >= foot else room
            placed = builder.write(words, (margin, top), type_, width=width, lines=lines)
            top = placed.bottom + builder.px(_LINES_GAP)
    if top < margin and not taken:  # nothing is said
        return margin
    return max(top, foot) + builder.px(_HEADER_GAP - _LINES_GAP)


def _place_palette(
    builder: BoardBuilder, palette: Sequence[Swatch], *, margin: int
) -> tuple[int, int]:
    """Place the palette at the right edge; return its width and where it ends."""
    if not palette:
        return 0, 0
    gap = builder.px(_CHIP_GAP)
    taken = len(palette) * (builder.px(_CHIP[0]) + gap) - gap
    left = builder.width - margin - taken
    place = Box(left=left, top=margin, width=taken, height=builder.px(_CHIP[1]))
    return taken, builder.palette(palette, place, gap=gap)


def column_height(builder: BoardBuilder, palette: Sequence[Swatch]) -> int:
    """Return what colours take below each other."""
    return len(palette) * builder.px(_CHIP[1] + _CHIP_GAP)


def place_column(builder: BoardBuilder, palette: Sequence[Swatch], place: tuple[int, int]) -> None:
    """Place colours below each other, each with its name and code."""
    left, top = place
    width, height = builder.px(_CHIP[0]), builder.px(_CHIP[1])
    code = builder.soft(CODE)
    for swatch in palette:
        builder.chip(Box(left=left, top=top, width=width, height=height), swatch.rgb)
        words = (
            left + width + builder.px(_CHIP_GAP * 2),
            top + (height - 2 * code.line_height) // 2,
        )
        name = builder.write(name_of(swatch.rgb, builder.locale), words, builder.ink(CODE))
        builder.write(swatch.hex, (words[0], name.bottom), code)
        top += height + builder.px(_CHIP_GAP)
