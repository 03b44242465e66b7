"""What somebody looks for among the images: words of the prompt, a seed, a size, a person, a date.

All of it can be typed in one line, `castle at night seed:42 size:512x512 on:2026-11`, which is also
how the buttons under a result remember what was looked for.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import Final, Self

from bot.domain.image_kinds import image_kind
from bot.domain.plain_text import quoted
from bot.domain.requests import MAX_SEED, Size
from bot.errors import InvalidRequestError

_MOST_DIGITS: Final = 20  # of 64 bits; Python itself refuses thousands with an error of its own
_FILTER: Final = re.compile(r"(seed|size|by|on|kind):(\S+)")
_SIZE: Final = re.compile(r"(\d{1,5})[x×X*](\d{1,5})")
_DATE: Final = re.compile(r"(\d{4})(?:-?(\d{2}))?(?:-?(\d{2}))?")


@dataclass(frozen=True, kw_only=True)
class Search:
    """A wish to find images; everything that is given must be so.

    Attributes:
        words: Of the prompt, in any order; a word may be the beginning of a longer one.
        user_id: Who asked for the image.
        kind: How it was made; one of `bot.domain.image_kinds.KINDS`.
        date: A year, a month or a day in UTC, as `2026`, `2026-11` or `2026-11-23`.

    """

    words: str = ""
    seed: int | None = None
    size: Size | None = None
    user_id: int | None = None
    date: str | None = None
    kind: str | None = None

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line as it is typed.

        Raises:
            InvalidRequestError: A filter has a value that cannot be meant.

        """
        found = cls(words=" ".join(_FILTER.sub(" ", line).split()))
        for match in _FILTER.finditer(line):
            found = found.with_filter(match[1], match[2])
        return found

    def with_filter(self, name: str, value: str) -> Self:
        """Return this search with one more filter; see `parse`."""
        if name == "seed":
            return replace(self, seed=_seed(value))
        if name == "size":
            return replace(self, size=_size(value))
        if name == "on":
            return replace(self, date=_date(value))
        if name == "kind":
            return replace(self, kind=image_kind(value))
        return replace(self, user_id=_user_id(value))

    def __str__(self) -> str:
        """Return the line that `parse` reads as this search."""
        filters = {
            "seed": self.seed, "size": self.size, "by": self.user_id, "on": self.date,
            "kind": self.kind,
        }  # fmt: skip
        given = [f"{name}:{value}" for name, value in filters.items() if value is not None]
        return " ".join([*([self.words] if self.words else []), *given])


def _seed(value: str) -> int:
    is_number = value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
    if not (is_number and int(value) <= MAX_SEED):
        raise InvalidRequestError(
            f"The seed {quoted(value, 20)} does not work: use a whole number from 0 to {MAX_SEED}."
        )
    return int(value)


def _size(value: str) -> Size:
    match = _SIZE.fullmatch(value)
    if match is None:
        raise InvalidRequestError(
            f"The size {quoted(value, 20)} cannot be looked for: use WIDTHxHEIGHT, for example "
            "512x512."
        )
    return Size(width=int(match[1]), height=int(match[2]))


def _user_id(value: str) -> int:
    digits = value.strip("<@!>")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        raise InvalidRequestError(
            f"{quoted(value, 30)} is nobody: choose a member, or use their id."
        )
    return int(digits)


def _date(value: str) -> str:
    match = _DATE.fullmatch(value)
    parts = [part for part in match.groups() if part] if match is not None else []
    try:
        dt.date(*map(int, [*parts, *["1"] * (3 - len(parts))] if parts else [0, 0, 0]))
    except ValueError as error:
        raise InvalidRequestError(
            f"The date {quoted(value, 20)} cannot be looked for: use 2026, 2026-11 or 2026-11-23."
        ) from error
    return "-".join(parts)
