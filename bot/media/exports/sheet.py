"""A board, or a page of it, as one picture: what its pinned message shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from PIL import Image

from bot.domain.boards import Board, Item, Swatch, Theme
from bot.locales import text
from bot.media.exports.layout_builder import WIDTH
from bot.media.exports.painter import digest_of, paint
from bot.media.exports.phrases import count_words, facts
from bot.media.exports.sheet_plan import PlannedSheet, hang
from bot.media.exports.thumbnails import PictureCache, jpeg
from bot.media.exports.title_block import Header
from bot.media.palettes import merged
from bot.media.sheets import Box

PER_PAGE: Final = 12  # three rows: in a channel, a third as large, words can still be read
_JPEG_QUALITY: Final = 93
_COMPARED: Final = 2000  # pixels: the width of pictures side by side
_ONE_ROW: Final = 0.75  # of their widths / height together: a row of them with its words


@dataclass(frozen=True, kw_only=True)
class BoardSheet:
    """A finished sheet.

    Attributes:
        boxes: Where each picture is, in the order of `numbers`.
        numbers: Of the pictures on this page.
        page: Which page this is, from 1.
        digest: The same for two sheets that look the same.

    """

    image: Image.Image
    boxes: tuple[Box, ...]
    numbers: tuple[int, ...]
    page: int
    pages: int
    digest: str

    def encoded(self) -> bytes:
        """Return a JPEG in which type stays clean: a tenth of a PNG, and of its time."""
        return jpeg(self.image, quality=_JPEG_QUALITY)


def page_count(count: int, per_page: int = PER_PAGE) -> int:
    """Return how many pages so many pictures take; none take one."""
    return max(1, math.ceil(count / per_page))


def draw_board(  # noqa: PLR0913 - which board, which page, for whom and how large
    board: Board,
    *,
    items: Sequence[Item],
    theme: Theme,
    page: int,
    pictures: PictureCache,
    locale: str,
    per_page: int = PER_PAGE,
    width: int = WIDTH,
) -> BoardSheet:
    """Draw a page of a board.

    Args:
        board: Its name and brief stand above.
        items: All that the reader may see, in the order in which they hang.
        theme: Light or dark.
        page: From 1; one that is not there is the nearest.
        pictures: Where small copies are kept.
        locale: The reader's.
        per_page: Pictures on a page.
        width: Of the sheet at most, in pixels.

    """
    planned = _planned(
        board, items, _View(theme=theme, page=page, per_page=per_page, width=width, locale=locale)
    )
    return BoardSheet(
        image=paint(planned.hung.plan, pictures, locale),
        boxes=planned.hung.boxes,
        numbers=planned.numbers,
        page=planned.page,
        pages=planned.pages,
        digest=digest_of(planned.hung.plan, pictures),
    )


def keep_sheet(  # noqa: PLR0913 - which board, which page, for whom and how large
    board: Board,
    *,
    items: Sequence[Item],
    theme: Theme,
    page: int,
    pictures: PictureCache,
    locale: str,
    per_page: int = PER_PAGE,
    width: int = WIDTH,
) -> Path:
    """Return a page of a board as a JPEG, drawn only if it is not kept from before.

    A page is drawn again when something on it changed; see `draw_board` for the arguments.
    """
    planned = _planned(
        board, items, _View(theme=theme, page=page, per_page=per_page, width=width, locale=locale)
    )
    plan = planned.hung.plan
    return pictures.kept_sheet(
        digest_of(plan, pictures),
        lambda: jpeg(paint(plan, pictures, locale), quality=_JPEG_QUALITY),
    )


def draw_compared(
    board: Board, items: Sequence[Item], *, pictures: PictureCache, locale: str
) -> Image.Image:
    """Draw a few pictures of a board side by side, spoilers too."""
    seen = [replace(item, is_spoiler=False) for item in items]
    aspect = _ONE_ROW * sum(item.width / item.height for item in items)
    header = Header(title="")
    hung = hang(header, seen, theme=board.theme, width=_COMPARED, locale=locale, aspect=aspect)
    return paint(hung.plan, pictures, locale)


@dataclass(frozen=True, kw_only=True)
class _View:
    """What of a board is shown how."""

    theme: Theme
    page: int
    per_page: int
    width: int
    locale: str


@dataclass(frozen=True, kw_only=True)
class _Planned:
    hung: PlannedSheet
    numbers: tuple[int, ...]
    page: int
    pages: int


def _planned(board: Board, items: Sequence[Item], view: _View) -> _Planned:
    pages = page_count(len(items), view.per_page)
    page = min(max(view.page, 1), pages)
    shown = items[(page - 1) * view.per_page : page * view.per_page]
    header = header_of(board, items, page=page, pages=pages, locale=view.locale)
    hung = hang(header, shown, theme=view.theme, width=view.width, locale=view.locale)
    return _Planned(hung=hung, numbers=tuple(item.number for item in shown), page=page, pages=pages)


def header_of(board: Board, items: Sequence[Item], *, page: int, pages: int, locale: str) -> Header:
    """Return what stands above a page of a board of which the reader sees `items`.

    What it is about stands on the first page alone.
    """
    return Header(
        title=board.name,
        brief=board.brief if page == 1 else "",
        facts=_facts_line(items, page=page, pages=pages, locale=locale),
        palette=palette_of_items(board, items),
    )


def _facts_line(items: Sequence[Item], *, page: int, pages: int, locale: str) -> str:
    """Return the counts of all pictures; on later pages which one this is."""
    if not items:
        return ""
    where = [text("exhibit_page", locale, page=page, pages=pages)] if pages > 1 else []
    counts = facts(items, locale) if page == 1 else count_words(len(items), locale)
    return " · ".join([*where, counts])


def palette_of_items(board: Board, items: Sequence[Item]) -> tuple[Swatch, ...]:
    """Return the palette of what is shown: hidden pictures leave no colours behind."""
    if len(items) == len(board.items) and board.palette:
        return board.palette
    return merged(item.palette for item in items)
