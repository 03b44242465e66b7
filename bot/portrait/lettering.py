"""Writing on pictures, in English and Chinese: the one place that knows fonts."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import ImageFont

# Noto Sans CJK for simplified Chinese, with the letters that font/README.md lists.
_FILE: Final = Path(__file__).parent / "font" / "NotoSansCJKsc-Regular.woff2"
_NO_LETTER: Final = "\uffff"  # never assigned: every font draws its box for it
# A word with the space behind it; or one character of a script that may be broken anywhere.
_PIECE: Final = re.compile("[\u2e80-\uffef\U00020000-\U0003ffff]|[^\\s\u2e80-\uffef]+\\s*|\\s+")


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font at a size in pixels."""
    return ImageFont.truetype(_FILE, size)


@functools.lru_cache(maxsize=20_000)
def _has(letter: str) -> bool:
    """Tell whether the font has a letter: a missing one is drawn as a box."""
    if letter.isspace():
        return True
    mask, box = font(20).getmask(letter), font(20).getmask(_NO_LETTER)
    return mask.size != box.size or bytes(mask) != bytes(box)


def legible(words: str) -> str:
    """Leave out what the font cannot write, such as emoji, and the spaces around it."""
    return re.sub(" {2,}", " ", "".join(letter for letter in words if _has(letter))).strip(" ")


def width_of(words: str, size: int) -> float:
    """Return how wide words are, in pixels."""
    return font(size).getlength(words)


def cut(words: str, size: int, *, width: float) -> str:
    """Return the words, with a mark where they go on beyond a width in pixels."""
    words = legible(words)
    if width_of(words, size) <= width:
        return words
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        fits = width_of(words[:middle].rstrip() + "…", size) <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return words[:low].rstrip() + "…"


def wrapped(words: str, size: int, *, width: float, lines: int) -> list[str]:
    """Return the words in at most so many lines of a width; the last one may be cut."""
    done: list[str] = []
    line = ""
    pieces = list(_pieces(legible(words), size, width))
    for i, piece in enumerate(pieces):
        if line and width_of((line + piece).rstrip(), size) > width:
            if len(done) == lines - 1:
                return [*done, cut(line + "".join(pieces[i:]), size, width=width)]
            done.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*done, line.rstrip()] if line.strip() else done


def _pieces(words: str, size: int, width: float) -> Iterator[str]:
    """Yield what must not be broken; a word wider than a line comes in characters."""
    for match in _PIECE.finditer(words):
        if width_of(match[0].rstrip(), size) > width:
            yield from match[0]
        else:
            yield match[0]
