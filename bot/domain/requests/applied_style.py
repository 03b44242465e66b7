"""What a style put into a request: it tells how the request came about and draws nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from bot.domain.requests.field import of_type

MAX_APPLIED: Final = 3  # one that was chosen, or the board's, and the server's
_MAX_TEXT: Final = 4000  # characters of a name or of words in a stranger's recipe


class StyleOrigin(StrEnum):
    """Who asked for a style."""

    REQUESTER = "requester"
    BOARD = "board"
    SERVER = "server"


@dataclass(frozen=True, kw_only=True)
class AppliedStyle:
    """A style as it was when it was applied.

    Attributes:
        name: Empty where it has none: a board's or a server's usual words.
        before: Its words in front of the prompt.
        after: Its words behind the prompt.
        values: What else it decided, by the names of options, as typed.

    """

    origin: StyleOrigin
    name: str = ""
    before: str = ""
    after: str = ""
    values: tuple[tuple[str, str], ...] = ()

    def is_in(self, prompt: str) -> bool:
        """Tell whether its words are still in a prompt."""
        return self.before in prompt and self.after in prompt

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote, perhaps somewhere else."""
        values = of_type(document["values"], dict)
        return cls(
            origin=StyleOrigin(document["origin"]),
            **{key: _words(document[key]) for key in ("name", "before", "after")},
            values=tuple((_words(key), _words(value)) for key, value in values.items()),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "origin": self.origin.value, "name": self.name, "before": self.before,
            "after": self.after, "values": dict(self.values),
        }  # fmt: skip


def applied_styles_of(document: list[Any]) -> tuple[AppliedStyle, ...]:
    """Read the styles of a request's document.

    Raises:
        KeyError: Something is missing.
        TypeError: A value is of another type.
        ValueError: There are too many, or a value cannot be meant.

    """
    if len(document) > MAX_APPLIED:
        raise ValueError(f"{len(document)} styles")
    return tuple(AppliedStyle.from_json(of_type(each, dict)) for each in document)


def style_names(applied: tuple[AppliedStyle, ...]) -> str:
    """Return the names of styles that have one, as a person reads them."""
    return ", ".join(dict.fromkeys(each.name for each in applied if each.name))


def bare_prompt(prompt: str, applied: tuple[AppliedStyle, ...]) -> str:
    """Return a prompt as it was before styles put their words around it."""
    for each in reversed(applied):
        if each.is_in(prompt):
            prompt = prompt.removeprefix(each.before).removesuffix(each.after).strip(" ,，")
    return prompt


def joined(prompt: str, words: str) -> str:
    """Return a prompt with words behind it, as their language joins them."""
    if not words or not prompt:
        return prompt + words
    comma = "，" if has_han(words) else ", "
    return prompt.rstrip(" ,，.。") + comma + words


def led_by(words: str, prompt: str) -> str:
    """Return a prompt with words in front of it; only between Latin words stands a space."""
    is_open = not words or words[-1] > "\u2e7f"  # Han, kana, and marks of full width
    return words + ("" if is_open else " ") + prompt


def has_han(text: str) -> bool:
    """Tell whether a text has a Chinese character, which Japanese has too."""
    return any("\u4e00" <= char <= "\u9fff" for char in text)


def _words(value: object) -> str:
    words: str = of_type(value, str)
    if len(words) > _MAX_TEXT:
        raise ValueError(f"{len(words)} characters")
    return words
