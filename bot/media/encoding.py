"""Pixels to files and back: encoding, the recipe inside the file, and copies that fit a limit."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.domain.drawing import RawImage
from bot.domain.recipe import canonical, parameters_text
from bot.domain.signature import SigningKey

RECIPE_KEY: Final = "z-image-bot"  # the PNG's iTXt chunk that holds the recipe
SIGNATURE_KEY: Final = "z-image-bot-signature"  # the chunk with the signature of the recipe
PARAMETERS_KEY: Final = "parameters"  # the text that other image tools read
_PNG_LEVEL: Final = 6  # 296 ms at 1024 x 1024 on one core, measured; never on the GPU's thread
_FAST_PNG_LEVEL: Final = 1  # 65 ms
_PREVIEW_SIDE: Final = 512  # pixels: previews are an eighth of the image and shown larger
_JPEG_QUALITY: Final = 92
_WEBP_QUALITIES: Final = (95, 90, 80, 60)
_LEAST_SIDE: Final = 512  # pixels: what is no larger is not made smaller to fit
# Of a PNG's bytes, what lossless WebP takes at least of a picture that is no flat drawing; looking
# takes 10 s at 4096x4096.
_LOSSLESS_SHARE: Final = 0.5


class Fit(StrEnum):
    """What a copy that fits an upload limit kept of the image."""

    PNG = "png"
    LOSSLESS = "lossless"
    LOSSY = "lossy"
    REDUCED = "reduced"  # in fewer pixels


@dataclass(frozen=True, kw_only=True)
class Copy:
    """An encoded copy of an image; `suffix` is `.png`, `.webp` or `.jpg`."""

    content: bytes
    suffix: str
    fit: Fit


def encode_png(
    image: RawImage,
    *,
    recipe: Mapping[str, object] | None = None,
    key: SigningKey | None = None,
    notes: Mapping[str, str] | None = None,
    fast: bool = False,
) -> bytes:
    """Return a PNG, with the recipe as one JSON document and as `parameters` text.

    Args:
        image: The pixels.
        recipe: What made them.
        key: What signs the recipe.
        notes: Further texts, by their keys.
        fast: Whether time counts more than size.

    """
    info = PngInfo()
    if recipe is not None:
        info.add_itxt(RECIPE_KEY, canonical(recipe))
        info.add_itxt(PARAMETERS_KEY, parameters_text(recipe))
        if key is not None:
            info.add_itxt(SIGNATURE_KEY, key.sign(canonical(recipe)))
    for name, words in (notes or {}).items():
        info.add_itxt(name, words)
    level = _FAST_PNG_LEVEL if fast else _PNG_LEVEL
    buffer = io.BytesIO()
    to_pillow(image).save(buffer, "PNG", pnginfo=info, compress_level=level)
    return buffer.getvalue()


def picture_png(image: Image.Image) -> bytes:
    """Return a PNG of a picture that is none of the model's, for example a sheet."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_PNG_LEVEL)
    return buffer.getvalue()


def tiles_copy(image: Image.Image) -> Copy:
    """Return a JPEG of many pictures that are kept elsewhere: a PNG takes ten times as long."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return Copy(content=buffer.getvalue(), suffix=".jpg", fit=Fit.LOSSY)


def encode_preview(image: RawImage) -> bytes:
    """Return a small preview enlarged as a WebP of a few kilobytes."""
    pillow = to_pillow(image)
    scale = _PREVIEW_SIDE / max(pillow.size)
    size = (round(pillow.width * scale), round(pillow.height * scale))
    return _webp(pillow.resize(size, Image.Resampling.BICUBIC), quality=75)


def fit_under(png: bytes, *, limit_bytes: int) -> Copy:
    """Return the PNG itself if it fits, else lossless WebP, else the best lossy WebP that does.

    Where even that is too large, its sides are halved. The recipe stays in the database; a WebP
    carries none.
    """
    if len(png) <= limit_bytes:
        return Copy(content=png, suffix=".png", fit=Fit.PNG)
    with Image.open(io.BytesIO(png)) as image:
        if len(png) * _LOSSLESS_SHARE <= limit_bytes:
            lossless = _webp(image, lossless=True)
            if len(lossless) <= limit_bytes:
                return Copy(content=lossless, suffix=".webp", fit=Fit.LOSSLESS)
        content = b""
        for quality in _WEBP_QUALITIES:
            content = _webp(image, quality=quality)
            if len(content) <= limit_bytes:
                return Copy(content=content, suffix=".webp", fit=Fit.LOSSY)
        small = image.convert("RGB")
        while max(small.size) > _LEAST_SIDE and len(content) > limit_bytes:
            small = small.reduce(2)
            content = _webp(small, quality=_WEBP_QUALITIES[0])
    return Copy(content=content, suffix=".webp", fit=Fit.REDUCED)


def make_thumbnail(png: bytes, *, side: int) -> bytes:
    """Return a WebP whose longer side is at most `side` pixels."""
    with Image.open(io.BytesIO(png)) as image:
        return picture_thumbnail(image, side=side)


def picture_thumbnail(image: Image.Image, *, side: int) -> bytes:
    """Return the same of a picture that is open, which becomes as small itself."""
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return _webp(image, quality=85)


def to_pillow(image: RawImage) -> Image.Image:
    """Return the pixels as a Pillow image."""
    return Image.frombytes("RGB", (image.width, image.height), image.pixels)


def _webp(image: Image.Image, *, lossless: bool = False, quality: int = 80) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=lossless, quality=quality, method=4)
    return buffer.getvalue()
