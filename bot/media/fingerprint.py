"""Recognising a copy of an image that was re-compressed, resized or photographed from a screen.

Two stages. A hash of an image's coarse structure finds candidates among very many: 256 bits, which
of the lowest frequencies are above their median (as pHash and PDQ do). A candidate is believed only
if a thumbnail of our own file has the same colours and the same edges. Colours alone are not
enough: two seeds of one prompt may differ less in them than a small, strongly compressed copy does.

A screenshot has borders: they are cut off by their colour. Because a plain background looks like a
border too, every image is hashed whole and without its own border, and either may match.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

Bits = npt.NDArray[np.uint64]
Pixels = npt.NDArray[np.float64]
Box = tuple[int, int, int, int]  # left, top, right, bottom
Colour = float | tuple[int, ...] | None  # as Pillow tells of a pixel

_SIDE: Final = 64  # pixels a hash looks at
_FREQUENCIES: Final = 16  # a side; 256 bits
_WORDS: Final = 4  # of 64 bits, a hash
HASHES: Final = 2  # an image: whole, and without its border
MAX_DISTANCE: Final = 62  # of 256 bits; see tests/benchmarks/recognise.py
_LOOK_SIDE: Final = 32  # pixels the second stage compares
_EDGE_WINDOW: Final = 7  # of those pixels: what differs from the mean around it is an edge
# All were chosen by tests/benchmarks/recognise.py. 99 of 100 copies stay below 0.01 in edges; the
# nearest two of 10,300 images, some 140 with each of 37 prompts, are 0.0117 apart.
MAX_APART: Final = 9.0  # colours, in levels of 255, root mean square
MAX_EDGES_APART: Final = 0.01  # share of the edges' energy
_WEAK_EDGES: Final = 270.0  # levels, the length of all edges: below, compression counts for much
_FAINTEST_EDGES: Final = 100.0  # below, there is nothing to compare
_LARGEST_SIDE: Final = 1024  # pixels; a larger picture is looked at in half, a third, …
_ROWS: Final = 256  # looked at at once: a whole copy of a large picture would take 67 MB
_BORDER_TOLERANCE: Final = 24  # levels of 255 a border may vary, after JPEG
_OTHER_TOLERANCES: Final = (12, 40)  # tried on copies: on white pages, on dark pictures
_SMALLEST_SHARE: Final = 0.15  # of a side: what is left of a border's cutting must be a picture
_MAX_ASPECT_ERROR: Final = 0.06


@dataclass(frozen=True, kw_only=True)
class Match:
    """A candidate that looks the same; `apart` is the share of the edges that differs."""

    key: str
    apart: float


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What the second stage compares of a view.

    Attributes:
        aspect: Width over height.
        colours: (32, 32, 3), 0 .. 255.
        edges: (32, 32), how many levels brighter than around it.
        edge_length: Euclidean, in levels.

    """

    aspect: float
    colours: Pixels
    edges: Pixels
    edge_length: float


def views(image: Image.Image) -> list[Image.Image]:
    """Return an RGB image whole, and without its border (the same where it has none)."""
    inner = _without_border(image)
    return [image, inner]


def fingerprint(image: Image.Image) -> bytes:
    """Return the hashes of an image, 64 bytes."""
    return b"".join(_hash(view).tobytes() for view in views(image))


def composition_likeness(one: bytes, other: bytes) -> float:
    """Return how like two fingerprints' coarse structure is, 0 (as of any two pictures) to 1.

    Of two unrelated pictures half of the bits agree by chance.
    """
    first, second = (np.frombuffer(each, dtype="<u8")[:_WORDS] for each in (one, other))
    apart = int(np.bitwise_count(first ^ second).sum())
    return max(0.0, 1 - 2 * apart / (64 * _WORDS))


def candidates(
    image: Image.Image, known: Sequence[tuple[str, bytes]], *, limit: int = 8
) -> list[str]:
    """Return the keys of the known fingerprints that are near, the nearest first.

    Args:
        image: What was handed in, RGB.
        known: Key and fingerprint of each image.
        limit: How many at most.

    """
    if not known:
        return []
    table = np.frombuffer(b"".join(each for _, each in known), dtype="<u8")
    table = table.reshape(len(known), HASHES, _WORDS)
    nearest = np.full(len(known), 8 * 32, dtype=np.int64)
    for view in _query_views(image):
        bits = _hash(view)
        apart = np.bitwise_count(table ^ bits).sum(axis=2).min(axis=1)  # (images,)
        nearest = np.minimum(nearest, apart)
    order = np.argsort(nearest, kind="stable")[:limit]
    return [known[i][0] for i in order if nearest[i] <= MAX_DISTANCE]


def best_match(image: Image.Image, originals: Iterable[tuple[str, Image.Image]]) -> Match | None:
    """Return the candidate that really looks like the image, or None.

    Args:
        image: What was handed in, RGB.
        originals: Key and RGB image of each candidate.

    """
    best = closest(image, originals)
    return best if best is not None and best.apart <= MAX_EDGES_APART else None


def closest(image: Image.Image, originals: Iterable[tuple[str, Image.Image]]) -> Match | None:
    """Return the candidate that looks most like the image, however much that is."""
    queries = [_look(view) for view in _query_views(image)]
    matches = [
        Match(key=key, apart=min(_apart(query, _look(view)) for query in queries))
        for key, other in originals
        for view in views(other)
    ]
    return min(matches, key=lambda match: match.apart, default=None)


def _query_views(image: Image.Image) -> list[Image.Image]:
    """Return what a copy may be: all of it, or what is inside its one or two borders."""
    whole = image.reduce(max(1, max(image.size) // _LARGEST_SIDE))
    found = {whole.size: whole}
    for tolerance in (_BORDER_TOLERANCE, *_OTHER_TOLERANCES):
        inner = whole
        for _ in range(2):
            inner = _without_border(inner, tolerance)
            found.setdefault(inner.size, inner)
    return list(found.values())


def _without_border(image: Image.Image, tolerance: int = _BORDER_TOLERANCE) -> Image.Image:
    """Cut off what has the colour of the corners; an image of one colour is left as it is."""
    width, height = image.size
    corners = [image.getpixel(at) for at in ((0, 0), (width - 1, height - 1))]
    box: Box | None = None
    for corner in corners:
        found = _box_of_others(image, corner, tolerance)
        if found is not None and (box is None or _area(found) < _area(box)):
            box = found
    if box is None or box[2] - box[0] < _SMALLEST_SHARE * width:
        return image
    return image if box[3] - box[1] < _SMALLEST_SHARE * height else image.crop(box)


def _box_of_others(image: Image.Image, colour: Colour, tolerance: int) -> Box | None:
    """Return the box around all pixels of another colour, looking at a few rows at a time."""
    boxes = []
    for top in range(0, image.height, _ROWS):
        rows = image.crop((0, top, image.width, min(top + _ROWS, image.height)))
        apart = ImageChops.difference(rows, Image.new("RGB", rows.size, colour)).convert("L")
        found = apart.point(lambda value: 255 if value > tolerance else 0).getbbox()
        if found is not None:
            boxes.append((found[0], found[1] + top, found[2], found[3] + top))
    if not boxes:
        return None
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _hash(image: Image.Image) -> Bits:
    """Return four words of 64 bits."""
    small = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX, reducing_gap=3.0)
    pixels = np.asarray(small, dtype=np.float64)
    wave = _cosines()
    frequencies = (wave @ pixels @ wave.T).ravel()  # (256,), without the constant ones
    bits = frequencies > np.median(frequencies)
    words: Bits = np.packbits(bits, bitorder="little").view("<u8")
    return words


@functools.cache
def _cosines() -> npt.NDArray[np.float64]:
    """Return the rows 1 .. 16 of the cosine transform of 64 values, (16, 64)."""
    frequency = np.arange(1, _FREQUENCIES + 1)[:, None]
    position = (np.arange(_SIDE)[None, :] + 0.5) / _SIDE
    table: npt.NDArray[np.float64] = np.cos(np.pi * frequency * position)
    return table


def _look(view: Image.Image) -> _Look:
    small = view.resize((_LOOK_SIDE, _LOOK_SIDE), Image.Resampling.HAMMING, reducing_gap=3.0)
    grey = np.asarray(small.convert("L"), dtype=np.float64)
    padded = np.pad(grey, _EDGE_WINDOW // 2, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, (_EDGE_WINDOW, _EDGE_WINDOW))
    edges = grey - around.mean(axis=(2, 3))  # (32, 32)
    return _Look(
        aspect=view.width / view.height,
        colours=np.asarray(small, dtype=np.float64),
        edges=edges,
        edge_length=float(np.linalg.norm(edges)),
    )


def _apart(one: _Look, other: _Look) -> float:
    """Return which share of their edges differs; infinite where shapes or colours differ."""
    if abs(one.aspect / other.aspect - 1) > _MAX_ASPECT_ERROR:
        return float("inf")
    if np.sqrt(np.square(one.colours - other.colours).mean()) > MAX_APART:
        return float("inf")
    length = min(one.edge_length, other.edge_length)
    if length < _FAINTEST_EDGES:
        return float("inf")
    difference = np.square(one.edges - other.edges).sum()
    return float(difference / (2 * max(length, _WEAK_EDGES) ** 2))  # 1 where nothing is alike
