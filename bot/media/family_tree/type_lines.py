"""Lines of words on a family's cards, in the type of sheets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bot.media.sheets.typography import drawable, length

# A word with the space behind it; or one character of a script that may be broken anywhere.
_PIECE: Final = re.compile("[\u2e80-\uffef\U00020000-\U0003ffff]|[^\\s\u2e80-\uffef]+\\s*|\\s+")


def width_of(words: str, size: int) -> float:
    """Return how wide words are, in pixels."""
    return length(words, size)


def cut(words: str, size: int, *, width: float) -> str:
    """Return the words, with a mark where they go on beyond a width in pixels."""
    words = drawable(words)
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
    pieces = list(_pieces(drawable(words), size, width))
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
