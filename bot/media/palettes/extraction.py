"""Finding the few colours that a picture, or a whole board, is remembered by.

Pixels are clustered in Oklab, more finely than needed. Of these clusters those that look alike
become one, and then the ones are chosen that are large or unlike the others, so that a small red
boat on a wide grey sea is not lost among six greys. Nothing is random: one picture, one palette.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy  # its parts are imported when they are first used: a bot's start does not wait
from PIL import Image

from bot.domain.boards import Swatch
from bot.media.palettes.oklab import Colours, to_oklab, to_rgb

DEFAULT_COUNT: Final = 6
_SIDE: Final = 112  # pixels: enough for shares to a percent
_FINE: Final = 24  # clusters before the like ones become one
_ALIKE: Final = 0.055  # in Oklab: two colours nearer than this look like one with shadows
_CELL: Final = 0.03  # in Oklab: colours of many pictures in one such cube count as one
_SIZE_COUNTS: Final = 0.25  # the power of the share beside how unlike a colour is
_LEAST_SHARE: Final = 0.004  # of the area; less is an edge's blur or noise

Shares = npt.NDArray[np.float64]


def palette_of(image: Image.Image, *, count: int = DEFAULT_COUNT) -> tuple[Swatch, ...]:
    """Return the colours of a picture, at most `count`, the most frequent first."""
    small = image.convert("RGB")
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.NEAREST)  # others invent colours at edges
    pixels = to_oklab(np.asarray(small).reshape(-1, 3))
    centres = _centres(pixels)
    labels, _ = scipy.cluster.vq.vq(pixels, centres)
    sizes = np.bincount(labels, minlength=len(centres))
    return _swatches(centres, sizes / sizes.sum(), count)


def merged(
    palettes: Iterable[Sequence[Swatch]], *, count: int = DEFAULT_COUNT
) -> tuple[Swatch, ...]:
    """Return the colours of many pictures together; each picture counts the same."""
    swatches = [swatch for palette in palettes for swatch in palette]
    if not swatches:
        return ()
    shares = np.array([swatch.share for swatch in swatches])
    colours = to_oklab([swatch.rgb for swatch in swatches])
    # The colours of a thousand pictures would be compared each with each: the nearest first join.
    _, cells = np.unique(np.floor(colours / _CELL), axis=0, return_inverse=True)
    return _swatches(*_joined(colours, shares / shares.sum(), cells.reshape(-1)), count)


def _centres(pixels: Colours) -> Colours:
    """Return the centres of at most `_FINE` clusters of pixels."""
    start = _far_apart(np.unique(pixels.round(3), axis=0))
    centres: Colours
    centres, _ = scipy.cluster.vq.kmeans(pixels, start)
    return centres


def _far_apart(colours: Colours) -> Colours:
    """Return up to `_FINE` colours, each the farthest from those before it.

    The clustering begins with them: unlike random ones they hold a picture's few vivid pixels too.
    """
    chosen = [int(np.argmin(_distances(colours, colours.mean(axis=0)[None])))]
    distance = _distances(colours, colours[chosen])[:, 0]
    while len(chosen) < min(_FINE, len(colours)):
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, _distances(colours, colours[chosen[-1:]])[:, 0])
    return colours[chosen]


def _distances(colours: Colours, others: Colours) -> npt.NDArray[np.float64]:
    """Return how far apart they are in Oklab, a row for each of the first."""
    distances: npt.NDArray[np.float64] = scipy.spatial.distance.cdist(colours, others)
    return distances


def _swatches(colours: Colours, shares: Shares, count: int) -> tuple[Swatch, ...]:
    """Return at most `count` of the colours, with the shares of all that look most like them."""
    colours, shares = _without_likes(colours, shares)
    chosen = _chosen(colours, shares, count)
    nearest = np.argmin(_distances(colours, colours[chosen]), axis=1)
    totals = np.bincount(nearest, weights=shares, minlength=len(chosen))
    order = np.argsort(-totals, kind="stable")
    rgb = to_rgb(colours[chosen])
    return tuple(_swatch(rgb[i], float(totals[i])) for i in order)


def _swatch(rgb: npt.NDArray[np.int64], share: float) -> Swatch:
    red, green, blue = (int(level) for level in rgb)
    return Swatch(rgb=(red, green, blue), share=round(share, 4))


def _without_likes(colours: Colours, shares: Shares) -> tuple[Colours, Shares]:
    """Return the colours in which those that look alike have become their weighted mean."""
    if len(colours) == 1:
        return colours, shares
    tree = scipy.cluster.hierarchy.linkage(colours, "average")
    labels = scipy.cluster.hierarchy.fcluster(tree, _ALIKE, "distance") - 1
    return _joined(colours, shares, labels)


def _joined(
    colours: Colours, shares: Shares, labels: npt.NDArray[np.intp]
) -> tuple[Colours, Shares]:
    """Return the weighted mean of the colours of each label, 0, 1 and so on."""
    totals: Shares = np.bincount(labels, weights=shares).astype(np.float64)
    sums = [np.bincount(labels, weights=shares * channel) for channel in colours.T]
    return np.stack(sums, axis=1) / totals[:, None], totals


def _chosen(colours: Colours, shares: Shares, count: int) -> list[int]:
    """Return the indices of the largest colour and then of those that are large and unlike it."""
    chosen = [int(np.argmax(shares))]
    distance = _distances(colours, colours[chosen])[:, 0]
    while len(chosen) < min(count, len(colours)):
        worth = np.where(shares < _LEAST_SHARE, 0.0, shares**_SIZE_COUNTS * distance)
        best = int(np.argmax(worth))
        if worth[best] == 0.0:
            break
        chosen.append(best)
        distance = np.minimum(distance, _distances(colours, colours[chosen[-1:]])[:, 0])
    return chosen
