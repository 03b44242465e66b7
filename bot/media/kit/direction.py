"""Words that are read from right to left, as they are drawn: letters joined, the first one right.

Pillow would do both, but only where the machine has FriBidi; a PDF asks for the same glyphs.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Hebrew, Arabic and their neighbours; Hebrew's and Arabic's forms of presentation.
_RIGHT_TO_LEFT: Final = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


def has_right_to_left(words: str) -> bool:
    """Tell whether any of the words is read from right to left."""
    return _RIGHT_TO_LEFT.search(words) is not None


def joined(words: str) -> str:
    """Return the words with each Arabic letter in the form that its place in the word asks for."""
    if not has_right_to_left(words):
        return words
    from arabic_reshaper import reshape  # noqa: PLC0415 - few words need it

    return str(reshape(words))


def is_right_to_left(words: str) -> bool:
    """Tell whether words are read from the right as a whole: their first letter decides."""
    kinds = map(unicodedata.bidirectional, words)
    return next((kind != "L" for kind in kinds if kind in {"L", "R", "AL"}), False)


def turned(line: str, *, from_right: bool) -> str:
    """Return a line's characters from left to right, as they stand on the sheet.

    Args:
        line: One of the lines that some words were broken into.
        from_right: Whether the words are read from the right as a whole.

    """
    if not has_right_to_left(line):
        return line
    from bidi.algorithm import get_display  # noqa: PLC0415 - few words need it

    # This one mirrors brackets, unlike its namesake in `bidi`.
    return str(get_display(line, base_dir="R" if from_right else "L"))
