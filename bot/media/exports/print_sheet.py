"""All of a board on one sheet for print, up to 8K wide."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bot.domain.boards import Item
from bot.media.exports.board_builder import WIDTH
from bot.media.exports.order import ExportOrder
from bot.media.exports.sheet import header_of, paint_items
from bot.media.exports.sheet_layout import plan_sheet
from bot.media.kit import SheetLayout

MAX_WIDTH: Final = 8192  # pixels
_USUAL_WIDTH: Final = 4096  # pixels, where the pictures have no more to show
_LEAST_WIDTH: Final = 800
_MAX_PIXELS: Final = 34_000_000  # of a sheet: Pillow takes four bytes for each
_ASPECT: Final = 2.1  # width / height of the rows; with the title about that of A paper
_LEVEL: Final = 5  # of PNG's compression
_TRIES: Final = 6
_SPARE: Final = 0.96  # of a width that should just fit is taken


def print_sheet(path: Path, order: ExportOrder) -> tuple[int, int]:
    """Write the sheet; return its width and the width it would have without a limit, in pixels.

    A sheet that is too large is drawn again narrower; after some tries it may still be too large.
    """
    board, items, limit, locale = order.board, order.items, order.limit_bytes, order.locale
    header = header_of(board, items, page=1, pages=1, locale=locale)

    def planned(size: int) -> SheetLayout[Item]:
        """Return the sheet whose type and gaps go with a width."""
        return plan_sheet(
            header, items, theme=board.theme, width=size, locale=locale, aspect=_ASPECT
        )

    def written(size: int) -> int:
        """Write the sheet; return its bytes."""
        paint_items(planned(size), order.pictures, locale).save(path, "PNG", compress_level=_LEVEL)
        return path.stat().st_size

    size = natural = natural_width(planned)
    if limit is not None:
        # Larger sheets take less a pixel: a small one tells what can be expected at least.
        size = min(size, _narrower(WIDTH, written(WIDTH), limit))
    for _ in range(_TRIES):
        taken = written(size)
        if limit is None or taken <= limit or size == _LEAST_WIDTH:
            break
        size = _narrower(size, taken, limit)
    return planned(size).width, planned(natural).width


def _narrower(width: int, taken_bytes: int, limit_bytes: int) -> int:
    return max(_LEAST_WIDTH, round(width * math.sqrt(limit_bytes / taken_bytes) * _SPARE))


def natural_width(planned: Callable[[int], SheetLayout[Item]]) -> int:
    """Return the width in which the pictures show all they have, within what can be drawn."""
    plan = planned(WIDTH)
    detail = max((photo.size[0] / photo.shown.width for photo in plan.photos), default=1.0)
    width = min(MAX_WIDTH, max(_USUAL_WIDTH, round(WIDTH * detail)))
    large = planned(width)
    return min(width, round(width * math.sqrt(_MAX_PIXELS / (large.width * large.height))))
