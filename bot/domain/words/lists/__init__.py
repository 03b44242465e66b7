r"""Lists of words: the ones that come with the bot, and those an operator writes in a file.

A list is plain text, read line by line:

    [sexual]                            a category; the lines below belong to it
    nude                                a whole word, in any disguise
    porn*                               every word that begins so
    naked  not naked eye, naked mole    a word, but not within these phrases
    /\bonly\s?fans\b/                  a regular expression, on the text as it was typed
    # a remark

Chinese and Japanese have no spaces: their words are found within others, but words in katakana only
where the katakana begin and end with them (ヌード is not in ヌードル).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Final

import regex

from bot.domain.plain_text import quoted
from bot.domain.words.disguise import folded
from bot.errors import BotError

LANGUAGES: Final = ("english", "chinese", "japanese")
LONGEST_LINE: Final = 500  # characters
MOST_ENTRIES: Final = 5_000


class WordListError(BotError):
    """A line of a list cannot be understood; the sentence names it."""


class Category(StrEnum):
    """What a word is about."""

    SEXUAL = "sexual"
    VIOLENCE = "violence"
    HATE = "hate"
    OWN = "own"  # of a list without categories


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One word, phrase or regular expression.

    Attributes:
        written: As it stands in the list.
        words: Folded; "" where it is a regular expression.
        is_prefix: Whether words may go on behind it.
        unless: Folded phrases in which it is harmless, also written as one word.
        pattern: Where it is a regular expression.

    """

    written: str
    category: Category
    words: str = ""
    is_prefix: bool = False
    unless: tuple[str, ...] = ()
    pattern: regex.Pattern[str] | None = None


def built_in() -> tuple[Entry, ...]:
    """Return the lists that come with the bot, in English, Chinese and Japanese."""
    folder = files(__name__)
    return tuple(
        entry
        for name in LANGUAGES
        for entry in parse_list(folder.joinpath(f"{name}.txt").read_text(encoding="utf-8"))
    )


def parse_list(text: str) -> tuple[Entry, ...]:
    """Read a list.

    Raises:
        WordListError: A line is no entry.

    """
    entries, category = [], Category.OWN
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            category = _category(line, number)
            continue
        entries.append(_entry(line, number, category))
        if len(entries) > MOST_ENTRIES:
            raise WordListError(f"The list of words has more than {MOST_ENTRIES} entries.")
    return tuple(entries)


def _category(line: str, number: int) -> Category:
    try:
        return Category(line.strip("[] ").casefold())
    except ValueError:
        known = ", ".join(f"[{each}]" for each in Category)
        raise WordListError(
            f"Line {number} of the list of words names the category {quoted(line)}: use {known}."
        ) from None


def _entry(line: str, number: int, category: Category) -> Entry:
    if len(line) > LONGEST_LINE:
        raise WordListError(
            f"Line {number} of the list of words has {len(line)} characters: {LONGEST_LINE} are "
            "the limit."
        )
    if line.startswith("/") and line.endswith("/") and len(line) > 2:  # noqa: PLR2004 - two slashes
        return Entry(written=line, category=category, pattern=_pattern(line[1:-1], number))
    word, _, exceptions = line.partition(" not ")
    word = word.strip()
    words = _plain(word.removesuffix("*"))
    if not words:
        raise WordListError(
            f"Line {number} of the list of words has no letters: {quoted(line)}. Write a word, or "
            "a regular expression between slashes."
        )
    phrases = [phrase for each in exceptions.split(",") if (phrase := _plain(each))]
    unless = tuple({*phrases, *(each.replace(" ", "") for each in phrases)})
    return Entry(
        written=word,
        category=category,
        words=words,
        is_prefix=word.endswith("*"),
        unless=unless,
    )


def _plain(phrase: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in folded(phrase)).split())


def _pattern(written: str, number: int) -> regex.Pattern[str]:
    try:
        pattern = regex.compile(written, regex.IGNORECASE)
    except regex.error as error:
        raise WordListError(
            f"Line {number} of the list of words is no regular expression: {error}."
        ) from None
    if pattern.match("") is not None:
        raise WordListError(
            f"Line {number} of the list of words fits every text: {quoted(written)}."
        )
    return pattern
