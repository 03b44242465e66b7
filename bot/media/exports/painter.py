"""Drawing a plan in pixels."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw

from bot.media.exports.shapes import Panel, Photo, Shape, SheetLayout, TextBlock
from bot.media.exports.thumbnails import PictureCache, damage_words
from bot.media.sheets.typography import lettered

_SMOOTHING: Final = 4  # corners are drawn so much larger, and made smaller
_MISSING_SIZE: Final = 20  # pixels
_MISSING_INKS: Final = ((98, 102, 110), (163, 166, 173))  # on a light and on a dark ground
_DARK: Final = 128


def paint(plan: SheetLayout, pictures: PictureCache, locale: str) -> Image.Image:
    """Draw a plan."""
    image = Image.new("RGB", (plan.width, plan.height), plan.ground)
    draw = ImageDraw.Draw(image)
    for shape in plan.shapes:
        match shape:
            case Panel():
                _paint_panel(image, shape)
            case Photo():
                _paint_photo(image, draw, shape, pictures, locale)
            case TextBlock():
                shape.lettering.draw(draw, shape.left, shape.top, shape.anchor)
    return image


def digest_of(plan: SheetLayout, pictures: PictureCache) -> str:
    """Return what two plans share exactly if they look the same."""
    described = [str((plan.width, plan.height, plan.ground))]
    described += [_described(shape, pictures) for shape in plan.shapes]
    return hashlib.sha256("\n".join(described).encode("utf-8", "replace")).hexdigest()


def _described(shape: Shape, pictures: PictureCache) -> str:
    if not isinstance(shape, Photo):
        return repr(shape)
    item = shape.item
    known = (item.pixel_sha256, item.is_spoiler, str(pictures.state_of(item)))
    return repr((shape.box, shape.ground, shape.edge, known))


def _paint_panel(image: Image.Image, panel: Panel) -> None:
    box = panel.box
    place = (box.left, box.top)
    if panel.radius:
        image.paste(panel.fill, place, _rounded(box.width, box.height, panel.radius))
    else:
        image.paste(panel.fill, (*place, box.left + box.width, box.bottom))


@lru_cache(maxsize=256)
def _rounded(width: int, height: int, radius: int) -> Image.Image:
    large = Image.new("L", (width * _SMOOTHING, height * _SMOOTHING))
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), radius * _SMOOTHING, fill=255
    )
    return large.resize((width, height), Image.Resampling.BOX)


def _paint_photo(
    image: Image.Image,
    draw: ImageDraw.ImageDraw,
    photo: Photo,
    pictures: PictureCache,
    locale: str,
) -> None:
    box, shown = photo.box, photo.shown
    frame = (box.left - 1, box.top - 1, box.left + box.width, box.bottom)
    draw.rectangle(frame, fill=photo.ground, outline=photo.edge)
    picture = pictures.picture(photo.item, width=shown.width, height=shown.height)
    if picture is not None:
        image.paste(picture, (shown.left, shown.top))
        return
    lettering = lettered(
        damage_words(pictures.state_of(photo.item), locale),
        size=min(_MISSING_SIZE, max(10, box.width // 10)),
        colour=_MISSING_INKS[max(photo.ground) < _DARK],
        width=box.width,
        max_lines=2,
    )
    middle = box.top + (box.height - lettering.height) // 2
    lettering.draw(draw, box.left + box.width // 2, middle, "m")
