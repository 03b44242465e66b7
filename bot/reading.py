"""Opening a picture or a recipe that somebody handed in, without trusting it.

A file may be huge, cut short, something else than its name says, or a few kilobytes that unpack to
gigabytes. Every refusal is one sentence, and no more memory is used than a real picture needs.
"""

from __future__ import annotations

import hashlib
import io
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import ExifTags, Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from bot.errors import BotError
from bot.images import RECIPE_KEY
from bot.recipe import Recipe, parse_recipe

MAX_BYTES: Final = 25 * 1024**2  # of a file; a PNG of 2048 x 2048 has at most 13 MB
MAX_SIDE: Final = 4096  # twice the largest drawn here
# With what the program itself takes, 71 MB, less than 200 MB: see tests/test_bad_input.py.
MAX_UNPACKED_BYTES: Final = 115 * 10**6
_MAX_TEXT_BYTES: Final = 4 * 10**6  # in a PNG's chunks; our own recipes have some two thousand
_ROWS: Final = 256  # hashed or converted at once: a whole copy would take 67 MB
FORMATS: Final = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP")
_PIXEL_BYTES: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2}  # in memory; of other modes 4
_SUFFIXES: Final = {
    "PNG": ".png",
    "JPEG": ".jpg",
    "MPO": ".jpg",  # what Pillow calls a JPEG that holds further pictures, as cameras write them
    "WEBP": ".webp",
    "AVIF": ".avif",
    "GIF": ".gif",
    "BMP": ".bmp",
    "DIB": ".bmp",
}


class UnreadableImageError(BotError):
    """A file is no picture that can be looked at."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture that was handed in.

    Attributes:
        image: RGB, turned as its EXIF says; transparency lies on white.
        pixel_sha256: Of its RGB pixels as they are in the file.
        recipe_text: What it holds under this bot's key, not yet believed.
        suffix: Of a file in its format, whatever it was called: `.png`.

    """

    image: Image.Image
    pixel_sha256: str
    recipe_text: str | None
    suffix: str

    @property
    def recipe(self) -> Recipe | None:
        """Return the recipe inside, if there is one.

        Raises:
            RecipeError: There is one, and it cannot be believed.

        """
        return None if self.recipe_text is None else parse_recipe(self.recipe_text)


def read_picture(content: bytes) -> Picture:
    """Open a picture.

    Raises:
        UnreadableImageError: It is too large, broken, or none.

    """
    if len(content) > MAX_BYTES:
        raise _too_heavy(len(content))
    # Pillow's switch, for the whole program: 64 kB of compressed texts could take 250 MB.
    PngImagePlugin.MAX_TEXT_MEMORY = _MAX_TEXT_BYTES
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # checked below
            opened = Image.open(io.BytesIO(content), formats=FORMATS)
            _check_pixels(opened, len(content))
            return _picture(opened)
    except UnidentifiedImageError as error:
        raise UnreadableImageError(
            "This file is no picture: use a PNG, JPEG, WebP, AVIF, GIF or BMP."
        ) from error
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(
            f"The picture has too many pixels: use one of at most {MAX_SIDE}x{MAX_SIDE}."
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise UnreadableImageError(
            "The picture is damaged or cut short: save or send it again."
        ) from error


def read_picture_file(path: Path) -> Picture:
    """Open a picture from a disk; see `read_picture`."""
    return read_picture(read_file(path))


def read_file(path: Path) -> bytes:
    """Read a file that is not too large.

    Raises:
        UnreadableImageError: It is missing, too large or cannot be read.

    """
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise _too_heavy(size)
        return path.read_bytes()
    except OSError as error:
        raise UnreadableImageError(
            f"The file {path} cannot be read: {error.strerror or error}."
        ) from error


def _too_heavy(size_bytes: int) -> UnreadableImageError:
    return UnreadableImageError(
        f"The file has {size_bytes / 1e6:.0f} MB: {MAX_BYTES / 1e6:.0f} MB are the limit."
    )


def _check_pixels(opened: Image.Image, size_bytes: int) -> None:
    """Refuse a picture by its header, before anything of it is unpacked."""
    room = MAX_UNPACKED_BYTES - size_bytes
    side = min(math.isqrt(int(room / _bytes_a_pixel(opened))), MAX_SIDE)
    if opened.width * opened.height > side**2:
        raise UnreadableImageError(
            f"The picture has {opened.width}x{opened.height} pixels: use one of at most "
            f"{side}x{side}."
        )


def _bytes_a_pixel(opened: Image.Image) -> float:
    """Return how much unpacking a picture takes at its peak, as measured with Pillow 12."""
    if opened.format in {"WEBP", "AVIF"}:
        return 17  # their decoders hold canvases of animations, too
    pixels = _PIXEL_BYTES.get(opened.mode, 4)
    plain = pixels if opened.mode == "RGB" and not _may_be_turned(opened) else pixels + 4
    if opened.info.get("progressive"):  # a JPEG's coefficients, 16 bits each, until all are there
        return max(plain, pixels + 2 * _samples_a_pixel(opened))
    return plain


def _may_be_turned(opened: Image.Image) -> bool:
    """Tell whether a picture may be turned by its EXIF; to be sure would unpack some formats."""
    if "exif" not in opened.info:
        return False
    return opened.format == "PNG" or opened.getexif().get(ExifTags.Base.Orientation, 1) != 1


def _samples_a_pixel(opened: Image.Image) -> float:
    """Return how many values a JPEG stores a pixel: 3, or half of that with colours of a quarter.

    Raises:
        ValueError: It is damaged.

    """
    layers: list[tuple[int, int, int, int]] = opened.layer  # type: ignore[attr-defined]
    areas = [across * down for _, across, down, _ in layers]
    if not all(areas):
        raise ValueError("a layer without samples")
    return sum(areas) / max(areas)


def _picture(opened: Image.Image) -> Picture:
    opened.load()
    text = getattr(opened, "text", {}).get(RECIPE_KEY)  # a PNG's chunks
    plain = opened if opened.mode == "RGB" else _on_white(opened)
    pixel_sha256 = _pixel_sha256(plain)
    ImageOps.exif_transpose(plain, in_place=True)  # no copy where nothing is to be turned
    return Picture(
        image=plain,
        pixel_sha256=pixel_sha256,
        recipe_text=None if text is None else str(text),
        suffix=_SUFFIXES[opened.format or "PNG"],
    )


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Yield an image a few rows at a time, each with its top."""
    for top in range(0, image.height, _ROWS):
        yield top, image.crop((0, top, image.width, min(top + _ROWS, image.height)))


def _pixel_sha256(image: Image.Image) -> str:
    """Return the SHA-256 of an image's RGB pixels."""
    digest = hashlib.sha256()
    for _, rows in _strips(image):
        digest.update(rows.tobytes())
    return digest.hexdigest()


def _on_white(opened: Image.Image) -> Image.Image:
    """Return RGB pixels of a palette, grey, CMYK, 16-bit or transparent picture."""
    ground = Image.new("RGB", opened.size, "white")
    for top, rows in _strips(opened):
        if rows.mode in {"I", "I;16", "I;16B", "I;16L", "F"}:
            ground.paste(rows.point(lambda value: value / 256).convert("L"), (0, top))
        elif not rows.has_transparency_data:
            ground.paste(rows.convert("RGB"), (0, top))
        else:
            layer = rows.convert("RGBA")
            ground.paste(layer, (0, top), mask=layer.getchannel("A"))
    return ground
