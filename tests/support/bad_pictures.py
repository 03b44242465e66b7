"""Pictures that people hand in and nothing can be made of, each with what they are told.

A picture that an image is made from, whatever it is to it (a source, a mask), joins by a way in
`tests/discord/test_bad_pictures.py`, and what is wrong with it alone by a row of its own.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any, Final

from PIL import Image


def encoded(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """Return a picture as a file."""
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def plain(width: int = 160, height: int = 128, mode: str = "RGB") -> Image.Image:
    """Return a picture of one colour."""
    colours: dict[str, Any] = {"RGB": (200, 60, 30), "CMYK": (20, 180, 200, 10), "I;16": 40_000}
    return Image.new(mode, (width, height), colours[mode])


def animated(form: str) -> bytes:
    """Return a picture of three frames."""
    frames = [Image.new("RGB", (160, 128), colour) for colour in ("red", "green", "blue")]
    return encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=90)


ANIMATED: Final = "The picture is animated, and an image has one frame: use a still one"
DAMAGED: Final = "The picture is damaged or cut short: save or send it again."

# What it is -> how its file is made, and how the sentence about it begins.
BAD_PICTURES: Final[Mapping[str, tuple[Callable[[], bytes], str]]] = {
    "one pixel": (
        lambda: encoded(plain(1, 1)),
        "The picture has 1x1 pixels: use one with at least 32 on each side.",
    ),
    "a thread": (
        lambda: encoded(plain(20_000, 100)),
        "The picture has 20000x100 pixels: use one that is at most ",
    ),
    "an animated GIF": (lambda: animated("GIF"), ANIMATED),
    "an animated WebP": (lambda: animated("WEBP"), ANIMATED),
    "an animated PNG": (lambda: animated("PNG"), ANIMATED),
    "a PNG cut short": (lambda: encoded(Image.effect_noise((160, 128), 60))[:2000], DAMAGED),
    "a JPEG cut short": (lambda: encoded(plain(), "JPEG")[:300], DAMAGED),
    "no picture": (lambda: b"Dear Sir or Madam", "This file is no picture: use a PNG, JPEG,"),
    "nothing": (lambda: b"", "This file is no picture: use a PNG, JPEG,"),
    "a page": (lambda: b"%PDF-1.7 " + bytes(99), "This file is a PDF, which cannot be read here"),
}

# Odd ones that work: what it is -> its file, and its colour in sRGB.
ODD_PICTURES: Final[Mapping[str, tuple[Callable[[], bytes], tuple[int, int, int]]]] = {
    "print colours": (lambda: encoded(plain(mode="CMYK"), "JPEG", quality=100), (226, 72, 53)),
    "16 bits a channel": (lambda: encoded(plain(mode="I;16")), (156, 156, 156)),
}

BAD_STRENGTHS: Final = ("0", "101", "-5", "abc", "50.5%%")
