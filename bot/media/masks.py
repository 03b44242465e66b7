"""Masks: which pixels of a picture are drawn, white, and which stay, black."""

from __future__ import annotations

from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bot.domain.drawing import RawImage
from bot.domain.regions import Region
from bot.domain.requests import Size
from bot.errors import InvalidRequestError
from bot.media.decoding import decode, open_picture
from bot.media.image_input import Picture, read_picture
from bot.media.source_pictures import Fit, fitted, raw_image

_BLACK, _WHITE = 0, 255
_HALF: Final = 128  # of 255: from here on a grey is white, a transparency is a hole
_ASPECT: Final = 0.02  # by which the shapes of two pictures may differ and still be the same
_RED: Final = (190, 90)  # of 255: more red than this, and no more green or blue than that
_CHANGED: Final = 24  # of 255: more than a compression changes a pixel
_COLOURFUL: Final = 60  # of 255: between the channels of a pixel that has a colour
_FEW: Final = 0.002  # of all pixels: fewer with a colour are what a compression made


def mask_of_region(region: Region, size: Size) -> RawImage:
    """Return the mask of a region.

    Raises:
        InvalidRequestError: It is all of the picture.

    """
    mask = Image.new("L", (size.width, size.height))
    draw = ImageDraw.Draw(mask)
    for area in region:
        left, top, right, bottom = area.pixels(size.width, size.height)
        draw.rectangle((left, top, right - 1, bottom - 1), fill=_WHITE)
    return checked_mask(mask)


def mask_of_file(content: bytes, *, of: Image.Image, size: Size, fit: Fit = Fit.CROP) -> RawImage:
    """Read a mask that was handed in: white on black, painted red, or transparent where to draw.

    A larger or smaller one of the same shape will do: many programs save what they show.

    Args:
        content: A file.
        of: The picture (RGB) that it is for, as that was handed in.
        size: Of the image.
        fit: How the picture was brought to that size.

    Raises:
        BotError: It is no picture, of another shape, or marks nothing or everything.

    """
    picture = read_picture(content)
    width, height = picture.size
    if abs(width * of.height / (height * of.width) - 1) > _ASPECT:
        raise InvalidRequestError(
            f"The mask has {width}x{height} pixels and the picture {of.width}x{of.height}: use one "
            "of the same shape."
        )
    return checked_mask(fitted_mask(_marked(content, picture, of), size, fit))


def fitted_mask(mask: Image.Image, size: Size, fit: Fit = Fit.CROP) -> Image.Image:
    """Return a mask (L) at a size, as its picture is brought to it; where that is padded it stays.

    Without shades, as the edge is faded when it is drawn.
    """
    return fitted(mask, size, fit, Image.Resampling.NEAREST, ground=_BLACK)


def checked_mask(mask: Image.Image) -> RawImage:
    """Return a mask (L) as pixels that are black or white.

    Raises:
        InvalidRequestError: It marks nothing, or everything.

    """
    pixels = mask.point(lambda value: _WHITE if value >= _HALF else _BLACK)
    if not pixels.getbbox():
        raise InvalidRequestError(
            "The mask marks nothing to draw: make it white on black, paint over the picture in "
            "red, or leave it transparent where something is to be drawn."
        )
    if not ImageChops.invert(pixels).getbbox():
        raise InvalidRequestError(
            "The mask marks the whole picture, of which nothing would stay: mark a part of it, or "
            "use the picture as a source with the strength redraw."
        )
    return raw_image(pixels)


def _marked(content: bytes, picture: Picture, of: Image.Image) -> Image.Image:
    """Return what a picture marks (L): its holes, else what is red, else what is white."""
    holes = _holes(content, picture)
    if holes is not None:
        return holes
    brightest, darkest = _extremes(picture.image)
    colours = _above(ImageChops.subtract(brightest, darkest), _COLOURFUL)
    if colours.histogram()[_WHITE] > _FEW * colours.width * colours.height:
        return _painted(picture.image, of)
    return picture.image.convert("L")


def _painted(picture: Image.Image, of: Image.Image) -> Image.Image:
    """Return where a picture (RGB) is red (L), but for what was as red before it was painted on."""
    before = of.resize(picture.size)
    red, green, blue = picture.split()
    least, most = _RED
    is_red = ImageChops.subtract(_above(red, least), _above(ImageChops.lighter(green, blue), most))
    changed, _ = _extremes(ImageChops.difference(picture, before))
    painted = ImageChops.darker(is_red, _above(changed, _CHANGED))
    # Lines of two pixels and less go: a compression changes the rim of what is red.
    return painted.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3))


def _extremes(picture: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Return the largest and the smallest channel of each pixel (L)."""
    red, green, blue = picture.split()
    return (
        ImageChops.lighter(ImageChops.lighter(red, green), blue),
        ImageChops.darker(ImageChops.darker(red, green), blue),
    )


def _above(channel: Image.Image, limit: int) -> Image.Image:
    return channel.point(lambda value: _WHITE if value > limit else _BLACK)


def _holes(content: bytes, picture: Picture) -> Image.Image | None:
    """Return where a picture is transparent (L); None where it is nowhere.

    It is what differs between the picture on white and on black.
    """
    file = open_picture(content)
    if not file.image.has_transparency_data:
        return None
    on_black = decode(file, ground="black").image
    holes, _ = _extremes(ImageChops.difference(picture.image, on_black))
    return holes if _above(holes, _HALF).getbbox() else None
