"""Painting a layout in pixels."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw

from bot.media.kit.curves import arrow_head, rounded_path
from bot.media.kit.shapes import Box, Lines, Panel, Photo, SheetLayout, Source, TextBlock
from bot.media.kit.theme import Colour
from bot.media.kit.typography import TextStyle, font_for

_SMOOTHING: Final = 4  # corners are drawn so much larger, and made smaller
_LINE_SMOOTHING: Final = 2  # the same of lines, whose mask is as large as the sheet
_MISSING_SIZE: Final = 20  # pixels, of what is said in the place of a picture


def _left_empty(_photo: Photo[Source]) -> str:
    return ""


def paint(
    layout: SheetLayout[Source],
    opened: Callable[[Photo[Source]], Image.Image | str] = _left_empty,
) -> Image.Image:
    """Paint a layout; its pictures are opened one at a time.

    Args:
        layout: What stands where.
        opened: Returns a picture as it is shown, or what is said in its place.

    """
    image = Image.new("RGB", (layout.width, layout.height), layout.ground)
    draw = ImageDraw.Draw(image)
    for shape in layout.shapes:
        match shape:
            case Panel():
                _paint_panel(image, shape.box, shape.fill, shape.radius)
            case Photo():
                _paint_photo(image, draw, shape, opened(shape))
            case Lines():
                _paint_lines(image, shape)
            case TextBlock():
                _paint_text(draw, shape)
    return image


def _paint_panel(image: Image.Image, box: Box, fill: Colour, radius: int) -> None:
    if radius:
        image.paste(fill, (box.left, box.top), _rounded(box.width, box.height, radius))
    else:
        image.paste(fill, (box.left, box.top, box.right, box.bottom))


@lru_cache(maxsize=256)
def _rounded(width: int, height: int, radius: int) -> Image.Image:
    """Return the mask of a rectangle with round corners: Pillow's own are jagged."""
    large = Image.new("L", (width * _SMOOTHING, height * _SMOOTHING))
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), radius * _SMOOTHING, fill=255
    )
    return large.resize((width, height), Image.Resampling.BOX)


def _paint_photo(
    image: Image.Image,
    draw: ImageDraw.ImageDraw,
    photo: Photo[Source],
    picture: Image.Image | str,
) -> None:
    box = photo.box
    if photo.edge is not None:
        frame = (box.left - 1, box.top - 1, box.right, box.bottom)
        draw.rectangle(frame, fill=photo.ground, outline=photo.edge)
    elif isinstance(picture, str):
        _paint_panel(image, box, photo.ground, photo.radius)
    if isinstance(picture, Image.Image):
        place = box.centred(picture.size)
        mask = _rounded(*picture.size, photo.radius) if photo.radius else None
        image.paste(picture, (place.left, place.top), mask)
    elif picture:
        size = min(_MISSING_SIZE, max(10, box.width // 10))
        style = TextStyle(size=size, colour=photo.ink)
        words = TextBlock.of(picture, style, width=box.width, lines=2)
        top = box.top + (box.height - words.height) // 2
        _paint_text(draw, words.at((box.middle, top), "m"))


def _paint_text(draw: ImageDraw.ImageDraw, text: TextBlock) -> None:
    size, colour = text.style.size, text.style.colour
    for i, line in enumerate(text.shown):
        place = (text.left, text.top + (i + 0.5) * text.style.line_height)
        draw.text(place, line, colour, font_for(line, size), anchor=f"{text.anchor}m")


def _paint_lines(image: Image.Image, lines: Lines) -> None:
    mask = Image.new("L", (image.width * _LINE_SMOOTHING, image.height * _LINE_SMOOTHING), 0)
    draw = ImageDraw.Draw(mask)
    width = lines.width * _LINE_SMOOTHING
    for path in lines.paths:
        points = rounded_path([(x * _LINE_SMOOTHING, y * _LINE_SMOOTHING) for x, y in path],
                              radius=10 * _LINE_SMOOTHING)  # fmt: skip
        draw.line(points, fill=255, width=width, joint="curve")
        draw.polygon(arrow_head(points[-2], points[-1], size=width * 2.5), fill=255)
    image.paste(lines.colour, mask=mask.resize(image.size, Image.Resampling.BOX))
