"""How long answers are tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AnswerTimes:
    """How long an answer is tried, in seconds.

    Attributes:
        first_s: Discord takes no first answer later.
        attempt_s: One of several attempts within that time.
        pause_s: Between those.
        request_s: Any later request, without files.
        upload_s: One with files.
        pauses_s: Between later attempts; the last one repeats.
        elsewhere_s: Between attempts to write to the channel or the user.
        margin_s: Left of the token's life when it is given up.

    """

    first_s: float = 3.0
    attempt_s: float = 1.2
    pause_s: float = 0.1
    request_s: float = 10.0
    upload_s: float = 60.0
    pauses_s: Sequence[float] = (0.3, 1.0, 3.0, 10.0, 30.0)
    elsewhere_s: Sequence[float] = (0.5, 2.0, 10.0)
    margin_s: float = 30.0
