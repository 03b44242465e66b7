"""Words that a place does not want in prompts, names and comments, however they are disguised."""

from __future__ import annotations

from bot.domain.words.filter import FoundWord, WordFilter
from bot.domain.words.lists import Category, Entry, WordListError, built_in, parse_list

__all__ = [
    "Category",
    "Entry",
    "FoundWord",
    "WordFilter",
    "WordListError",
    "built_in",
    "parse_list",
]
