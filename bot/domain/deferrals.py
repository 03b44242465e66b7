"""An answer that was promised within Discord's three seconds and takes longer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Repeat(StrEnum):
    """When a restarted bot may handle an interaction a second time.

    Attributes:
        NEVER: It changes something; its user is told to look.
        UNANSWERED: It only reads: where Discord still shows that the answer is awaited.
        ALWAYS: Its answer is edits of one message, so that giving it again changes nothing.

    """

    NEVER = "never"
    UNANSWERED = "unanswered"
    ALWAYS = "always"


@dataclass(frozen=True, kw_only=True)
class Deferral:
    """An interaction whose answer is awaited.

    Attributes:
        id: The interaction's.
        payload: The interaction as Discord sent it.
        is_thinking: Whether Discord shows "thinking…" meanwhile, rather than the old message.
        attempts: How many later starts have taken it up.

    """

    id: int
    payload: Mapping[str, Any]
    is_thinking: bool
    repeat: Repeat
    attempts: int = 0
    created_at: dt.datetime
