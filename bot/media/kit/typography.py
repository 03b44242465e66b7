"""Words on pictures: one font for many scripts and emoji, lines that fit, nothing as a box."""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import ImageFont

from bot.domain.plain_text import plain_text
from bot.media.kit.direction import has_right_to_left, joined
from bot.media.kit.theme import Colour

FONT_FILE: Final = Path(__file__).parent / "font" / "ZIBSheetSans-Regular.otf"
LINE_HEIGHT: Final = 1.36  # of the size: Chinese glyphs fill their em and need some air
_MISSING: Final = "\uffff"  # a character no font has
_ELLIPSIS: Final = "…"
_RAGGED: Final = 0.7  # of the width: a last line that is shorter takes a part of a word more
_LEFT_OUT: Final = re.compile(r"(?:\[…\][\s,.;:!?'\"-]*)*\[…\]\s*")  # a whole sentence is one mark
_SKIN_TONES: Final = frozenset("🏻🏼🏽🏾🏿")
_OPENING: Final = "(\\[{（［【「『《〈“‘"
_CLOSING: Final = ")\\]},.!?;:%，。、！？；：）］】」』》〉”’…"
_CHINESE: Final = "\u2e80-\u9fff\uf900-\ufaff\uff01-\uffe6"  # with its punctuation and kana
# What a line is not broken within: a Chinese character or a word, with the punctuation around it.
_UNITS: Final = re.compile(
    rf"[{_OPENING}]*(?:[{_CHINESE}]|[^\s{_CHINESE}]+)?[{_CLOSING}]*\s*", re.UNICODE
)


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font at a size in pixels."""
    return ImageFont.truetype(FONT_FILE, size)


@lru_cache(maxsize=64)
def _unordered_font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font that leaves every character where it is, and alone."""
    return ImageFont.truetype(FONT_FILE, size, layout_engine=ImageFont.Layout.BASIC)


def font_for(line: str, size: int) -> ImageFont.FreeTypeFont:
    """Return the font for a line; one in reading order already gets a font that keeps it."""
    return _unordered_font(size) if has_right_to_left(line) else font(size)


def length(line: str, size: int) -> float:
    """Return how wide a line is, in pixels."""
    return font_for(line, size).getlength(line)


@dataclass(frozen=True, kw_only=True)
class TextStyle:
    """How words are set; the size in pixels."""

    size: int
    colour: Colour

    @property
    def line_height(self) -> int:
        """Return the distance from line to line, in pixels."""
        return round(self.size * LINE_HEIGHT)


def wrapped(words: str, *, size: int, width: int, max_lines: int) -> list[str]:
    """Return the words in lines, broken between words and between Chinese characters."""
    lines = [""]
    for unit in _units(words, size=size, width=width):
        if lines[-1] and _length(lines[-1] + unit, size) > width:
            if len(lines) > max_lines:
                break
            lines.append("")
        lines[-1] += unit if lines[-1] else unit.lstrip()
    whole = [line.rstrip() for line in lines[:max_lines] if line]
    if len(lines) > max_lines:
        whole[-1] = _cut(*lines[max_lines - 1 :], size=size, width=width)
    return whole


def _units(words: str, *, size: int, width: int) -> Iterator[str]:
    """Return what lines may be broken between; a word longer than a line falls into letters."""
    for match in _UNITS.finditer(words.strip()):
        if _length(match[0], size) <= width:
            yield match[0]
        else:
            yield from match[0]


def _cut(line: str, after: str, *, size: int, width: int) -> str:
    """Return a line with a mark; with a part of the one after it where much is left."""
    if _length(line, size) < _RAGGED * width:
        line += after
    fitting = bisect_right(
        range(len(line) + 1),
        width,
        key=lambda end: math.ceil(_length(line[:end] + _ELLIPSIS, size)),
    )
    return line[: max(0, fitting - 1)].rstrip(" -,，、;；.。") + _ELLIPSIS


def _length(words: str, size: int) -> float:
    return length(words.rstrip(), size)


def plain(words: str) -> str:
    """Return one line without control characters or marks that turn the direction of text."""
    return " ".join(plain_text(words).split())


def drawable(words: str) -> str:
    """Return the words without a character that the font has no glyph for.

    An emoji without one is named in brackets, a rare Chinese character by its code; letters of
    scripts that are not there are left out with a mark. Arabic letters come joined.
    """
    normal = joined(unicodedata.normalize("NFC", plain(words)))
    return _LEFT_OUT.sub("[…] ", "".join(map(_glyphs_of, normal))).strip()


def _glyphs_of(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "CM" or character in _SKIN_TONES:  # nothing by themselves, as joiners
        return ""
    if character == " " or has_glyph(character):
        return character
    if category == "So":
        return f"[{unicodedata.name(character, hex(ord(character))).lower()}]"
    if unicodedata.name(character, "").startswith("CJK "):
        return f"[U+{ord(character):X}]"
    return "[…]"


@lru_cache(maxsize=16_384)
def has_glyph(character: str) -> bool:
    """Tell whether the font can draw a character."""
    type_ = _unordered_font(24)
    drawn, box = type_.getmask(character), type_.getmask(_MISSING)
    return drawn.size != box.size or bytes(drawn) != bytes(box)
