"""A picture under a numbered grid, to choose parts of it by."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

from bot.domain.regions import region_of_cells
from bot.media.kit import DARK, Box, LayoutBuilder, TextStyle, paint

_SIDE: Final = 800  # pixels of the longer side: a phone shows about 400, and magnifies what is less
_LINES: Final = ((6, (20, 22, 26)), (2, (255, 255, 255)))  # a light line on a dark one
_NUMBER: Final = 36  # pixels: half as large on a phone


def numbered_grid(picture: Image.Image, grid: int) -> bytes:
    """Return a picture (RGB) under a grid of so many cells a side, as a WebP file."""
    scale = _SIDE / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    builder: LayoutBuilder[None] = LayoutBuilder(width=width, colours=DARK)
    builder.photo(None, (width, height), Box(left=0, top=0, width=width, height=height))
    for thickness, colour in _LINES:
        for i in range(1, grid):
            left, top = (round(side * i / grid) - thickness // 2 for side in (width, height))
            builder.panel(Box(left=left, top=0, width=thickness, height=height), colour)
            builder.panel(Box(left=0, top=top, width=width, height=thickness), colour)
    style, ground = TextStyle(size=_NUMBER, colour=(255, 255, 255)), _LINES[0][1]
    for number in range(1, grid * grid + 1):
        [cell] = region_of_cells([number], grid=grid)
        left, top, _, _ = cell.pixels(width, height)
        builder.mark(str(number), (left + 8, top + 8), style, ground)
    shown = picture.resize((width, height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    paint(builder.plan(height), lambda _: shown).save(out, "WEBP", quality=85)
    return out.getvalue()
