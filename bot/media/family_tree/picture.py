"""The picture of a family: a tree of cards, one image each, with what was changed above it.

It reads and decodes files, so it is nothing for the event loop's thread. One thumbnail is decoded
at a time, and the tree has at most `MAX_SIDE` pixels a side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from bot.domain.lineage import Family, FamilyView
from bot.locales import text
from bot.media.family_tree.cards import Cards
from bot.media.family_tree.style import (
    BACKGROUND,
    FOCUS,
    INK,
    LINE,
    MARGIN,
    SIZES,
    SMOOTHING,
    SOFT,
    TITLE,
    Style,
)
from bot.media.family_tree.tree_layout import Arrangement, TreeMeasures, arrange
from bot.media.family_tree.type_lines import cut
from bot.media.sheets.typography import draw_line

MAX_SIDE: Final = 2800  # pixels: still readable in a browser, and far below Discord's upload limit
_LIMITS: Final = (60, 48, 40, 32, 26, 20, 16, 12, 9, 7, 5, 3, 1)  # images shown, until it fits
# Ways to arrange a family: childless siblings in a row, whether parents are centred over their
# children, and how much smaller than with the first way the picture has to be.
_SHAPES: Final = ((6, True, 1.0), (6, False, 1.3), (3, True, 1.3), (3, False, 1.6))
_MIN_WIDTH: Final = 560  # pixels: the title and one line of a prompt
_RADIUS: Final = 10


@dataclass(frozen=True, kw_only=True)
class FamilyTree:
    """A drawn family.

    Attributes:
        num_hidden: How many images are hidden as spoilers.
        has_spoilers: Whether images that are spoilers can be seen in it.

    """

    image: Image.Image
    view: FamilyView
    num_hidden: int
    has_spoilers: bool


def draw_family(family: Family, *, locale: str, show_spoilers: bool = False) -> FamilyTree:
    """Draw a family as far as it fits: the images nearest to the one that was asked for.

    Args:
        family: The images, as they may be seen.
        locale: The reader's language.
        show_spoilers: Show hidden images too, rather than plain tiles.

    """
    view, arrangement, style = _choose(family)
    header = _header(family, view, locale)
    header_height = MARGIN + sum(line.height for line in header) + MARGIN
    width = max(round(arrangement.width), _MIN_WIDTH) + 2 * MARGIN
    height = header_height + round(arrangement.height) + MARGIN
    left = (width - round(arrangement.width)) // 2
    image = Image.new("RGB", (width, height), BACKGROUND)
    _write_header(image, header, width - 2 * MARGIN)
    _draw_edges(image, arrangement, family, origin=(left, header_height))
    cards = Cards(image, family, view, style, locale=locale, show_spoilers=show_spoilers)
    for id_, (x, y) in arrangement.places.items():
        cards.draw(id_, left + round(x), header_height + round(y))
    spoilers = sum(each.is_spoiler and each.is_here for each in view.members.values())
    return FamilyTree(
        image=image,
        view=view,
        num_hidden=0 if show_spoilers else spoilers,
        has_spoilers=show_spoilers and spoilers > 0,
    )


def _choose(family: Family) -> tuple[FamilyView, Arrangement, Style]:
    """Return as much of the family as fits, on cards as large as fit."""
    for limit in _LIMITS:
        view = family.nearest(limit)
        for style in (size for size in SIZES if len(view.members) <= size.at_most):
            if (arrangement := _fitting(view, style)) is not None:
                return view, arrangement, style
    raise AssertionError("one card always fits")


def _fitting(view: FamilyView, style: Style) -> Arrangement | None:
    """Return the best way to arrange cards that fits, if one does."""
    children = view.children()
    found = []
    for one_row, is_centred, reluctance in _SHAPES:
        measures = measures_of(style, one_row=one_row, is_centred=is_centred)
        arrangement = arrange(view.top, children, measures)
        if max(arrangement.width, arrangement.height) <= MAX_SIDE:
            found.append((arrangement.width * arrangement.height * reluctance, arrangement))
    return min(found, key=lambda each: each[0])[1] if found else None


def measures_of(style: Style, *, one_row: int, is_centred: bool) -> TreeMeasures:
    """Return the room that cards of a style take."""
    return TreeMeasures(
        card_width=style.card_width,
        card_height=style.card_height,
        gap_x=style.gap_x,
        gap_y=style.gap_y,
        arrow_y=style.picture_top + style.picture / 2,
        one_row=one_row,
        is_centred=is_centred,
    )


@dataclass(frozen=True, kw_only=True)
class _HeaderLine:
    words: str
    size: int
    colour: str
    height: int


def _header(family: Family, view: FamilyView, locale: str) -> list[_HeaderLine]:
    total = len(family.members)
    count = text("family_alone" if total == 1 else "family_count", locale, count=total)
    if family.is_cut:
        count += "+"
    left_out = view.num_left_out
    if left_out or family.is_cut:
        key = "family_left_out_at_least" if family.is_cut else "family_left_out"
        count += " · " + text(key, locale, shown=len(view.members), count=left_out)
    focus = family.members[family.focus]
    lines = [_HeaderLine(words=text("family_title", locale, id=focus.id), size=26, colour=TITLE,
                         height=38)]  # fmt: skip
    if focus.request is not None:
        lines.append(_HeaderLine(words=focus.request.prompt, size=17, colour=INK, height=26))
    return [*lines, _HeaderLine(words=count, size=15, colour=SOFT, height=20)]


def _write_header(image: Image.Image, header: list[_HeaderLine], width: int) -> None:
    draw = ImageDraw.Draw(image)
    y = MARGIN
    for line in header:
        words = cut(line.words, line.size, width=width)
        draw_line(draw, (MARGIN, y), words, size=line.size, colour=line.colour, anchor="la")
        y += line.height


def _draw_edges(
    image: Image.Image, arrangement: Arrangement, family: Family, *, origin: tuple[int, int]
) -> None:
    """Draw the lines: first all, then once more those of the way from the first image."""
    line = {member.id for member in family.line()}
    for colour, ids, width in ((LINE, None, 2), (FOCUS, line, 3)):
        mask = Image.new("L", (image.width * SMOOTHING, image.height * SMOOTHING), 0)
        draw = ImageDraw.Draw(mask)
        for edge in arrangement.edges:
            if ids is None or edge.child in ids:
                points = [
                    ((x + origin[0]) * SMOOTHING, (y + origin[1]) * SMOOTHING)
                    for x, y in edge.points
                ]
                _draw_rounded(draw, points, width=width * SMOOTHING)
        image.paste(colour, mask=mask.resize(image.size, Image.Resampling.BOX))


def _draw_rounded(
    draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], *, width: int
) -> None:
    """Draw a line of horizontal and vertical pieces with round corners, and its arrow head."""
    straight = _without_repeats(points)
    path = [straight[0]]
    for before, at, after in zip(straight, straight[1:], straight[2:], strict=False):
        path += _corner(before, at, after)
    path.append(straight[-1])
    draw.line(path, fill=255, width=width, joint="curve")
    _draw_head(draw, straight[-2], straight[-1], size=width * 2.5)


def _without_repeats(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the line without points that lie on the way between their neighbours."""
    found = [points[0]]
    for point in points[1:]:
        if abs(point[0] - found[-1][0]) + abs(point[1] - found[-1][1]) < 1:
            continue
        if len(found) > 1 and _is_between(found[-2], found[-1], point):
            found[-1] = point
        else:
            found.append(point)
    return found


def _is_between(
    before: tuple[float, float], at: tuple[float, float], after: tuple[float, float]
) -> bool:
    return before[0] == at[0] == after[0] or before[1] == at[1] == after[1]


def _corner(
    before: tuple[float, float], at: tuple[float, float], after: tuple[float, float]
) -> list[tuple[float, float]]:
    """Return points of a round corner: a quadratic curve between its two legs."""
    reach = [
        min(_RADIUS * SMOOTHING, (abs(x - at[0]) + abs(y - at[1])) / 2) for x, y in (before, after)
    ]
    radius = min(reach)
    start, end = (_towards(at, leg, radius) for leg in (before, after))
    curve = []
    for step in range(9):
        t = step / 8
        weights = ((1 - t) ** 2, 2 * t * (1 - t), t**2)
        legs = (start, at, end)
        curve.append((
            sum(w * p[0] for w, p in zip(weights, legs, strict=True)),
            sum(w * p[1] for w, p in zip(weights, legs, strict=True)),
        ))  # fmt: skip
    return curve


def _towards(
    at: tuple[float, float], leg: tuple[float, float], distance: float
) -> tuple[float, float]:
    length = abs(leg[0] - at[0]) + abs(leg[1] - at[1])  # one of the two is 0
    share = distance / length
    return at[0] + (leg[0] - at[0]) * share, at[1] + (leg[1] - at[1]) * share


def _draw_head(
    draw: ImageDraw.ImageDraw, before: tuple[float, float], tip: tuple[float, float], *, size: float
) -> None:
    back = _towards(tip, before, size)
    across = (size * 0.75, 0) if before[0] == tip[0] else (0, size * 0.75)
    draw.polygon(
        [
            tip,
            (back[0] + across[0], back[1] + across[1]),
            (back[0] - across[0], back[1] - across[1]),
        ],
        fill=255,
    )
