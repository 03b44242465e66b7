"""What a refusal of Discord's means for whoever asked: try again, go another way, or give up.

Discord answers with an HTTP status and, in its JSON, a code of its own. The same status stands for
passing and for final refusals (a 400 may be an archived thread or an invalid form), so the code
decides; the status only where there is none, as on the pages of a proxy in between.
https://discord.com/developers/docs/topics/opcodes-and-status-codes lists the codes.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import aiohttp
import discord

from bot.services import NotPostableError, NotReachedError

# No such webhook. Discord says so of an interaction's token until the interaction is acknowledged;
# where the message that acknowledged it is deleted, it says 10008, no such message.
NEVER_ANSWERED: Final = 10015
SHOWN: Final = 160  # characters of a refusal in the log; a proxy's answer is a whole page


class Refusal(StrEnum):
    """What a refusal means."""

    PASSING = "passing"  # the same request may be taken later
    DONE = "done"  # an earlier request of ours was carried out
    ANSWER_DEAD = "answer dead"  # the interaction is over; the bot itself may still write
    MESSAGE_GONE = "message gone"
    NOT_EDITABLE = "not editable"  # the message stays as it is; a new one may be posted
    FORBIDDEN = "forbidden"  # a permission is missing, which may come back
    CLOSED = "closed"  # locked, or a user who takes no messages: final
    PLACE_GONE = "place gone"  # channel, server or user
    TOO_LARGE = "too large"
    INVALID = "invalid"  # Discord will never take this content

    @property
    def is_final(self) -> bool:
        """Tell whether the same request will never be taken."""
        return self not in {Refusal.PASSING, Refusal.FORBIDDEN}


_CODES: Final[Mapping[int, Refusal]] = {
    code: refusal
    for refusal, codes in {
        # slow mode, write limits, DMs opened too fast, features and sending turned off for now,
        # a resource that is limited or overloaded
        Refusal.PASSING: (
            20016, 20022, 20028, 20029, 40003, 40004, 40006, 40062, 40333, 110001, 130000,
        ),
        Refusal.DONE: (40060,),
        Refusal.ANSWER_DEAD: (10012, 10015, 10062, 50027),
        Refusal.MESSAGE_GONE: (10008,),
        # of somebody else, stickers, an archived thread, edited too often while over an hour old
        Refusal.NOT_EDITABLE: (50005, 50080, 50083, 30046),
        # no access, no permission, the bot flagged as spam, a server that verifies its members
        Refusal.FORBIDDEN: (50001, 50013, 20026, 50009),
        # a user who takes no messages (50007, 50278), channels of another kind, a locked thread
        Refusal.CLOSED: (50007, 50278, 50003, 50008, 50024, 40058, 160005),
        Refusal.PLACE_GONE: (10003, 10004, 10007, 10013),
        Refusal.TOO_LARGE: (40005, 50045),
        # malformed or empty content, content that a filter of Discord's blocks
        Refusal.INVALID: (20009, 50006, 50035, 50068, 50109, 50110, 200000, 240000),
    }.items()
    for code in codes
}  # fmt: skip


# A way to a message is closed; another one may be open.
OUT_OF_REACH: Final = frozenset({
    Refusal.ANSWER_DEAD, Refusal.MESSAGE_GONE, Refusal.NOT_EDITABLE,
    Refusal.FORBIDDEN, Refusal.CLOSED, Refusal.PLACE_GONE,
})  # fmt: skip


def refusal_of(error: BaseException, *, has_files: bool = True) -> Refusal | None:
    """Return what an exception means; None where it is no refusal of Discord's but a defect.

    Words alone are never too large (`has_files=False`): something in between says so, and passes.
    """
    if isinstance(error, discord.HTTPException):
        found = _CODES.get(error.code) or _by_status(error.status, has_code=error.code != 0)
        return Refusal.PASSING if found is Refusal.TOO_LARGE and not has_files else found
    if isinstance(
        error, discord.RateLimited | aiohttp.ClientError | ConnectionError | TimeoutError
    ):
        return Refusal.PASSING
    return None


def is_gone(error: BaseException) -> bool:
    """Tell whether Discord says that the message, channel, server or person does not exist.

    Unlike `discord.NotFound`, this is not so of a proxy's page with status 404.
    """
    return refusal_of(error) in {Refusal.MESSAGE_GONE, Refusal.PLACE_GONE}


def is_forbidden(error: BaseException) -> bool:
    """Tell whether Discord says that the bot may not do this; a proxy's page does not."""
    return isinstance(error, discord.Forbidden) and refusal_of(error) is not Refusal.PASSING


def _by_status(status: int, *, has_code: bool) -> Refusal:
    if status == 413:  # noqa: PLR2004 - "content too large"
        return Refusal.TOO_LARGE
    if status == 401:  # noqa: PLR2004 - "unauthorized"; the bot's own token would end the program
        return Refusal.ANSWER_DEAD
    if status == 403 and has_code:  # noqa: PLR2004 - "forbidden"
        return Refusal.FORBIDDEN
    is_clients_fault = 400 <= status < 500 and status != 429  # noqa: PLR2004 - "too many requests"
    return Refusal.INVALID if has_code and is_clients_fault else Refusal.PASSING


@contextlib.contextmanager
def refusals_translated() -> Iterator[None]:
    """Say what Discord refuses in the service's words; a defect stays what it is.

    Raises:
        NotPostableError: It is refused, for now or for good.
        NotReachedError: It may work later.

    """
    try:
        yield
    except Exception as error:
        refusal = refusal_of(error, has_files=False)  # they were left out before
        if refusal is None:
            raise
        if refusal is Refusal.PASSING:
            raise NotReachedError(in_one_line(error)) from error
        raise NotPostableError(in_one_line(error), is_final=refusal.is_final) from error


def in_one_line(error: BaseException) -> str:
    """Return a refusal for the log: never a whole page, never a trace."""
    words = " ".join(re.sub(r"<[^>]*>", " ", str(error)).split()) or type(error).__name__
    return words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"
