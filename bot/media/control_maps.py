"""Maps that steer an image: made of any picture, the same pixels on every machine.

Edges are those of OpenCV's `Canny(gray, 100, 200)`, pixel for pixel, as most programs make them for
ControlNet; OpenCV itself has 50 MB. (Scribbles of other programs come from networks.)
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from bot.domain.requests import ControlKind
from bot.errors import InvalidRequestError

_WEAK, _STRONG = 100, 200  # of a gradient, |dx| + |dy| of Sobel's kernels
_TANGENT: Final = round(0.41421356 * 2**15)  # of 22.5 degrees, in the fixed point of OpenCV
_SCRIBBLED_AT: Final = 512  # pixels of the shorter side, for which this is:
_BLUR: Final = 1.5  # deviation of the Gaussian; a line is twice as wide
_FAINT, _CLEAR = 50, 120  # instead of the weak and the strong edges, of a deviation of 1
_INK: Final = 80  # of 255: as far from black or white as ink and paper may be
_TWO_TONED: Final = 0.94  # of the pixels; the rest are the soft rims of lines
_MIDDLE: Final = 127
_THIN_AT: Final = 256  # pixels of the shorter side, for which this is:
_HALF_PEN: Final = 7  # of the widest pen; what is wider is a filled shape

Plane = NDArray[np.int32]


def control_map(image: Image.Image, kind: ControlKind) -> Image.Image:
    """Return the map of a picture (RGB), of its size, white on black but for gray.

    Raises:
        InvalidRequestError: Such maps are not made here, or the picture shows nothing of the kind.

    """
    if not kind.is_made_here:
        return _ready(image, kind)
    if kind is ControlKind.GRAY:
        return image.convert("L").convert("RGB")
    lines = canny(image) if kind is ControlKind.CANNY else scribble(image)
    if not lines.any():
        raise InvalidRequestError(
            f"The picture has no lines that a {kind} map could show: use one with clearer shapes, "
            "or gray."
        )
    return Image.fromarray(lines).convert("RGB")


def _ready(image: Image.Image, kind: ControlKind) -> Image.Image:
    """Return a map that was handed in, which must show something."""
    if all(channel.getextrema()[0] == channel.getextrema()[1] for channel in image.split()):
        raise InvalidRequestError(
            f"The {kind} map has one single colour: hand in a map that another program made of a "
            "picture."
        )
    return image


def canny(image: Image.Image, *, weak: int = _WEAK, strong: int = _STRONG) -> NDArray[np.uint8]:
    """Return the edges of a picture (RGB), 255 on 0: the strong ones and what hangs on them."""
    return _edges(*_sobel(np.asarray(image.convert("L"), dtype=np.int32)), weak, strong)


def _edges(across: Plane, down: Plane, weak: int, strong: int) -> NDArray[np.uint8]:
    size = np.abs(across) + np.abs(down)
    is_edge = _is_ridge(size, across, down) & (size > weak)
    return _connected(is_edge & (size > strong), is_edge).astype(np.uint8) * 255


def _sobel(gray: Plane) -> tuple[Plane, Plane]:
    """Return the gradients of a plane, its borders repeated."""
    wide = np.pad(gray, 1, mode="edge")
    summed = wide[:-2] + 2 * wide[1:-1] + wide[2:]
    apart = wide[2:] - wide[:-2]
    return summed[:, 2:] - summed[:, :-2], apart[:, :-2] + 2 * apart[:, 1:-1] + apart[:, 2:]


def _is_ridge(size: Plane, across: Plane, down: Plane) -> NDArray[np.bool_]:
    """Tell where a gradient is the largest along its own direction."""
    wide = np.pad(size, 1)
    height, width = size.shape

    def beside(dy: int, dx: int) -> Plane:
        return wide[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]

    x, y = np.abs(across).astype(np.int64), np.abs(down).astype(np.int64) << 15
    flat, steep = x * _TANGENT, x * (_TANGENT + (1 << 16))
    horizontal = (size > beside(0, -1)) & (size >= beside(0, 1))
    vertical = (size > beside(-1, 0)) & (size >= beside(1, 0))
    falling = (size > beside(-1, -1)) & (size > beside(1, 1))
    rising = (size > beside(-1, 1)) & (size > beside(1, -1))
    diagonal = np.where((across ^ down) < 0, rising, falling)
    return np.where(y < flat, horizontal, np.where(y > steep, vertical, diagonal))


def _connected(strong: NDArray[np.bool_], weak: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the strong pixels and the weak ones that hang on them, by any of eight neighbours."""
    height, width = strong.shape
    wide = width + 2
    left = np.pad(weak & ~strong, 1).ravel()
    found = np.pad(strong, 1).ravel()
    around = np.array([dy * wide + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx])
    front = np.flatnonzero(found)
    while front.size:
        near = (front[:, None] + around).ravel()
        front = np.unique(near[left[near]])
        left[front] = False
        found[front] = True
    return found.reshape(height + 2, wide)[1:-1, 1:-1]


def scribble(image: Image.Image) -> NDArray[np.uint8]:
    """Return the main outlines of a picture (RGB) as a thick pen draws them, 255 on 0.

    They are the edges of a blurred copy, also those between colours of one brightness, as wide as
    a pen is on a sheet. Of a drawing of lines alone they are its own lines, and not both sides of
    each of them.
    """
    if (drawn := _drawn_lines(image)) is not None:
        return drawn
    blur = max(1.0, _BLUR * min(image.size) / _SCRIBBLED_AT)
    blurred = image.filter(ImageFilter.GaussianBlur(blur))
    # A step's gradient falls with the deviation of the Gaussian.
    edges = _edges(*_steepest(blurred), int(_FAINT / blur), int(_CLEAR / blur))
    lines = Image.fromarray(edges)
    for _ in range(round(blur)):
        lines = lines.filter(ImageFilter.MaxFilter(3))
    return np.asarray(lines)


def _drawn_lines(image: Image.Image) -> NDArray[np.uint8] | None:
    """Return the lines of a drawing, dark on light or light on dark; None of another picture."""
    values = np.asarray(image, dtype=np.int16)
    is_tone = (values.max(axis=2) < _INK) | (values.min(axis=2) > 255 - _INK)
    if is_tone.mean() < _TWO_TONED:
        return None
    is_light = np.asarray(image.convert("L")) > _MIDDLE
    ink = Image.fromarray((is_light == (is_light.mean() < 0.5)).astype(np.uint8) * 255)  # noqa: PLR2004 - half
    factor = _THIN_AT / min(ink.size)
    thinned = ink.resize((max(1, round(ink.width * factor)), max(1, round(ink.height * factor))))
    for _ in range(_HALF_PEN):
        thinned = thinned.filter(ImageFilter.MinFilter(3))
    is_filled = np.asarray(thinned).max() > _MIDDLE
    return None if is_filled else np.asarray(ink)


def _steepest(image: Image.Image) -> tuple[Plane, Plane]:
    """Return the gradients of a picture (RGB), at each pixel those of its steepest channel."""
    across, down = _sobel(np.asarray(image.getchannel(0), dtype=np.int32))
    for channel in image.split()[1:]:
        other = _sobel(np.asarray(channel, dtype=np.int32))
        is_steeper = np.abs(other[0]) + np.abs(other[1]) > np.abs(across) + np.abs(down)
        across = np.where(is_steeper, other[0], across)
        down = np.where(is_steeper, other[1], down)
    return across, down
