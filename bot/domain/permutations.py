"""Braces in what was typed: `{red, green} apple` stands for an apple of each colour.

As in Midjourney, commas part the words to choose from, braces may stand in braces, and a backslash
keeps a brace or comma as it is. As in Dynamic Prompts, `|` parts them too, and commas are then part
of the words. Braces with nothing to choose from are plain characters: other programs mean weights.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.domain.plain_text import quoted
from bot.domain.requests import FIELDS, RequestField
from bot.errors import InvalidRequestError

MAX_COMBINATIONS: Final = 1000  # of anything, anywhere: what is expanded has to be held
_MAX_DEPTH: Final = 8  # braces in braces
_SHOWN: Final = 30  # characters behind a brace that is wrong
_OPENING, _CLOSING = "{｛", "}｝"
_BRACES: Final = _OPENING + _CLOSING
_COMMAS, _BARS = ",，、", "|｜"
_NOTHING: Final = "–"  # the label of an empty choice


@dataclass(frozen=True, kw_only=True)
class Group:
    """Braces, and what there is to choose from."""

    options: tuple[Sequence[str | Group], ...]

    @property
    def count(self) -> int:
        """Return how many choices there are, those of braces within among them."""
        return sum(map(_count, self.options))

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every choice once."""
        found = (" ".join(text.split()) for each in self.options for text in _texts(each))
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A text with braces.

    Attributes:
        parts: Plain text, and braces where there is something to choose.

    """

    parts: tuple[str | Group, ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a text.

        Raises:
            InvalidRequestError: A brace is not closed or not opened, or too many stand in others.

        """
        return cls(parts=tuple(_Reader(text).read()))

    @property
    def groups(self) -> tuple[Group, ...]:
        """Return what there is to choose, from left to right."""
        return tuple(each for each in self.parts if isinstance(each, Group))

    @property
    def count(self) -> int:
        """Return how many texts there are, without making any."""
        return _count(self.parts)

    def filled(self, choices: Sequence[str]) -> str:
        """Return the text with one choice of each group."""
        left = iter(choices)
        return "".join(each if isinstance(each, str) else next(left) for each in self.parts)


@dataclass(frozen=True, kw_only=True)
class Permutation:
    """What was typed into the options of a request, where some of it has braces.

    Attributes:
        typed: Everything, by the names of the options.
        patterns: What has something to choose, in the order of the fields.

    """

    typed: Mapping[str, Any]
    patterns: Mapping[str, Pattern]

    @classmethod
    def of(cls, typed: Mapping[str, Any]) -> Permutation:
        """Read all options that were typed as text.

        Raises:
            InvalidRequestError: Braces of one of them do not work.

        """
        patterns, plain = {}, dict(typed)
        for field in FIELDS:
            value = typed.get(field.option)
            if not isinstance(value, str) or not any(each in value for each in _BRACES):
                continue
            pattern = Pattern.parse(value)
            if pattern.groups:
                patterns[field.option] = pattern
            else:
                plain[field.option] = pattern.filled(())  # without its backslashes
        return cls(typed=plain, patterns=patterns)

    @property
    def count(self) -> int:
        """Return how many combinations there are at most, without making any."""
        return math.prod(each.count for each in self.patterns.values())

    @property
    def labels(self) -> tuple[tuple[str, ...], ...]:
        """Return what a sheet calls the choices of each group."""
        return tuple(
            tuple(_label(field, each) for each in group.texts)
            for field in FIELDS
            if field.option in self.patterns
            for group in self.patterns[field.option].groups
        )

    def combinations(self) -> list[dict[str, Any]]:
        """Return what was typed once for each combination; the last group changes fastest.

        Raises:
            InvalidRequestError: There are more than are made anywhere.

        """
        if self.count > MAX_COMBINATIONS:
            raise too_many_combinations(self.count, MAX_COMBINATIONS)
        choices = {
            option: list(itertools.product(*(group.texts for group in pattern.groups)))
            for option, pattern in self.patterns.items()
        }
        return [
            {
                **self.typed,
                **{
                    option: self.patterns[option].filled(chosen)
                    for option, chosen in zip(choices, combination, strict=True)
                },
            }
            for combination in itertools.product(*choices.values())
        ]


def too_many_combinations(count: int, most: int) -> InvalidRequestError:
    """Return the refusal of braces that make too many images."""
    return InvalidRequestError(
        f"These braces make {count} images: {most} are the limit, so leave some choices out."
    )


def _label(field: RequestField, text: str) -> str:
    if field.is_text or field.names_itself:
        return text or _NOTHING
    return f"{field.option} {text}"


def _count(parts: Sequence[str | Group]) -> int:
    return math.prod(each.count for each in parts if isinstance(each, Group))


def _texts(parts: Sequence[str | Group]) -> Iterator[str]:
    choices = [(each,) if isinstance(each, str) else each.texts for each in parts]
    return map("".join, itertools.product(*choices))


class _Reader:
    """Reads a text from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text, self._place = text, 0

    def read(self) -> list[str | Group]:
        """Return the parts of the whole text."""
        parts: list[str | Group] = []
        while self._place < len(self._text):
            character = self._text[self._place]
            if character in _CLOSING:
                raise self._wrong("opened", self._text[: self._place][-_SHOWN:], "behind")
            self._step(parts, _BRACES, depth=0)
        return _joined(parts)

    def _step(self, parts: list[str | Group], escapable: str, *, depth: int) -> None:
        """Read one character, or all of the braces that begin here."""
        character = self._text[self._place]
        following = self._text[self._place + 1 : self._place + 2]
        if character == "\\" and following and following in escapable:
            parts.append(following)
            self._place += 2
        elif character in _OPENING:
            parts += self._braces(depth + 1)
        else:
            parts.append(character)
            self._place += 1

    def _braces(self, depth: int) -> list[str | Group]:
        """Return braces as one group, or as they stand where there is nothing to choose."""
        begin = self._place
        if depth > _MAX_DEPTH:
            raise InvalidRequestError(
                f"More than {_MAX_DEPTH} braces stand in each other: use fewer."
            )
        self._place += 1
        pieces: list[list[str | Group]] = [[]]
        separators: list[str] = []
        while self._place < len(self._text) and self._text[self._place] not in _CLOSING:
            character = self._text[self._place]
            if character in _COMMAS + _BARS:
                separators.append(character)
                pieces.append([])
                self._place += 1
            else:
                self._step(pieces[-1], _BRACES + _COMMAS + _BARS, depth=depth)
        if self._place == len(self._text):
            raise self._wrong("closed", self._text[begin + 1 :][:_SHOWN], "before")
        self._place += 1
        if not separators:
            return [self._text[begin], *pieces[0], self._text[self._place - 1]]
        return [Group(options=tuple(map(tuple, map(_joined, _parted(pieces, separators)))))]

    def _wrong(self, missing: str, words: str, where: str) -> InvalidRequestError:
        return InvalidRequestError(
            f"The brace {where} {quoted(words)} is never {missing}: put braces around the words to "
            "choose from, as in {red, green}, and a backslash before one that is to stay."
        )


def _parted(pieces: list[list[str | Group]], separators: list[str]) -> list[list[str | Group]]:
    """Return the choices: where there are bars, commas belong to the words."""
    if not any(each in _BARS for each in separators):
        return pieces
    choices = [pieces[0]]
    for separator, piece in zip(separators, pieces[1:], strict=True):
        if separator in _BARS:
            choices.append(piece)
        else:
            choices[-1] = [*choices[-1], separator, *piece]
    return choices


def _joined(parts: Sequence[str | Group]) -> list[str | Group]:
    """Return the same parts with the characters next to each other as one text."""
    joined: list[str | Group] = []
    for each in parts:
        if isinstance(each, str) and joined and isinstance(joined[-1], str):
            joined[-1] += each
        else:
            joined.append(each)
    return joined
