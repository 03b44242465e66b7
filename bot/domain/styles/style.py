"""A style: words around a prompt, and values where its requester chose none."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from bot.domain.plain_text import name_key, one_line, quoted, several_lines
from bot.domain.requests import (
    ADAPTERS,
    FIELDS,
    AppliedStyle,
    ModelRules,
    RequestField,
    StyleOrigin,
    clean_prompt,
    joined,
)
from bot.domain.requests.applied_style import led_by
from bot.errors import InvalidRequestError

MAX_STYLES: Final = 100  # a guild
MAX_NAME: Final = 40  # characters
MAX_WORDS: Final = 300  # before and behind, each
MAX_VALUES: Final = 1000  # as typed
NO_STYLE: Final = "none"  # as it is typed
_OPTIONS: Final = ("size", "guidance", "negative", "quality", "variety", "lora")
_APART: Final = re.compile("[|｜,，、;；\n]")  # what stands between the names of a comparison
_LINE: Final = re.compile(r"\s*(\w+)\s*[:=：]\s*(.*?)\s*")


@dataclass(frozen=True, kw_only=True)
class Style:
    """Words and values that go into requests.

    Attributes:
        name: Empty where it is nothing but what is usual in a place.
        before: Words in front of the prompt.
        after: Words behind the prompt.
        values: What it decides where its requester does not, by the names of options, as typed.

    """

    name: str = ""
    before: str = ""
    after: str = ""
    values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, *, name: str = "", before: str = "", after: str = "", **values: str | None) -> Self:
        """Return a style with those values that are given."""
        given = tuple((key, value) for key, value in values.items() if value)
        return cls(name=name, before=before, after=after, values=given)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        document = json.loads(text)
        return cls(**{**document, "values": tuple(map(tuple, document.get("values", ())))})

    def to_json(self) -> str:
        """Return it as a JSON text."""
        return json.dumps(
            {"name": self.name, "before": self.before, "after": self.after, "values": self.values},
            ensure_ascii=False,
        )

    def value(self, option: str) -> str | None:
        """Return what it decides of an option, as typed."""
        return dict(self.values).get(option)

    def only(self, *options: str) -> Self:
        """Return a style that decides nothing but these options."""
        return type(self)(values=tuple(each for each in self.values if each[0] in options))

    def over(self, base: Style) -> Style:
        """Return another style with this one's values, which go before its own."""
        return replace(base, values=tuple({**dict(base.values), **dict(self.values)}.items()))

    def with_words(self, prompt: str) -> str:
        """Return a prompt between its words, without those that it begins or ends with already."""
        prompt = clean_prompt(prompt)
        if not prompt:
            return prompt
        if not prompt.endswith(self.after):
            prompt = joined(prompt, self.after)
        return prompt if prompt.startswith(self.before) else led_by(self.before, prompt)

    def applied(self, given: Mapping[str, Any], origin: StyleOrigin) -> dict[str, Any]:
        """Return what was typed, by the names of options, with what the style adds to it.

        The values that are there stay. What was added is noted under `style`.
        """
        typed = {key: value for key, value in given.items() if value is not None}
        added = tuple(each for each in self.values if each[0] not in typed)
        note = AppliedStyle(
            origin=origin, name=self.name, before=self.before, after=self.after, values=added
        )
        is_told = self.name or self.before or self.after
        return {
            **typed,
            **dict(added),
            "prompt": self.with_words(typed["prompt"]),
            "style": (*typed.get("style", ()), *([note] if is_told else [])),
        }


@dataclass(frozen=True, kw_only=True)
class ServerStyle:
    """A style of a guild.

    Attributes:
        author_id: Who made it; 0 where that was erased.

    """

    id: str
    guild_id: int
    style: Style
    author_id: int
    author_name: str
    created_at: dt.datetime
    changed_at: dt.datetime


def style_fields() -> list[RequestField]:
    """Return the fields of a request that a style can decide."""
    known = {field.option: field for field in FIELDS}
    return [known[option] for option in _OPTIONS if option in known]


def style_name(typed: str) -> str:
    """Return the name of a style as it is kept.

    Raises:
        InvalidRequestError: It is empty, too long, taken, or cannot be typed among others.

    """
    name = one_line(typed)
    if not name or name_key(name) == NO_STYLE or _APART.search(name):
        raise InvalidRequestError(
            f"The style cannot be called {quoted(name)}: use a name without commas, such as 'ink', "
            f"and not '{NO_STYLE}'."
        )
    if len(name) > MAX_NAME:
        raise InvalidRequestError(f"The name has {len(name)} characters: {MAX_NAME} are the limit.")
    return name


def style_words(typed: str, *, is_before: bool = False) -> str:
    """Return words of a style as they are kept; in front of a prompt a comma may be meant.

    Raises:
        InvalidRequestError: They are too long.

    """
    words = one_line(typed) if is_before else one_line(typed).strip(" ,")
    if len(words) > MAX_WORDS:
        raise InvalidRequestError(
            f"The style has {len(words)} characters: {MAX_WORDS} are the limit."
        )
    return words


def parse_values(typed: str, rules: ModelRules) -> tuple[tuple[str, str], ...]:
    """Read the values of a style, one a line: `guidance: 1.2`.

    Raises:
        InvalidRequestError: A line is none, or its value does not work.

    """
    if len(typed) > MAX_VALUES:
        raise InvalidRequestError(
            f"The style has {len(typed)} characters: {MAX_VALUES} are the limit."
        )
    found: dict[str, str] = {}
    for line in several_lines(typed).splitlines():
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if match is None or match[1].casefold() not in {each.option for each in style_fields()}:
            raise _bad_line(line)
        found[match[1].casefold()] = match[2]
    return check_values(found, rules)


def check_values(found: Mapping[str, str | None], rules: ModelRules) -> tuple[tuple[str, str], ...]:
    """Return the values that are given, each of which works with a model.

    Raises:
        InvalidRequestError: One does not; the sentence names it.

    """
    kept = {key: one_line(value) for key, value in found.items() if value and value.strip()}
    for field in style_fields():
        if field.option in kept:
            value = field.read(kept[field.option], rules)
            if field.check is not None:
                field.check(value)
            if field is ADAPTERS:  # whole names: another one may come that begins alike
                kept[field.option] = field.show(value) or kept[field.option]
    return tuple(kept.items())


def _bad_line(line: str) -> InvalidRequestError:
    options = ", ".join(each.option for each in style_fields())
    return InvalidRequestError(
        f"The line {quoted(line)} is no value of a style: write for example 'guidance: 1.2', with "
        f"one of {options}."
    )
