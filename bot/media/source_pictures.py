"""Pictures that images are made from, brought to the size of the image."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PIL import Image, ImageOps

from bot.domain.drawing import RawImage
from bot.domain.recipe import RecipeError
from bot.domain.requests import (
    LARGEST_SIDE,
    MIN_SIDE,
    SIZE_MULTIPLE,
    ImageRequest,
    ModelRules,
    OperationKind,
    Size,
    factors_of,
)
from bot.errors import InvalidRequestError
from bot.media.image_input import Picture

WHITE: Final = (255, 255, 255)
SMALLEST_SIDE: Final = 32  # pixels: an icon; on less, nothing can be recognised


@dataclass(frozen=True, kw_only=True)
class StartPictures:
    """What an image begins with.

    Attributes:
        picture: At the size of the image.
        mask: What of it is drawn; None for all of it.
        kind: What is done where there is a mask.

    """

    picture: RawImage
    mask: RawImage | None = None
    kind: OperationKind = OperationKind.INPAINT

    @property
    def size(self) -> Size:
        """Return the size of the image, which is the picture's."""
        return Size(width=self.picture.width, height=self.picture.height)

    @property
    def pictures(self) -> tuple[RawImage, ...]:
        """Return all that has to be kept of it, in the order of the operation."""
        return (self.picture,) if self.mask is None else (self.picture, self.mask)

    def begin(self, request: ImageRequest) -> ImageRequest:
        """Return the request as one that begins with it; around a picture no old map fits."""
        source = self.picture.pixel_sha256
        if self.mask is None:
            return request.begun_with(source)
        if self.kind is OperationKind.OUTPAINT:
            request = request.without_control()
        return request.drawn_into(self.kind, source=source, mask=self.mask.pixel_sha256)


class Fit(StrEnum):
    """How a picture of another shape becomes one of the size that is wanted."""

    CROP = "crop"  # what is too long is cut off, on both sides alike
    PAD = "pad"  # what is missing is white, on both sides alike


def prepared(picture: Image.Image, size: Size, fit: Fit = Fit.CROP) -> RawImage:
    """Return a picture (RGB) at a size; one that has it already keeps its pixels."""
    return raw_image(fitted(picture, size, fit, Image.Resampling.LANCZOS, ground=WHITE))


def fitted(
    picture: Image.Image,
    size: Size,
    fit: Fit,
    resampling: Image.Resampling,
    *,
    ground: int | tuple[int, ...],
) -> Image.Image:
    """Return a picture at a size; `ground` is the colour that it is padded with."""
    wanted = (size.width, size.height)
    if picture.size == wanted:
        return picture
    if fit is Fit.PAD:
        return ImageOps.pad(picture, wanted, resampling, color=ground)
    return ImageOps.fit(picture, wanted, resampling)


def source_of(
    picture: Picture, *, rules: ModelRules, size: Size | None, fit: Fit = Fit.CROP
) -> tuple[RawImage, Size]:
    """Return a picture that was handed in as the source of an image, and the size of that image.

    Args:
        picture: As it was handed in.
        rules: Of the model.
        size: What was asked for; None takes the size nearest to the picture's own that the model
            draws well.
        fit: How another shape is brought to it.

    Raises:
        InvalidRequestError: It is animated, or too small or narrow to make anything of.

    """
    check_source(picture, rules)
    size = size or rules.nearest(*picture.size)
    return prepared(picture.image, size, fit), size


def check_source(picture: Picture, rules: ModelRules) -> None:
    """Refuse a picture that was handed in and is none to make an image from.

    Other colour models and bit depths are no reason: `read_picture` converts them.

    Raises:
        InvalidRequestError: It is animated, smaller than anything can be seen on, or narrower than
            any image of the model.

    """
    width, height = picture.size
    _check_still(picture)
    if min(width, height) < SMALLEST_SIDE:
        raise InvalidRequestError(
            f"The picture has {width}x{height} pixels: use one with at least {SMALLEST_SIDE} on "
            "each side."
        )
    narrowest = rules.max_side // MIN_SIDE
    if max(width, height) > narrowest * min(width, height):
        raise InvalidRequestError(
            f"The picture has {width}x{height} pixels: use one that is at most {narrowest} times "
            "as long as it is wide."
        )


def _check_still(picture: Picture) -> None:
    if picture.is_animated:
        raise InvalidRequestError(
            "The picture is animated, and an image has one frame: use a still one, for example "
            "that frame saved as a PNG."
        )


def upscale_source(picture: Picture, factor: int) -> tuple[RawImage, Size]:
    """Return a picture that was handed in, to be upscaled, and the size of the result.

    Its pixels stay as they are; up to seven rows and columns at its edges are left out, so that the
    result has a size that there is.

    Raises:
        InvalidRequestError: It is animated or too small, or the result would be too large.

    """
    _check_still(picture)
    (width, height), least = picture.size, MIN_SIDE // factor
    if min(width, height) < least:
        raise InvalidRequestError(
            f"The picture has {width}x{height} pixels, too few to upscale it {factor}×: use one "
            f"with at least {least} on each side."
        )
    if factor not in factors_of(width, height):
        fitting = factors_of(width, height)
        advice = f"use {fitting[-1]}×" if fitting else f"use one of at most {LARGEST_SIDE // 2}"
        raise InvalidRequestError(
            f"The picture has {width}x{height} pixels, too many to upscale it {factor}×, as a side "
            f"of the result may have {LARGEST_SIDE}: {advice}."
        )
    step = SIZE_MULTIPLE // factor
    across, down = width // step * step, height // step * step
    left, top = (width - across) // 2, (height - down) // 2
    kept = picture.image.crop((left, top, left + across, top + down))
    return raw_image(kept), Size(width=across * factor, height=down * factor)


def prompt_in(picture: Picture) -> str:
    """Return the prompt of the recipe in a file that was handed in; nothing where there is none."""
    try:
        recipe = picture.recipe
    except RecipeError:
        return ""
    return "" if recipe is None else recipe.request.prompt


def raw_image(picture: Image.Image) -> RawImage:
    """Return the pixels of a picture."""
    rgb = picture.convert("RGB")
    return RawImage(width=rgb.width, height=rgb.height, pixels=rgb.tobytes())


def raw_image_of(content: bytes) -> RawImage:
    """Return the pixels of a file that was found whole."""
    with Image.open(io.BytesIO(content)) as picture:
        return raw_image(picture)
