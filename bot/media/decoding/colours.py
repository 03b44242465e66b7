"""Colours of pictures: to sRGB by the profile in the file, and onto a ground."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageCms

_SIXTEEN_BITS: Final = {"I", "I;16", "I;16B", "I;16L", "F"}
_MODES: Final = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}  # by the name of ICC

Ground = str | tuple[int, int, int]
Transform = Callable[[Image.Image], Image.Image]


def transform_of(profile: bytes | None, mode: str) -> Transform | None:
    """Return what turns strips of a picture into sRGB; None if there is nothing to do.

    Raises:
        ImageCms.PyCMSError: The profile is damaged or is not for such pixels.

    """
    if profile is None:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except OSError as error:
        raise ImageCms.PyCMSError(str(error)) from error
    space = _MODES.get(source.profile.xcolor_space)
    if space is None or (space == "CMYK") != (mode == "CMYK"):
        raise ImageCms.PyCMSError("It is for other colours")
    transform = ImageCms.buildTransform(source, _srgb(), space, "RGB")

    def apply(rows: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(rows.convert(space), transform)
        assert converted is not None
        return converted

    return apply


@functools.cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def to_rgb(rows: Image.Image, ground: Ground, transform: Transform | None = None) -> Image.Image:
    """Return RGB pixels of a palette, grey, CMYK, 16-bit or transparent picture."""
    if rows.mode in _SIXTEEN_BITS:
        rows = rows.point(lambda value: value / 256).convert("L")
    if not rows.has_transparency_data:
        return rows.convert("RGB") if transform is None else transform(rows)
    layer = rows.convert("RGBA")
    below = Image.new("RGB", rows.size, ground)
    above = layer.convert("RGB") if transform is None else transform(layer.convert("RGB"))
    below.paste(above, mask=layer.getchannel("A"))
    return below
