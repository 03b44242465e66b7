"""Pictures on larger canvases, with a mask of what is to be drawn around them."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from bot.domain.drawing import RawImage
from bot.domain.extents import Extent
from bot.media.masks import checked_mask
from bot.media.source_pictures import raw_image

# Of the shorter side, an eighth: the corners of many pictures are darker than all else.
_BLUR: Final = 8


def extended(picture: Image.Image, extent: Extent) -> tuple[RawImage, RawImage]:
    """Return a picture (RGB) on its canvas, and the mask of what is drawn around it.

    Around it go the colours at its edge, so that what is drawn begins with them.

    Raises:
        InvalidRequestError: Nothing would be drawn.

    """
    if picture.size != extent.picture:
        picture = ImageOps.fit(picture, extent.picture, Image.Resampling.LANCZOS)
    canvas, (left, top) = extent.canvas, extent.place
    box = (max(0, -left), max(0, -top), canvas.width - left, canvas.height - top)
    inside = picture.crop((*box[:2], min(box[2], picture.width), min(box[3], picture.height)))
    place = (max(0, left), max(0, top))
    right, bottom = place[0] + inside.width, place[1] + inside.height
    around = ((place[1], canvas.height - bottom), (place[0], canvas.width - right), (0, 0))
    soft = inside.filter(ImageFilter.GaussianBlur(min(inside.size) / _BLUR))
    filled = Image.fromarray(np.pad(np.asarray(soft), around, mode="edge"))
    filled.paste(inside, place)
    mask = Image.new("L", filled.size, "white")
    mask.paste(0, (*place, right, bottom))
    return raw_image(filled), checked_mask(mask)
