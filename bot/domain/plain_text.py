"""Text as people type it, and text from files: nothing in it hides, or breaks what is beside it."""

from __future__ import annotations

import json
import re
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
_MARKS: Final = {"Mn", "Me"}  # categories of accents and other marks on a letter
_MOST_MARKS: Final = (
    4  # on one letter: more cover the lines around, and no living language has them
)
_JOINERS: Final = "\u200c\u200d"  # they shape emoji, Persian and Indian letters
_LAST_LATIN: Final = "\u02ff"  # no letter up to here is joined to others
# Control characters (also ESC, which begins the sequences that a terminal obeys), format characters
# (invisible, or they turn the direction), halves of surrogate pairs, private use, unassigned.
_HIDDEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn"}
# Signs of Arabic, Syriac and Kaithi that Unicode calls format characters and that are seen.
_SEEN: Final = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_STEERS: Final = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_QUOTED: Final = 40  # characters
_SPACES: Final = re.compile(r"\s+")
_BLANK_LINES: Final = re.compile(r"\n\s*\n\s*")


def plain_text(typed: str) -> str:
    """Return what of a text is text: no NUL, no control, no half of a pair, no sign of direction.

    Words, accents, emoji and the ends of lines stay as they were typed.
    """
    lines = typed.replace("\r\n", "\n").translate(_LINE_ENDS)
    return "".join(char for char in lines if char in "\n\t" or _is_text(char))


def _is_text(char: str) -> bool:
    return char not in _SHAPELESS and unicodedata.category(char) not in {"Cc", "Cs"}


def name_key(name: str) -> str:
    """Return what names are compared by: `Ｓpring ` and `spring` are the same."""
    return one_line(unicodedata.normalize("NFKC", name)).casefold()


def one_line(text: str) -> str:
    """Return a text without line ends, signs of control and spaces at its ends."""
    return _SPACES.sub(" ", _composed(text)).strip()


def several_lines(text: str) -> str:
    """Return a text without signs of control, and with at most one empty line in a row."""
    lines = (line.rstrip() for line in _composed(text).splitlines())
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", plain_text(text).replace("\t", " "))


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
        if unicodedata.category(char) in _MARKS:
            marks += 1
        elif char not in _JOINERS:  # a joiner does not begin another letter
            marks = 0
        if marks <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def in_code(typed: str, limit: int = _QUOTED) -> str:
    """Return what somebody typed so that it stays within the backticks around it, cut if long."""
    return shortened(" ".join(typed.split()), limit).replace("`", "'")


def quoted(typed: object, limit: int = _QUOTED) -> str:
    """Return what somebody typed as a sentence repeats it: in quotes, on one line, cut if long."""
    return repr(shortened(str(typed), limit))


def visible(words: str, limit: int) -> str:
    """Return words from elsewhere on one line, without hidden characters, cut with a mark."""
    # More than is shown is looked at, for what is left out; a text of megabytes is not.
    line = " ".join(_seen(words[: limit * 4 + 400]).split())
    is_cut = len(line) > limit or len(words) > limit * 4 + 400
    return line[: limit - 1].rstrip() + "…" if is_cut else line


def json_line(value: object) -> str:
    """Return JSON on one line that a terminal can show: what is hidden or steers it is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return _STEERS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _seen(words: str) -> str:
    """Return words without what is hidden; what parts them becomes a space."""
    if words.isascii() and words.isprintable():
        return words
    kept: list[str] = []
    for char in words:
        if unicodedata.category(char) not in _HIDDEN or char in _SEEN or _joins(char, kept):
            kept.append(char)
        elif char.isspace():
            kept.append(" ")
    return _without_towers("".join(kept)).rstrip(_JOINERS)


def _joins(char: str, before: list[str]) -> bool:
    """Tell whether a joiner stands behind a letter or sign that can be joined."""
    return char in _JOINERS and bool(before) and before[-1] > _LAST_LATIN
