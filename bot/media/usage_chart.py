"""The chart of a server's usage: images by day, who had them drawn, and a few numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from bot.domain.usage import Usage
from bot.media.kit import DARK, Box, LayoutBuilder, mixed, paint

WIDTH, HEIGHT = 1280, 760  # pixels
_MARGIN: Final = 48
_GAP: Final = 56
SHOWN_BY_NAME: Final = 8
_MEMBERS_WIDTH: Final = 400


@dataclass(frozen=True, kw_only=True)
class ChartWords:
    """The words of the chart, in its reader's language.

    Attributes:
        facts: Pairs of a number and what it counts, three to five of them.
        others: What stands for those who are not shown, such as "12 others".

    """

    title: str
    subtitle: str
    by_day: str
    by_member: str
    others: str
    nothing: str
    facts: Sequence[tuple[str, str]]


def draw_usage(usage: Usage, words: ChartWords) -> Image.Image:
    """Draw the usage of some days as a picture of 1280 x 760 pixels."""
    builder: LayoutBuilder[None] = LayoutBuilder(width=WIDTH, colours=DARK)
    builder.write(words.title, (_MARGIN, 40), builder.ink(34), width=WIDTH - 2 * _MARGIN)
    builder.write(words.subtitle, (_MARGIN, 88), builder.soft(20), width=WIDTH - 2 * _MARGIN)
    _place_facts(builder, words.facts, top=140)
    left = Box(left=_MARGIN, top=270, width=WIDTH - 2 * _MARGIN - _MEMBERS_WIDTH - _GAP, height=430)
    right = Box(left=left.right + _GAP, top=270, width=_MEMBERS_WIDTH, height=430)
    builder.write(words.by_day, (left.left, left.top), builder.soft(20), width=left.width)
    builder.write(words.by_member, (right.left, right.top), builder.soft(20), width=right.width)
    if usage.num_images:
        _place_days(builder, usage, left)
        _place_members(builder, usage, right, words.others)
    else:
        builder.write_within(words.nothing, left, builder.soft(22))
    return paint(builder.plan(HEIGHT))


def _place_facts(
    builder: LayoutBuilder[None], facts: Sequence[tuple[str, str]], *, top: int
) -> None:
    width = (WIDTH - 2 * _MARGIN) // len(facts)
    for i, (number, noun) in enumerate(facts):
        left = _MARGIN + i * width
        builder.write(number, (left, top), builder.accent(36), width=width - 16)
        builder.write(noun, (left, top + 50), builder.soft(18), width=width - 24, lines=2)


def _place_days(builder: LayoutBuilder[None], usage: Usage, box: Box) -> None:
    """Place a bar for each day over a line of dates, with lines at round numbers behind them."""
    most = max(usage.images.values())
    step = _round_step(most)
    top_value = -(-most // step) * step
    axis_width = 56
    plot = Box(
        left=box.left + axis_width,
        top=box.top + 44,
        width=box.width - axis_width,
        height=box.height - 84,
    )
    for value in range(0, top_value + 1, step):
        y = plot.bottom - round(plot.height * value / top_value)
        builder.panel(Box(left=plot.left, top=y, width=plot.width, height=1), DARK.line)
        builder.write(f"{value:,}", (plot.left - 12, y - 11), builder.soft(17), anchor="r")
    days = list(usage.images.items())
    room = plot.width / len(days)
    bar = max(1, round(min(room * 0.72, 48)))
    for i, (_, number) in enumerate(days):
        if not number:
            continue
        height = max(2, round(plot.height * number / top_value))
        middle = plot.left + round(room * (i + 0.5))
        place = Box(left=middle - bar // 2, top=plot.bottom - height, width=bar, height=height)
        builder.panel(place, DARK.accent, radius=min(4, bar // 4))
    _place_dates(builder, [day for day, _ in days], plot, room)


def _place_dates(
    builder: LayoutBuilder[None], days: Sequence[dt.date], plot: Box, room: float
) -> None:
    """Write as many dates as have room, today's among them."""
    every = max(1, -(-len(days) * 92 // plot.width))
    for i in range(len(days) - 1, -1, -every):
        middle = plot.left + round(room * (i + 0.5))
        builder.write(
            days[i].strftime("%m-%d"), (middle, plot.bottom + 12), builder.soft(17), anchor="m"
        )


def _place_members(builder: LayoutBuilder[None], usage: Usage, box: Box, others: str) -> None:
    """Place a bar for each of those with the most images, and one for all others."""
    drawn = [each for each in usage.shares if each.images]
    shown = [(each.name or str(each.id), each.images) for each in drawn[:SHOWN_BY_NAME]]
    rest = sum(each.images for each in drawn[SHOWN_BY_NAME:])
    if rest:
        shown.append((others, rest))
    most = max(number for _, number in shown)
    height = (box.height - 44) // (SHOWN_BY_NAME + 1)
    for i, (name, number) in enumerate(shown):
        top = box.top + 44 + i * height
        builder.write(name, (box.left, top), builder.ink(17), width=box.width - 90)
        builder.write(f"{number:,}", (box.right, top), builder.soft(17), anchor="r")
        ground = Box(left=box.left, top=top + 26, width=box.width, height=6)
        filled = max(4, round(box.width * number / most))
        builder.panel(ground, DARK.tile, radius=3)
        colour = DARK.accent if i < SHOWN_BY_NAME else mixed(DARK.accent, DARK.ground, 0.5)
        builder.panel(Box(left=box.left, top=top + 26, width=filled, height=6), colour, radius=3)


def _round_step(most: int) -> int:
    """Return a round distance of lines, of which at most five are needed."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if most <= 5 * step:
                return step
        size *= 10
