"""Styles: words around a prompt and values beside it, by a name."""

from bot.domain.styles.book import StyleBook
from bot.domain.styles.built_in import BUILT_IN, BuiltInStyle, built_in_named
from bot.domain.styles.style import (
    MAX_NAME,
    MAX_STYLES,
    MAX_VALUES,
    MAX_WORDS,
    NO_STYLE,
    ServerStyle,
    Style,
    check_values,
    parse_values,
    style_fields,
    style_name,
    style_words,
)

__all__ = [
    "BUILT_IN",
    "MAX_NAME",
    "MAX_STYLES",
    "MAX_VALUES",
    "MAX_WORDS",
    "NO_STYLE",
    "BuiltInStyle",
    "ServerStyle",
    "Style",
    "StyleBook",
    "built_in_named",
    "check_values",
    "parse_values",
    "style_fields",
    "style_name",
    "style_words",
]
