"""A picture of every denoising step: what the finished image looks like from each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from bot.cli.outputs import Target
from bot.domain.drawing import RawImage
from bot.media.encoding import encode_png

_EDGE: Final = 256  # pixels, the longer side of one frame
_GAP: Final = 8
_LABEL: Final = 22
_BACKGROUND: Final = (24, 25, 28)
_TEXT: Final = (219, 222, 225)


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
        self._rows[-1].append(_frame(image))

    def save(self) -> Path:
        """Write the strip and return its path."""
        sheet = self._sheet()
        width, height = sheet.size
        return self._target.write(
            encode_png(RawImage(width=width, height=height, pixels=sheet.tobytes()))
        )

    def _sheet(self) -> Image.Image:
        columns = max(len(row) for row in self._rows)
        frame_width = max(frame.width for row in self._rows for frame in row)
        heights = [max(frame.height for frame in row) + _LABEL for row in self._rows]
        width = columns * (frame_width + _GAP) + _GAP
        sheet = Image.new("RGB", (width, sum(heights) + _GAP * (len(heights) + 1)), _BACKGROUND)
        top = _GAP
        for row, height in zip(self._rows, heights, strict=True):
            for i, frame in enumerate(row):
                _place(
                    sheet,
                    frame,
                    left=_GAP + i * (frame_width + _GAP),
                    top=top,
                    label=f"{i + 1} / {len(row)}",
                )
            top += height + _GAP
        return sheet


def _place(sheet: Image.Image, frame: Image.Image, *, left: int, top: int, label: str) -> None:
    sheet.paste(frame, (left, top))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=14)
    draw.text((left + frame.width / 2, top + frame.height + 4), label, _TEXT, font, anchor="mt")


def _frame(raw: RawImage) -> Image.Image:
    image = Image.frombytes("RGB", (raw.width, raw.height), raw.pixels)
    image.thumbnail((_EDGE, _EDGE), Image.Resampling.LANCZOS)
    return image
