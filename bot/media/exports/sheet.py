"""A board, or a page of it, as one picture: what its pinned message shows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from PIL import Image

from bot.domain.boards import Board, Item, Swatch, Theme
from bot.locales import text
from bot.media.exports.board_builder import WIDTH
from bot.media.exports.phrases import count_words, facts
from bot.media.exports.sheet_layout import plan_sheet
from bot.media.exports.title_block import Header
from bot.media.kit import Photo, SheetLayout, paint
from bot.media.palettes import merged
from bot.media.thumbnails import PictureCache, damage_words, jpeg

PER_PAGE: Final = 12  # three rows: in a channel, a third as large, words can still be read
_JPEG_QUALITY: Final = 93  # type stays clean: a tenth of a PNG, and of its time
_COMPARED: Final = 2000  # pixels: the width of pictures side by side
_ONE_ROW: Final = 0.75  # of their widths / height together: a row of them with its words


@dataclass(frozen=True, kw_only=True)
class BoardPage:
    """A planned page of a board.

    Attributes:
        numbers: Of the pictures on it, in the order of the layout's photos.
        page: Which one this is, from 1.

    """

    layout: SheetLayout[Item]
    numbers: tuple[int, ...]
    page: int
    pages: int


def page_count(count: int, per_page: int = PER_PAGE) -> int:
    """Return how many pages so many pictures take; none take one."""
    return max(1, math.ceil(count / per_page))


def plan_page(
    board: Board,
    *,
    items: Sequence[Item],
    theme: Theme,
    page: int,
    locale: str,
    per_page: int = PER_PAGE,
    width: int = WIDTH,
) -> BoardPage:
    """Plan a page of a board.

    Args:
        board: Its name and brief stand above.
        items: All that the reader may see, in the order in which they hang.
        theme: Light or dark.
        page: From 1; one that is not there is the nearest.
        locale: The reader's.
        per_page: Pictures on a page.
        width: Of the sheet at most, in pixels.

    """
    pages = page_count(len(items), per_page)
    page = min(max(page, 1), pages)
    shown = items[(page - 1) * per_page : page * per_page]
    header = header_of(board, items, page=page, pages=pages, locale=locale)
    layout = plan_sheet(header, shown, theme=theme, width=width, locale=locale)
    numbers = tuple(item.number for item in shown)
    return BoardPage(layout=layout, numbers=numbers, page=page, pages=pages)


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
    """Return a page of a board as a JPEG, painted only if it is not kept from before.

    A page is painted again when something on it changed; see `plan_page` for the arguments.
    """
    layout = plan_page(
        board, items=items, theme=theme, page=page, locale=locale, per_page=per_page, width=width
    ).layout
    return pictures.kept_sheet(
        digest_of(layout, pictures),
        lambda: jpeg(paint_items(layout, pictures, locale), quality=_JPEG_QUALITY),
    )


def draw_compared(
    board: Board, items: Sequence[Item], *, pictures: PictureCache, locale: str
) -> Image.Image:
    """Draw a few pictures of a board side by side, spoilers too."""
    seen = [replace(item, is_spoiler=False) for item in items]
    aspect = _ONE_ROW * sum(item.width / item.height for item in items)
    layout = plan_sheet(
        Header(title=""), seen, theme=board.theme, width=_COMPARED, locale=locale, aspect=aspect
    )
    return paint_items(layout, pictures, locale)


def paint_items(layout: SheetLayout[Item], pictures: PictureCache, locale: str) -> Image.Image:
    """Paint a layout of pictures; what is missing or damaged is said in its place."""

    def opened(photo: Photo[Item]) -> Image.Image | str:
        item, box = photo.source, photo.shown
        picture = pictures.picture(item, width=box.width, height=box.height)
        return damage_words(pictures.state_of(item), locale) if picture is None else picture

    return paint(layout, opened)


def digest_of(layout: SheetLayout[Item], pictures: PictureCache) -> str:
    """Return what two layouts share exactly if they look the same."""
    described = [repr((layout.width, layout.height, layout.ground))]
    for shape in layout.shapes:
        if isinstance(shape, Photo):
            item = shape.source
            known = (item.pixel_sha256, item.is_spoiler, str(pictures.state_of(item)))
            described.append(repr((shape.box, shape.ground, shape.edge, known)))
        else:
            described.append(repr(shape))
    return hashlib.sha256("\n".join(described).encode("utf-8", "replace")).hexdigest()


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
