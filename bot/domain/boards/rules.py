"""What may be written on a board, and how much: checked once, before anything is kept.

Text is kept as it was meant: one form of each character, no invisible signs that turn or hide what
stands beside them. Whoever shows it still escapes it for where it is shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from bot.domain.plain_text import one_line, several_lines, shortened
from bot.errors import InvalidRequestError

MAX_BOARDS: Final = 100  # a guild, without the deleted ones
MAX_ITEMS: Final = 1000  # a board
SPACE_BYTES: Final = 10_000_000_000  # of the pictures of a guild, unless the operator says else
MAX_NAME: Final = 80  # characters, as all that follow
MAX_BRIEF: Final = 1000
MAX_CAPTION: Final = 500
MAX_CREDIT: Final = 100
MAX_COMMENT: Final = 1000
MAX_TAG: Final = 30
MAX_TAGS: Final = 20  # a picture
MAX_COMMENTS: Final = 200  # a picture
MAX_GRANTS: Final = 50  # a board
MAX_THRESHOLD: Final = 1000  # votes
_USER_NAME: Final = 80  # Discord's are at most 32


def board_name(typed: str) -> str:
    """Return a board's name as it is kept.

    Raises:
        InvalidRequestError: Nothing of it can be seen, or it is too long.

    """
    name = one_line(typed)
    if not any(unicodedata.category(char)[0] in "LNPS" for char in name):
        raise InvalidRequestError("The board needs a name: write what it is for, such as 'Spring'.")
    return _short_enough("name", name, MAX_NAME)


def brief(typed: str) -> str:
    """Return a brief as it is kept; it may have lines."""
    return _short_enough("brief", several_lines(typed), MAX_BRIEF)


def caption(typed: str) -> str:
    """Return a caption as it is kept."""
    return _short_enough("caption", one_line(typed), MAX_CAPTION)


def credit(typed: str) -> str:
    """Return the name of who made a picture."""
    return _short_enough("credit", one_line(typed), MAX_CREDIT)


def user_name(name: str) -> str:
    """Return a member's name, cut where it is absurdly long."""
    return shortened(one_line(name), _USER_NAME)


def comment(typed: str) -> str:
    """Return a comment as it is kept; it may have lines."""
    text = several_lines(typed)
    if not text:
        raise InvalidRequestError("The comment is empty: write what there is to say.")
    return _short_enough("comment", text, MAX_COMMENT)


def tags(typed: Iterable[str]) -> tuple[str, ...]:
    """Return tags as they are kept: without their sign, each once, in the order of their typing."""
    found: dict[str, str] = {}
    for each in typed:
        for part in re.split(r"[,;\uff0c\u3001\uff1b\n]", each):
            tag = one_line(part).lstrip("#\uff03").strip()
            if tag:
                found.setdefault(tag.casefold(), _short_enough("tag", tag, MAX_TAG))
    return check_tags(tuple(found.values()))


def with_tags(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tags of a picture together with further ones."""
    there = {tag.casefold() for tag in old}
    return check_tags((*old, *(tag for tag in new if tag.casefold() not in there)))


def without_tags(old: tuple[str, ...], gone: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tags of a picture without some."""
    keys = {tag.casefold() for tag in gone}
    return tuple(tag for tag in old if tag.casefold() not in keys)


def check_tags(found: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tags if they are not too many for a picture."""
    if len(found) > MAX_TAGS:
        raise InvalidRequestError(
            f"A picture with {len(found)} tags is too much: {MAX_TAGS} are the limit."
        )
    return found


def threshold(votes: int) -> int:
    """Return how many votes put a candidate on the shortlist."""
    if not 1 <= votes <= MAX_THRESHOLD:
        raise InvalidRequestError(
            f"The threshold {votes} does not work: use a whole number from 1 to {MAX_THRESHOLD}."
        )
    return votes


def _short_enough(what: str, text: str, limit: int) -> str:
    if len(text) > limit:
        raise InvalidRequestError(f"The {what} has {len(text)} characters: {limit} are the limit.")
    return text
