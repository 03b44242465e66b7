"""The numbers that people type into forms."""

from __future__ import annotations

import re
from typing import Final

from bot.discord_ui.refusals import RefusalError
from bot.domain.plain_text import quoted
from bot.errors import InvalidRequestError

NUMBERS: Final = 25  # in one text


def numbers_in(typed: str) -> list[int]:
    """Return the numbers in a text, each once.

    Raises:
        InvalidRequestError: There is none, or far too many.

    """
    found = list(dict.fromkeys(int(each) for each in re.findall(r"\d{1,9}", typed)))
    if not found:
        raise InvalidRequestError(
            f"There is no number in {quoted(typed)}: use those on the sheet, such as 3, 7."
        )
    if len(found) > NUMBERS:
        raise RefusalError("board_too_many_numbers", count=len(found), limit=NUMBERS)
    return found
