"""The pages of a board's document: a title, sheets, and one page for each picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from bot.domain.boards import Board, Item, ItemStatus, Swatch, Theme
from bot.locales import text
from bot.media.exports.board_builder import WIDTH, BoardBuilder
from bot.media.exports.board_colours import COLOURS, STATUS, STATUS_INK
from bot.media.exports.phrases import (
    caption_of,
    date_words,
    facts,
    recipe_facts,
    recipe_of,
    status_words,
)
from bot.media.exports.sheet import page_count, palette_of_items
from bot.media.exports.sheet_layout import plan_sheet
from bot.media.exports.title_block import Header
from bot.media.kit import Box, SheetLayout, TextStyle
from bot.media.kit.layout_builder import mark_height
from bot.media.kit.typography import LINE_HEIGHT, plain
from bot.media.palettes import name_of

HEIGHT: Final = 1131  # of a page 1,600 wide: A4, lying
_MARGIN: Final = 72
_ON_SHEET: Final = 20  # pictures: three rows of them fill a page
_SHEET_ASPECT: Final = 1.62  # of a sheet's rows, so that with its title it fills a page
_PICTURE: Final = (980, HEIGHT - 2 * _MARGIN - 40)  # the room of a picture, at most
_GUTTER: Final = 56
_COLUMN: Final = 600  # the width of the words beside a picture, at most
_FOOT: Final = HEIGHT - _MARGIN
_TITLE_TOP: Final = 250
_COLOURS_TOP: Final = HEIGHT - _MARGIN - 226
_CHIP: Final = (48, 26)
_PROMPT_LINES: Final = 6
_SHORT_NAME: Final = 40  # characters, as below: what is longer is set smaller, to be shown whole
_SHORT_BRIEF: Final = 300
_SHORT: Final = 70  # of a caption
_BELOW: Final = 440  # the room below a picture that is enough for its recipe
_COMMENTS: Final = 4
_ROW: Final = 80  # the room that a row of the recipe may take


def title_page(board: Board, items: Sequence[Item], *, part: str, locale: str) -> SheetLayout[Item]:
    """Plan the first page: what the board is, and its colours in full width."""
    builder = _page(board.theme, locale)
    top = _TITLE_TOP
    if part:
        top = builder.write(part, (_MARGIN, top), builder.soft(26)).bottom + 4
    room = WIDTH - 2 * _MARGIN
    name = builder.ink(88 if len(board.name) <= _SHORT_NAME else 60)
    top = builder.write(board.name, (_MARGIN, top), name, width=room, lines=3).bottom + 20
    if board.brief.strip():
        size, lines = (34, 5) if len(board.brief) <= _SHORT_BRIEF else (24, 12)
        width = WIDTH * 2 // 3
        brief = builder.write(
            board.brief, (_MARGIN, top), builder.ink(size), width=width, lines=lines
        )
        top = brief.bottom
    top += 24
    keeper = text("exhibit_kept_by", locale, name=plain(board.owner_name))
    since = text("exhibit_since", locale, date=date_words(board.created_at, locale))
    for line in (facts(items, locale), f"{keeper} · {since}"):
        top = builder.write(line, (_MARGIN, top), builder.soft(26), width=room).bottom
    builder.lower(0, min(0, _COLOURS_TOP - 48 - top))  # where much is said, it begins higher
    _place_colours(builder, palette_of_items(board, items))
    return builder.plan(HEIGHT)


def _place_colours(builder: BoardBuilder, palette: Sequence[Swatch]) -> None:
    """Place a palette at the foot of a page, with names."""
    if not palette:
        return
    gap, height, top = 16, 150, _COLOURS_TOP
    width = (WIDTH - 2 * _MARGIN + gap) // len(palette) - gap
    for i, swatch in enumerate(palette):
        left = _MARGIN + i * (width + gap)
        builder.chip(Box(left=left, top=top, width=width, height=height), swatch.rgb)
        name = builder.write(
            name_of(swatch.rgb, builder.locale),
            (left, top + height + 12),
            builder.ink(22),
            width=width,
        )
        builder.write(swatch.hex, (left, name.bottom), builder.soft(20))


def sheet_pages(board: Board, items: Sequence[Item], *, locale: str) -> Iterator[SheetLayout[Item]]:
    """Plan the sheets, a page each."""
    pages = page_count(len(items), _ON_SHEET)
    palette = palette_of_items(board, items)
    for page in range(pages):
        where = text("exhibit_page", locale, page=page + 1, pages=pages) if pages > 1 else ""
        shown = items[page * _ON_SHEET : (page + 1) * _ON_SHEET]
        header = Header(title=board.name, facts=where, palette=palette)
        plan = plan_sheet(
            header, shown, theme=board.theme, width=WIDTH, locale=locale, aspect=_SHEET_ASPECT
        )
        # A short one begins at the top of its page, as all the others.
        yield replace(plan, height=max(plan.height, round(plan.width * HEIGHT / WIDTH)))


def picture_page(board: Board, item: Item, *, locale: str) -> SheetLayout[Item]:
    """Plan the page of one picture: it stands left, all that is known of it right."""
    builder = _page(board.theme, locale)
    scale = min(_PICTURE[0] / item.width, _PICTURE[1] / item.height)
    box = Box(
        left=_MARGIN,
        top=_MARGIN,
        width=max(1, round(item.width * scale)),
        height=max(1, round(item.height * scale)),
    )
    builder.picture(item, box)
    left = max(box.left + box.width, _MARGIN + 240) + _GUTTER
    beside = _Column(builder, left=left, top=_MARGIN, width=min(WIDTH - _MARGIN - left, _COLUMN))
    beside.about(item)
    if box.bottom + _BELOW <= _FOOT:
        beside = _Column(builder, left=_MARGIN, top=box.bottom + 24, width=box.width)
    beside.making(item)
    builder.write(board.name, (_MARGIN, _FOOT), builder.soft(18), width=WIDTH // 2)
    number = f"{item.number}"
    builder.write(number, (WIDTH - _MARGIN, _FOOT), builder.soft(18), anchor="r")
    return builder.plan(HEIGHT)


def _page(theme: Theme, locale: str) -> BoardBuilder:
    return BoardBuilder(width=WIDTH, unit=1.0, colours=COLOURS[theme], locale=locale)


class _Column:
    """What is said of a picture, from top to bottom, as far as there is room."""

    def __init__(self, builder: BoardBuilder, *, left: int, top: int, width: int) -> None:
        """Begin at the top."""
        self._page, self._left, self._width, self._top = builder, left, width, top

    def about(self, item: Item) -> None:
        """Place what people say of the picture, and its colours."""
        locale = self._page.locale
        self._marks(item)
        caption = caption_of(item)
        size, lines = (36, 4) if len(caption) <= _SHORT else (27, 10)
        self._words(caption, size, lines=lines, gap=10)
        self._credit(item)
        self._words(" ".join(f"#{plain(tag)}" for tag in item.tags), 22, lines=2, is_soft=True)
        if item.is_spoiler:
            self._words(text("exhibit_hidden", locale), 22, lines=2, is_soft=True)
        self._colours(item.palette)

    def making(self, item: Item) -> None:
        """Place what the picture was made with, and the newest comments."""
        if item.caption and item.prompt:
            self._titled("exhibit_prompt", item.prompt, lines=_PROMPT_LINES)
        self._recipe(item)
        self._top += 12
        for comment in item.comments[-_COMMENTS:]:
            self._words(f"{comment.user_name}: {comment.text}", 19, lines=2)

    @property
    def _room(self) -> int:
        return _FOOT - 24 - self._top

    def _marks(self, item: Item) -> None:
        builder, type_ = self._page, TextStyle(size=24, colour=self._page.colours.badge_ink)
        builder.mark(str(item.number), (self._left, self._top), type_, builder.colours.badge)
        if item.status is not ItemStatus.CANDIDATE:
            # Beside the number: two digits more take a little more room.
            left = self._left + 36 + 14 * len(str(item.number))
            status = TextStyle(size=24, colour=STATUS_INK)
            words = status_words(item.status, builder.locale)
            builder.mark(words, (left, self._top), status, STATUS[item.status])
        self._top += mark_height(24) + 18

    def _words(
        self, words: str, size: int, *, lines: int = 1, gap: int = 6, is_soft: bool = False
    ) -> None:  # fmt: skip
        if not words.strip() or self._room < size * 2:
            return
        fitting = min(lines, int(self._room / (size * 1.36)))
        type_ = self._page.soft(size) if is_soft else self._page.ink(size)
        place = (self._left, self._top)
        placed = self._page.write(words, place, type_, width=self._width, lines=fitting)
        self._top = placed.bottom + gap

    def _credit(self, item: Item) -> None:
        """Place whose picture it is, and its votes apart: a name may turn the line it is in."""
        builder, left, top = self._page, self._left, self._top
        votes = f"♥ {item.votes}" if item.votes else ""
        taken = 24 * len(votes)
        if credit := plain(item.credit):
            width = self._width - taken
            placed = builder.write(credit, (left, top), builder.soft(24), width=width)
            left += placed.width + 18
        builder.write(votes, (left, top), TextStyle(size=24, colour=builder.colours.heart))
        self._top += round(24 * LINE_HEIGHT) + 6 if credit or votes else 0

    def _titled(self, key: str, words: str, *, lines: int) -> None:
        self._top += 12
        self._words(text(key, self._page.locale), 18, gap=0, is_soft=True)
        self._words(words, 21, lines=lines)

    def _colours(self, palette: Sequence[Swatch]) -> None:
        """Place colours below each other, each with its name and code."""
        builder, (width, height) = self._page, _CHIP
        self._top += 16
        for swatch in palette:
            if self._room < 2 * height:
                break
            box = Box(left=self._left, top=self._top, width=width, height=height)
            builder.chip(box, swatch.rgb)
            left, top = self._left + width + 14, self._top - 1
            name = builder.write(name_of(swatch.rgb, builder.locale), (left, top), builder.ink(19))
            builder.write(swatch.hex, (left + name.width + 14, top), builder.soft(19))
            self._top += height + 7

    def _recipe(self, item: Item) -> None:
        """Place what the picture was made with, as rows of a name and a value."""
        locale = self._page.locale
        recipe = recipe_of(item)
        self._top += 12
        if recipe is None:
            self._words(text("exhibit_no_recipe", locale), 18, is_soft=True)
            return
        self._words(text("exhibit_recipe", locale), 18, gap=0, is_soft=True)
        rows = [*recipe_facts(item, locale)]
        pixels = (text("exhibit_pixels", locale), str(recipe.get("pixel_sha256", "")))
        for name, value in [*rows, pixels]:
            if self._room < _ROW or not value:
                return
            self._page.write(name, (self._left, self._top), self._page.soft(19), width=150)
            value_left = self._left + 160
            placed = self._page.write(
                value, (value_left, self._top), self._page.ink(19), width=self._width - 160, lines=3
            )
            self._top = placed.bottom + 2
