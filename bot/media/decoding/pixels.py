"""Decoding pixels within a limit of memory: what is too large is read smaller where it can be."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageCms

from bot.media.decoding.colours import Ground, Transform, to_rgb, transform_of
from bot.media.decoding.file import PictureFile
from bot.media.decoding.stealth import hidden_text

MAX_PIXELS: Final = 4096**2  # a larger picture is read smaller; none made here is
# With what the program itself takes, 71 MB (some 80 on Python 3.13), less than 200 MB: see
# tests/unit/cli/test_bad_input.py.
MAX_UNPACKED_BYTES: Final = 119 * 10**6
_ROWS: Final = 64  # converted at once: a whole copy would take 67 MB, and there are several
_JPEG: Final = {"JPEG", "MPO"}
_JPEG_SCALES: Final = (1, 2, 4, 8)  # libjpeg decodes to these without decoding everything
_SCALES: Final = (1, 2, 3, 4, 6, 8)
_RGB_BYTES: Final = 4  # a pixel, in Pillow's memory
_MODE_BYTES: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2}  # of other modes 4
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING: Final = 5  # from this orientation on, width and height change places


class TooLargeError(Exception):
    """A picture cannot be decoded within the limit of memory.

    Attributes:
        side: Of the largest square picture of its kind that can.

    """

    def __init__(self, side: int) -> None:
        super().__init__(side)
        self.side = side


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """A decoded picture.

    Attributes:
        image: RGB in sRGB, upright, transparency on the ground.
        sha256: Of its RGB pixels as they are in the file: not turned, no colour profile applied.
        scale: How many times smaller than in the file it is, each way.
        size: Width and height of the picture in the file, upright.
        hidden_text: What its alpha channel spells, as NovelAI writes it.
        notes: What was reduced or ignored, one sentence each.

    """

    image: Image.Image
    sha256: str
    scale: int
    size: tuple[int, int]
    hidden_text: str | None
    notes: tuple[str, ...]


def decode(file: PictureFile, *, ground: Ground = "white", side: int | None = None) -> Pixels:
    """Decode the first frame of a picture.

    Args:
        file: The picture.
        ground: What lies behind transparency.
        side: In pixels; a JPEG is decoded no larger than this needs.

    Raises:
        TooLargeError: It cannot be decoded within the limit of memory.
        Exception: Whatever a decoder makes of a damaged file.

    """
    image, scale = file.image, _scale(file, side)
    width, height = image.size
    is_jpeg = image.format in _JPEG
    if is_jpeg and scale > 1:
        image.draft(None, (width // scale, height // scale))
    image.load()
    transform, notes = _transform(file)
    reduction = 1 if is_jpeg else scale
    plain, sha256 = _plain(image, ground, transform, reduction, salt=scale)
    if scale > 1:
        notes.append(
            f"It was read at 1/{scale} of its size: {width}x{height} pixels need too much memory."
        )
    turn = _TURNS.get(file.orientation)
    return Pixels(
        image=plain if turn is None else plain.transpose(turn),
        sha256=sha256,
        scale=scale,
        size=(height, width)
        if file.orientation >= _LYING and turn is not None
        else (width, height),
        hidden_text=hidden_text(image),
        notes=tuple(notes),
    )


def _scale(file: PictureFile, side: int | None) -> int:
    """Return by how much a picture is read smaller, told from its header alone."""
    scale = _least_scale(file)
    if file.image.format in _JPEG and side is not None:
        enough = [each for each in _JPEG_SCALES if max(file.image.size) >= each * side]
        return max([scale, *enough])
    return scale


def _least_scale(file: PictureFile) -> int:
    width, height = file.image.size
    room = MAX_UNPACKED_BYTES - file.size_bytes
    scales = _JPEG_SCALES if file.image.format in _JPEG else _SCALES
    most = {each: min(room / _bytes_a_pixel(file, each), MAX_PIXELS * each**2) for each in scales}
    for scale, pixels in most.items():
        if width * height <= pixels:
            return scale
    raise TooLargeError(math.isqrt(max(0, int(max(most.values())))))


def _bytes_a_pixel(file: PictureFile, scale: int) -> float:
    """Return how much decoding a picture takes at its peak, as measured with Pillow 12."""
    image, own = file.image, _MODE_BYTES.get(file.image.mode, 4)
    if image.format in {"WEBP", "AVIF"}:
        return 17  # their decoders hold canvases of animations, too
    turned = _RGB_BYTES if file.orientation in _TURNS else 0
    if image.format in _JPEG:
        copies = 0 if image.mode == "RGB" else _RGB_BYTES
        plain = (own + max(copies, turned)) / scale**2
        if image.info.get("progressive"):  # its coefficients, 16 bits each, until all are there
            return max(plain, own / scale**2 + 2 * _samples_a_pixel(image))
        return plain
    if scale == 1 and image.mode == "RGB":
        return own + turned
    return own + (_RGB_BYTES + turned) / scale**2


def _samples_a_pixel(image: Image.Image) -> float:
    """Return how many values a JPEG stores a pixel: 3, or half of that with colours of a quarter.

    Raises:
        ValueError: It is damaged.

    """
    layers: list[tuple[int, int, int, int]] = image.layer  # type: ignore[attr-defined]
    areas = [across * down for _, across, down, _ in layers]
    if not all(areas):
        raise ValueError("a layer without samples")
    return sum(areas) / max(areas)


def _transform(file: PictureFile) -> tuple[Transform | None, list[str]]:
    """Return what applies the colour profile, and what must be said about it."""
    notes = list(file.notes)
    try:
        return transform_of(file.profile, file.image.mode), notes
    except (ImageCms.PyCMSError, ValueError, TypeError):
        notes.append("Its colour profile is damaged and was ignored.")
        return None, notes


def _plain(
    image: Image.Image, ground: Ground, transform: Transform | None, reduction: int, *, salt: int
) -> tuple[Image.Image, str]:
    """Return RGB pixels, and the hash of those before their colours were changed.

    A picture that was read smaller never has the hash of a small picture: the scale is hashed too.
    """
    digest = hashlib.sha256(f"1/{salt}".encode() if salt > 1 else b"")
    in_place = image.mode == "RGB" and reduction == 1 and not image.has_transparency_data
    size = (math.ceil(image.width / reduction), math.ceil(image.height / reduction))
    plain = image if in_place else Image.new("RGB", size)
    for top, rows in _strips(image, _ROWS // reduction * reduction):
        raw = to_rgb(rows, ground)
        shown = raw if transform is None else to_rgb(rows, ground, transform)
        if reduction > 1:
            shown = shown.reduce(reduction)
            raw = shown if transform is None else raw.reduce(reduction)
        digest.update(raw.tobytes())
        if not (in_place and transform is None):
            plain.paste(shown, (0, top // reduction))
    return plain, digest.hexdigest()


def _strips(image: Image.Image, rows: int) -> Iterator[tuple[int, Image.Image]]:
    """Yield an image a few rows at a time, each with its top."""
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))
