"""Every word the bot says, in English and Chinese; knows no Discord."""

from __future__ import annotations

from typing import Final

from bot.locales.chinese import CHINESE, CHINESE_COMMANDS
from bot.locales.english import ENGLISH
from bot.locales.sentences import in_chinese

__all__ = ["CHINESE_COMMANDS", "command_text", "is_chinese", "sentence", "text"]

_CHINESE_LOCALES: Final = ("zh-CN", "zh-TW")


def is_chinese(locale: str) -> bool:
    """Return whether a Discord locale reads Chinese."""
    return locale in _CHINESE_LOCALES


def text(key: str, locale: str, /, **values: object) -> str:
    """Return the text of `key` in the reader's language, its values filled in."""
    table = CHINESE if is_chinese(locale) else ENGLISH
    return table[key].format(**values)


def sentence(message: str, locale: str) -> str:
    """Return an error's sentence in the reader's language; an unknown one stays English."""
    return in_chinese(message) if is_chinese(locale) else message


def command_text(english: str, locale: str) -> str | None:
    """Return the translation of a command's name, option or description, or None."""
    return CHINESE_COMMANDS.get(english) if is_chinese(locale) else None
