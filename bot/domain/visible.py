"""Words from elsewhere as one line in which nothing is hidden and nothing steers a screen."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Final

# Control characters (also ESC, which begins the sequences that a terminal obeys), format characters
# (invisible, or they turn the direction), halves of surrogate pairs, private use, unassigned.
_HIDDEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn"}
_JOINERS: Final = {"\u200c", "\u200d"}  # they shape emoji, Persian and Indian letters
# Signs of Arabic, Syriac and Kaithi that Unicode calls format characters and that are seen.
_SEEN: Final = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_STEERS: Final = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_LAST_LATIN: Final = "\u02ff"  # no letter up to here is joined to others
_MOST_MARKS: Final = 4  # above one letter: more of them cover the lines around


def visible(words: str, limit: int) -> str:
    """Return words on one line, without hidden characters, cut at `limit` with a mark."""
    # More than is shown is looked at, for what is left out; a text of megabytes is not.
    line = " ".join(_plain(words[: limit * 4 + 400]).split())
    is_cut = len(line) > limit or len(words) > limit * 4 + 400
    return line[: limit - 1].rstrip() + "…" if is_cut else line


def json_line(value: object) -> str:
    """Return JSON on one line that a terminal can show: what is hidden or steers it is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return _STEERS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _plain(words: str) -> str:
    if words.isascii() and words.isprintable():
        return words
    kept: list[str] = []
    marks = 0
    for char in words:
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category in _HIDDEN and char not in _SEEN and not _joins(char, kept):
            if char.isspace():
                kept.append(" ")
        elif marks <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept).rstrip("\u200c\u200d")


def _joins(char: str, before: list[str]) -> bool:
    """Tell whether a joiner stands behind a letter or sign that can be joined."""
    return char in _JOINERS and bool(before) and before[-1] > _LAST_LATIN
