"""What the built-in styles look like, drawn by the demo model (`tests.pictures.styles`)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from PIL import Image

from bot.domain.styles import BUILT_IN
from bot.media.contact_sheet import Cell, draw_grid

SAMPLE_PROMPT: Final = "a fox"
_FOLDER: Final = Path(__file__).parent
_COLUMNS: Final = 4
_QUALITY: Final = 85


def sample(key: str) -> bytes:
    """Return the WebP of a built-in style."""
    return (_FOLDER / f"{key}.webp").read_bytes()


def samples_sheet(*, is_chinese: bool) -> bytes:
    """Return a WebP of all samples with their names."""
    cells = [
        Cell(
            picture=Image.open(io.BytesIO(sample(each.key))).convert("RGB"),
            label=each.in_language(is_chinese=is_chinese).name,
        )
        for each in BUILT_IN
    ]
    content = io.BytesIO()
    draw_grid(cells, columns=_COLUMNS, width=900).image.save(content, "WEBP", quality=_QUALITY)
    return content.getvalue()
