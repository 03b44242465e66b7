"""Oklab: a colour space in which equal distances look equal.

After Björn Ottosson, "A perceptual color space for image processing" (2020); the matrices are his.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Colours = npt.NDArray[np.float64]  # (count, 3)

_TO_CONES: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_LINEAR_BELOW: Final = 0.0031308  # sRGB's dark end is a straight line, IEC 61966-2-1


def to_oklab(rgb: npt.ArrayLike) -> Colours:
    """Return sRGB colours (count, 3), 0 .. 255, as lightness 0 .. 1, green-red and blue-yellow."""
    encoded = np.asarray(rgb, dtype=np.float64) / 255.0
    linear = np.where(
        encoded <= _LINEAR_BELOW * 12.92, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4
    )
    lab: Colours = np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T
    return lab


def to_rgb(lab: Colours) -> npt.NDArray[np.int64]:
    """Return Oklab colours (count, 3) as sRGB, 0 .. 255; what sRGB cannot show is cut off."""
    cones = np.linalg.solve(_TO_LAB, lab.T) ** 3
    linear = np.clip(np.linalg.solve(_TO_CONES, cones).T, 0.0, 1.0)
    encoded = np.where(linear <= _LINEAR_BELOW, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(encoded * 255.0).astype(np.int64)
