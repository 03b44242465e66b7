"""A picture of every denoising step: what the finished image looks like from each of them."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Final

from PIL import Image

from bot.cli.outputs import Target
from bot.domain.drawing import RawImage
from bot.media.contact_sheet import Cell, draw_grid, grid_width
from bot.media.encoding import picture_png, to_pillow

_EDGE: Final = 256  # pixels, the longer side of one frame


class Filmstrip:
    """Frames of steps, a row an image."""

    def __init__(self, target: Target) -> None:
        """Remember where it will be written."""
        self._target = target
        self._rows: list[list[Image.Image]] = []

    def add(self, number: int, image: RawImage) -> None:
        """Add what a step estimates; step 1 begins a row."""
        if number == 1:
            self._rows.append([])
        frame = to_pillow(image)
        frame.thumbnail((_EDGE, _EDGE), Image.Resampling.LANCZOS)
        self._rows[-1].append(frame)

    def save(self) -> Path:
        """Write the strip and return its path."""
        columns = max(map(len, self._rows))
        rows = ([*row, *[None] * (columns - len(row))] for row in self._rows)
        edge = max(frame.width for frame in chain(*self._rows))
        sheet = draw_grid(
            [Cell(picture=frame) for frame in chain(*rows)],
            columns=columns,
            column_labels=[f"{number} / {columns}" for number in range(1, columns + 1)],
            width=grid_width(columns, edge),
        )
        return self._target.write(picture_png(sheet.image))
