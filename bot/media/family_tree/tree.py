"""The picture of a family: a tree of cards, one image each, with what was changed above it.

It reads and decodes files, so it is nothing for the event loop's thread. One thumbnail is decoded
at a time, and the tree has at most `MAX_SIDE` pixels a side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from PIL import Image

from bot.domain.lineage import Family, FamilyMember, FamilyView
from bot.locales import text
from bot.media.family_tree.blocks import TreeMeasures
from bot.media.family_tree.cards import Cards, opened
from bot.media.family_tree.style import LINE, SIZES, Style
from bot.media.family_tree.tree_layout import Arrangement, arrange
from bot.media.kit import DARK, LayoutBuilder, Lines, paint

MAX_SIDE: Final = 2800  # pixels: still readable in a browser, and far below Discord's upload limit
_LIMITS: Final = (60, 48, 40, 32, 26, 20, 16, 12, 9, 7, 5, 3, 1)  # images shown, until it fits
# Ways to arrange a family: childless siblings in a row, whether parents are centred over their
# children, and how much smaller than with the first way the picture has to be.
_SHAPES: Final = ((6, True, 1.0), (6, False, 1.3), (3, True, 1.3), (3, False, 1.6))
_MIN_WIDTH: Final = 560  # pixels: the title and one line of a prompt
_MARGIN: Final = 28
_TITLE, _PROMPT, _COUNT = 26, 17, 15


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
    own = round(arrangement.width)
    width = max(own, _MIN_WIDTH) + 2 * _MARGIN
    builder = LayoutBuilder[FamilyMember](width=width, colours=DARK)
    left, top = (width - own) // 2, _place_header(builder, family, view, locale) + _MARGIN
    _place_edges(builder, arrangement, family, origin=(left, top))
    cards = Cards(builder=builder, family=family, view=view, style=style, locale=locale,
                  show_spoilers=show_spoilers)  # fmt: skip
    for id_, (x, y) in arrangement.places.items():
        cards.place(id_, left + round(x), top + round(y))
    layout = builder.plan(top + round(arrangement.height) + _MARGIN)
    spoilers = sum(each.is_spoiler and each.is_here for each in view.members.values())
    return FamilyTree(
        image=paint(layout, partial(opened, locale=locale)),
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
        measures = TreeMeasures(
            card_width=style.card_width,
            card_height=style.card_height,
            gap_x=style.gap_x,
            gap_y=style.gap_y,
            arrow_y=style.picture_top + style.picture / 2,
            one_row=one_row,
            is_centred=is_centred,
        )
        arrangement = arrange(view.top, children, measures)
        if max(arrangement.width, arrangement.height) <= MAX_SIDE:
            found.append((arrangement.width * arrangement.height * reluctance, arrangement))
    return min(found, key=lambda each: each[0])[1] if found else None


def _place_header(
    builder: LayoutBuilder[FamilyMember], family: Family, view: FamilyView, locale: str
) -> int:  # fmt: skip
    """Place whose family it is, the prompt and the counts, a line each; return where they end."""
    focus, top = family.members[family.focus], _MARGIN
    lines = [(text("family_title", locale, id=focus.id), builder.ink(_TITLE))]
    if focus.request is not None:
        lines.append((focus.request.prompt, builder.ink(_PROMPT)))
    lines.append((_counts(family, view, locale), builder.soft(_COUNT)))
    for words, style in lines:
        top = builder.write(words, (_MARGIN, top), style, width=builder.width - 2 * _MARGIN).bottom
    return top


def _counts(family: Family, view: FamilyView, locale: str) -> str:
    total = len(family.members)
    count = text("family_alone" if total == 1 else "family_count", locale, count=total)
    if family.is_cut:
        count += "+"
    if view.num_left_out or family.is_cut:
        key = "family_left_out_at_least" if family.is_cut else "family_left_out"
        said = text(key, locale, shown=len(view.members), count=view.num_left_out)
        count += f" · {said}"
    return count


def _place_edges(
    builder: LayoutBuilder[FamilyMember],
    arrangement: Arrangement,
    family: Family,
    *,
    origin: tuple[int, int],
) -> None:
    """Place the lines: first all, then once more those of the way from the first image."""
    left, top = origin
    line = {member.id for member in family.line()}
    paths = [
        (edge.child in line, tuple((x + left, y + top) for x, y in edge.points))
        for edge in arrangement.edges
    ]
    every, way = (tuple(path for is_way, path in paths if is_way >= only) for only in (False, True))
    builder.shapes.append(Lines(paths=every, colour=LINE, width=2))
    builder.shapes.append(Lines(paths=way, colour=builder.colours.accent, width=3))
