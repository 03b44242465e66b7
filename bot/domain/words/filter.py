"""Finding unwanted words in a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from bot.domain.words.disguise import (
    cjk_readings,
    folded,
    is_cjk,
    latin_readings,
    masked_words,
    plain_reading,
)
from bot.domain.words.lists import Entry

PATTERN_S: Final = 0.05  # for a regular expression of somebody's own, on one text
_LATIN: Final = re.compile(r"[a-z ]+")
_KATAKANA: Final = "\u30a1-\u30fa\u30fc"
_ONLY_KATAKANA: Final = re.compile(rf"[{_KATAKANA}]+")


@dataclass(frozen=True, kw_only=True)
class FoundWord:
    """An unwanted word in a text.

    Attributes:
        entry: Of the list.
        is_certain: False where a regular expression took too long: it counts as found.

    """

    entry: Entry
    is_certain: bool = True


class WordFilter:
    """Lists, ready to be looked for; it may be used on any thread."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Prepare the entries; a later one of the same words replaces an earlier one."""
        own = {each.words or each.written: each for each in entries}
        self._patterns = [each for each in own.values() if each.pattern is not None]
        self._latin, self._cjk, self._others = (
            _Group(form) for form in (_word_form, _cjk_form, _word_form)
        )
        for each in own.values():
            if each.pattern is None:
                self._group(each.words).add(each)

    def find(self, text: str) -> FoundWord | None:
        """Return the first unwanted word, or None."""
        plain = folded(text)
        for reading in latin_readings(plain):
            if (entry := self._latin.find(reading)) is not None:
                return FoundWord(entry=entry)
        for reading in cjk_readings(plain):
            if (entry := self._cjk.find(reading)) is not None:
                return FoundWord(entry=entry)
        if (entry := self._others.find(plain_reading(plain))) is not None:
            return FoundWord(entry=entry)
        for masked in masked_words(plain):
            if (entry := self._latin.whole(masked)) is not None:
                return FoundWord(entry=entry)
        return self._by_pattern(text)

    def _group(self, words: str) -> _Group:
        if _LATIN.fullmatch(words):
            return self._latin
        return self._cjk if is_cjk(words) else self._others

    def _by_pattern(self, text: str) -> FoundWord | None:
        for each in self._patterns:
            assert each.pattern is not None
            try:
                if each.pattern.search(text, timeout=PATTERN_S) is not None:
                    return FoundWord(entry=each)
            except TimeoutError:  # who writes a text that no filter gets through gets through none
                return FoundWord(entry=each, is_certain=False)
        return None


class _Group:
    """Entries of one kind of script as one expression, which is compiled when it is first used."""

    def __init__(self, form: Callable[[Entry], str]) -> None:
        self._form = form
        self._entries: dict[str, Entry] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, entry: Entry) -> None:
        self._entries[f"e{len(self._entries)}"] = entry
        self._pattern = None

    def find(self, reading: str) -> Entry | None:
        if not self._entries:
            return None
        if self._pattern is None:
            longest = sorted(self._entries.items(), key=lambda each: -len(each[1].words))
            parts = (f"(?P<{name}>{self._form(entry)})" for name, entry in longest)
            self._pattern = re.compile("|".join(parts))
        for match in self._pattern.finditer(reading):
            assert match.lastgroup is not None
            entry = self._entries[match.lastgroup]
            if not any(_covers(phrase, reading, match) for phrase in entry.unless):
                return entry
        return None

    def whole(self, masked: re.Pattern[str]) -> Entry | None:
        """Return the entry that a masked word can be."""
        return next((each for each in self._entries.values() if masked.fullmatch(each.words)), None)


def _word_form(entry: Entry) -> str:
    """Return the expression of whole words, in a reading with single spaces."""
    return rf"(?<= ){re.escape(entry.words)}{'[^ ]*' if entry.is_prefix else ''}(?= )"


def _cjk_form(entry: Entry) -> str:
    words = re.escape(entry.words)
    if not _ONLY_KATAKANA.fullmatch(entry.words):
        return words
    end = "" if entry.is_prefix else rf"(?![{_KATAKANA}])"
    return rf"(?<![{_KATAKANA}]){words}{end}"


def _covers(phrase: str, reading: str, match: re.Match[str]) -> bool:
    """Tell whether a found word begins within a harmless phrase."""
    size, start = len(phrase), match.start()
    return reading.find(phrase, max(0, start - size + 1), start + size) != -1
