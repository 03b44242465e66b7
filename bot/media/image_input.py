"""Opening a picture or a recipe that somebody handed in, without trusting it.

A file may be huge, cut short, something else than its name says, or a few kilobytes that unpack to
gigabytes. Every refusal is one sentence, and no more memory is used than a real picture needs.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, UnidentifiedImageError

from bot.domain.recipe import Recipe, parse_recipe
from bot.errors import BotError
from bot.media.decoding import MAX_PIXELS, PictureFile, Pixels, TooLargeError, decode, open_picture
from bot.media.encoding import RECIPE_KEY, SIGNATURE_KEY

logger = logging.getLogger(__name__)

MAX_BYTES: Final = 51 * 10**6  # of a file; a PNG of 4096 x 4096 has at most 50.5 MB
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
# How files begin that people take for pictures: where, what, and what it is.
_OTHER_FORMATS: Final = (
    (4, (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1"), "HEIC photograph"),
    (0, (b"II*\0", b"MM\0*"), "TIFF or raw photograph"),
    (0, (b"8BPS",), "Photoshop document"),
    (0, (b"\xff\x0a", b"\0\0\0\x0cJXL "), "JPEG XL picture"),
    (0, (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"), "JPEG 2000 picture"),
    (0, (b"<svg", b"<?xml"), "drawing in SVG"),
    (0, (b"%PDF",), "PDF"),
    (4, (b"ftyp",), "video"),
    (0, (b"\x1a\x45\xdf\xa3",), "video"),
)


class UnreadableImageError(BotError):
    """A file is no picture that can be looked at."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture that was handed in.

    Attributes:
        image: RGB in sRGB, turned as its EXIF says; transparency lies on white. Smaller than the
            picture in the file if that has too many pixels.
        size: Width and height of the picture in the file, turned like the image.
        pixel_sha256: Of its RGB pixels as they are in the file.
        texts: What its file says, by keyword; nobody vouches for any of it.
        has_credentials: Whether it holds C2PA content credentials, which nothing here checks.
        is_animated: Whether there are frames behind the first one, which is the image.
        notes: What was reduced or ignored, one sentence each.
        suffix: Of a file in its format, whatever it was called: `.png`.

    """

    image: Image.Image
    size: tuple[int, int]
    pixel_sha256: str
    texts: Mapping[str, str]
    has_credentials: bool
    is_animated: bool
    notes: tuple[str, ...]
    suffix: str

    @property
    def recipe_text(self) -> str | None:
        """Return the recipe inside as it was written, if there is one."""
        return self.texts.get(RECIPE_KEY)

    @property
    def recipe(self) -> Recipe | None:
        """Return the recipe inside, if there is one.

        Raises:
            RecipeError: There is one, and it cannot be believed.

        """
        text = self.recipe_text
        return None if text is None else parse_recipe(text, self.texts.get(SIGNATURE_KEY))


def read_picture(content: bytes) -> Picture:
    """Open a picture.

    Raises:
        UnreadableImageError: It is too large, broken, or none.

    """
    if len(content) > MAX_BYTES:
        raise too_heavy(len(content))
    try:
        file = open_picture(content)
        return _picture(file, decode(file))
    except UnidentifiedImageError as error:
        raise _unidentified(content) from error
    except Image.DecompressionBombError as error:
        side = math.isqrt(MAX_PIXELS)
        raise UnreadableImageError(
            f"The picture has too many pixels: use one of at most {side}x{side}."
        ) from error
    except TooLargeError as error:
        width, height = file.image.size
        raise UnreadableImageError(
            f"The picture has {width}x{height} pixels: use one of at most "
            f"{error.side}x{error.side}."
        ) from error
    except MemoryError:
        raise
    except Exception as error:
        # Decoders raise whatever a damaged file makes them stumble over.
        logger.info("A picture cannot be decoded: %r", error)
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
            raise too_heavy(size)
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # a device has no size, and may never end
        if len(content) > MAX_BYTES:
            raise too_heavy(len(content))
    except OSError as error:
        raise UnreadableImageError(
            f"The file {path} cannot be read: {error.strerror or error}."
        ) from error
    return content


def too_heavy(size_bytes: int) -> UnreadableImageError:
    """Return why a file of this size is refused."""
    return UnreadableImageError(
        f"The file has {size_bytes / 1e6:.0f} MB: {MAX_BYTES / 1e6:.0f} MB are the limit."
    )


def _unidentified(content: bytes) -> UnreadableImageError:
    for at, beginnings, name in _OTHER_FORMATS:
        if content[at : at + 16].lstrip(b"\xef\xbb\xbf \r\n").startswith(beginnings):
            return UnreadableImageError(
                f"This file is a {name}, which cannot be read here: save it as a PNG or JPEG."
            )
    return UnreadableImageError("This file is no picture: use a PNG, JPEG, WebP, AVIF, GIF or BMP.")


def _picture(file: PictureFile, pixels: Pixels) -> Picture:
    return Picture(
        image=pixels.image,
        size=pixels.size,
        pixel_sha256=pixels.sha256,
        texts={**_hidden_texts(pixels.hidden_text), **file.texts},
        has_credentials=file.has_credentials,
        is_animated=file.is_animated,
        notes=pixels.notes,
        suffix=_SUFFIXES[file.image.format or "PNG"],
    )


def _hidden_texts(hidden: str | None) -> dict[str, str]:
    """Return what an alpha channel says: all text chunks as one object, or those of A1111."""
    if hidden is None:
        return {}
    try:
        values = json.loads(hidden)
    except (ValueError, RecursionError):
        values = hidden
    if isinstance(values, dict):
        return {key: value for key, value in values.items() if isinstance(value, str)}
    return {"parameters": hidden}
