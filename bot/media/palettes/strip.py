"""A palette as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PIL import Image

from bot.domain.boards import Swatch
from bot.media.kit import Box, Panel, SheetLayout, paint

_SIZE: Final = (1024, 128)  # pixels


def draw_strip(swatches: Sequence[Swatch]) -> Image.Image:
    """Draw the colours side by side, each as wide as its share."""
    width, height = _SIZE
    total, end, panels = sum(each.share for each in swatches) or 1.0, 0.0, []
    for swatch in swatches:
        left, end = round(end), end + width * swatch.share / total
        box = Box(left=left, top=0, width=round(end) - left, height=height)
        panels.append(Panel(box=box, fill=swatch.rgb))
    ground = swatches[-1].rgb
    return paint(SheetLayout(width=width, height=height, ground=ground, shapes=tuple(panels)))
