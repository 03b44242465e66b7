"""Reading a text as a person reads it who sees through its disguise.

`nüde`, `n u d e`, `n.u.d.e`, `nuuude`, `ｎｕｄｅ`, `nud3`, `пude` (with a Cyrillic letter) and
`nu<zero width space>de` are read as one word. Each reading is a line of words with single spaces;
the plain one comes first. Nothing here knows which words matter.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

# Letters of other scripts that are drawn as Latin ones, from the confusables of Unicode's UTS #39.
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"
_LOOKALIKES: Final = str.maketrans(
    "аеорсухіјѕһԁԛԝвнкмтгпαεινορτυχκωοøłđħŧɡıᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
    "aeopcyxijshdqwbhkmtrnaeivoptuxkwooldhtgiabcdefghijklmnoprstuvwyz",
) | {
    first + i: letter  # white letters in black circles and squares, and those that make flags
    for first in (0x1F150, 0x1F170, 0x1F1E6)
    for i, letter in enumerate(_ALPHABET)
}
_LAST_CYRILLIC: Final = "\u052f"
_LEET: Final = str.maketrans({
    "0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "€": "e", "+": "t", "(": "c", "£": "l", "!": "i", "|": "i", "1": "i",
})  # fmt: skip
_LEET_L: Final = str.maketrans({"1": "l", "|": "l", "!": "l"})  # the other letter they stand for
_LEET_SIGNS: Final = r"a-z0-9@$€+£!|("
_LATIN_WORD: Final = re.compile(r"[a-z]+")
_LEET_WORD: Final = re.compile(rf"[{_LEET_SIGNS}]+")
_WORD: Final = re.compile(r"[^\W_]+")
_LETTER: Final = re.compile(r"[a-z]")
# One letter after the other, each behind the same kind of gap: n u d e, n.u.d.e, n-u-d-e.
_SPACED: Final = re.compile(
    rf"(?<![{_LEET_SIGNS}])[{_LEET_SIGNS}]"
    rf"(?:(?:[^\w\n{_LEET_SIGNS}]{{1,3}}|_)[{_LEET_SIGNS}](?![{_LEET_SIGNS}])){{2,}}"
)
_CUT: Final = re.compile(r"(?<=[a-z])[-._*'’~·/\\^]+(?=[a-z])")  # within a word: nu-de, nu.de
_REPEATED: Final = re.compile(r"([a-z])\1{2,}")
_MASKED: Final = re.compile(r"(?<![a-z])[a-z]+(?:[*#]+[a-z]+)+(?![a-z])")  # n*de

_CJK: Final = "\u3005\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_CJK_RUN: Final = re.compile(rf"[{_CJK}]+")
_CJK_GAP: Final = re.compile(rf"(?<=[{_CJK}])[\s.*·・_~|/\\+\-=^'\"＿]+(?=[{_CJK}])")


def folded(text: str) -> str:
    """Return a text without what only disguises it: widths, case, accents, invisible signs."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    seen = "".join(
        char for char in plain if char == "\n" or unicodedata.category(char) not in {"Cf", "Cc"}
    )
    return _without_accents(seen).translate(_LOOKALIKES)


def _without_accents(text: str) -> str:
    """Return the text with bare Latin, Greek and Cyrillic letters; marks of other scripts stay."""
    kept: list[str] = []
    for char in unicodedata.normalize("NFD", text):
        is_mark = unicodedata.category(char) in {"Mn", "Me"}
        if not is_mark or not kept or kept[-1] > _LAST_CYRILLIC:
            kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


def latin_readings(text: str) -> Iterator[str]:
    """Return what the Latin words of a folded text may be read as, each reading once."""
    joined = _SPACED.sub(lambda run: _letters(run[0]), text)
    # The first of the letters may be a word of its own: a n u d e woman.
    later = _SPACED.sub(lambda run: f"{run[0][0]} {_letters(run[0])[1:]}", text)
    seen: set[str] = set()
    for each in (text, joined, later, _CUT.sub("", joined)):
        for reading in (_words(_LATIN_WORD, each), *_leet(each)):
            for whole in (reading, _REPEATED.sub(r"\1", reading), _REPEATED.sub(r"\1\1", reading)):
                if whole.strip() and whole not in seen:
                    seen.add(whole)
                    yield whole


def _letters(run: str) -> str:
    return re.sub(rf"[^{_LEET_SIGNS}]", "", run)


def plain_reading(text: str) -> str:
    """Return the words and numbers of a folded text, whatever their script, between spaces."""
    return _words(_WORD, text)


def masked_words(text: str) -> list[re.Pattern[str]]:
    """Return patterns of the words of a folded text in which letters are masked: n*de."""
    return [
        re.compile("".join(f".{{{len(part)}}}" if part[0] in "*#" else part for part in parts))
        for found in _MASKED.finditer(text)
        if (parts := re.findall(r"[*#]+|[a-z]+", found[0]))
    ]


def is_cjk(words: str) -> bool:
    """Tell whether a word is wholly Chinese or Japanese."""
    return _CJK_RUN.fullmatch(words) is not None


def cjk_readings(text: str) -> Iterator[str]:
    """Return the Chinese and Japanese of a folded text: as it stands, and without short gaps.

    A gap is closed where one of the pieces beside it is a single character, as in 裸 体: between
    whole words (男性 交谈) it parts two words.
    """
    yield " ".join(_CJK_RUN.findall(text))
    pieces = _CJK_GAP.split(text)
    joined = [pieces[0]]
    for before, piece in itertools.pairwise(pieces):
        is_short = 1 in {_length_at(before, -1), _length_at(piece, 0)}
        joined.append(piece if is_short else f" {piece}")
    yield " ".join(_CJK_RUN.findall("".join(joined)))


def _length_at(piece: str, side: int) -> int:
    """Return how many Chinese or Japanese characters stand together at the end of a piece."""
    runs = _CJK_RUN.findall(piece)
    return len(runs[side]) if runs else 0


def _words(pattern: re.Pattern[str], text: str) -> str:
    return f" {' '.join(pattern.findall(text))} "


def _leet(text: str) -> Iterator[str]:
    """Return the readings in which digits and signs stand for letters."""
    words = [word.strip("!(+|") for word in _LEET_WORD.findall(text)]
    words = [word for word in words if _LETTER.search(word) or "@" in word]
    for table in (_LEET, _LEET | _LEET_L):
        yield _words(_LATIN_WORD, " ".join(word.translate(table) for word in words))
