"""Text as people type it, and how it is quoted: nothing in it turns or breaks what is beside it."""

from __future__ import annotations

import unicodedata
from typing import Final

# Signs without a shape. Those of direction turn all that follows, also outside the text that they
# stand in. Joiners stay: emoji, Persian and the languages of India are written with them.
_SHAPELESS: Final = frozenset(
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
    "\ufffe\uffff"
)
_OURS: Final = "\n\t\u200b\u2068\u2069"  # also what breaks mentions and isolates what is shown
_LINE_ENDS: Final = str.maketrans({"\r": "\n", "\u2028": "\n", "\u2029": "\n"})
_MOST_MARKS: Final = 4  # on one letter; of living languages none writes more
_QUOTED: Final = 40  # characters


def plain_text(typed: str) -> str:
    """Return what of a text is text: no NUL, no control, no half of a pair, no sign of direction.

    Words, accents, emoji and the ends of lines stay as they were typed.
    """
    lines = typed.replace("\r\n", "\n").translate(_LINE_ENDS)
    return "".join(char for char in lines if char in "\n\t" or _is_text(char))


def _is_text(char: str) -> bool:
    return char not in _SHAPELESS and unicodedata.category(char) not in {"Cc", "Cs"}


def shortened(words: str, limit: int) -> str:
    """Return the words, cut at `limit` characters with a mark where they go on.

    What is no text is left out, for words that were kept before it was left out at once. Of a tower
    of accents on one letter, which would cover the lines above, only the first ones stay.
    """
    flat = _without_towers("".join(char for char in words if char in _OURS or _is_text(char)))
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def _without_towers(words: str) -> str:
    if words.isascii():
        return words
    kept, marks = [], 0
    for char in words:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def in_code(typed: str, limit: int = _QUOTED) -> str:
    """Return what somebody typed so that it stays within the backticks around it, cut if long."""
    return shortened(" ".join(typed.split()), limit).replace("`", "'")


def quoted(typed: object, limit: int = _QUOTED) -> str:
    """Return what somebody typed as a sentence repeats it: in quotes, on one line, cut if long."""
    return repr(shortened(str(typed), limit))
