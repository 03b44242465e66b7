"""Text in the lowest bits of an alpha channel, which survives programs that drop text chunks.

NovelAI writes it so: down each column from the left, a name, the number of bits, the bits.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PIL import Image

from bot.media.decoding.png import unpack

_PLAIN: Final = b"stealth_pnginfo"
_PACKED: Final = b"stealth_pngcomp"
_HEAD: Final = len(_PLAIN) + 4  # and the number of bits
_MAX_BYTES: Final = 1_000_000


def hidden_text(image: Image.Image) -> str | None:
    """Return the text in the alpha channel of a picture, or None."""
    if image.mode != "RGBA":
        return None
    head = _bytes(image, _HEAD)
    name, size = head[: len(_PLAIN)], int.from_bytes(head[len(_PLAIN) :]) // 8
    if name not in {_PLAIN, _PACKED} or not 0 < size <= _MAX_BYTES:
        return None
    content = _bytes(image, _HEAD + size)[_HEAD:]
    text = content if name == _PLAIN else unpack(content, _MAX_BYTES)
    return None if text is None else text.decode("utf-8", "replace")


def _bytes(image: Image.Image, count: int) -> bytes:
    """Return the first bytes that the lowest bits spell, fewer where the picture ends."""
    columns = min(math.ceil(count * 8 / image.height), image.width)
    alpha = np.asarray(image.crop((0, 0, columns, image.height)).getchannel("A"))
    bits = (alpha & 1).T.ravel()[: count * 8]
    return np.packbits(bits).tobytes()
