"""How long something that Discord does not take is tried again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.domain.jobs import now


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How long something that Discord does not take is tried again.

    Attributes:
        pauses_s: Between the first tries; a permission that is missing may come back meanwhile.
        seldom_s: Between all further ones: an outage of Discord can last hours.
        within_s: A request that hangs longer is given up and tried again.
        lasts: After so long it is given up.
        tries: But not before so many tries since the start: a bot that was off for days tries, too.

    """

    pauses_s: tuple[float, ...] = (2.0, 10.0, 60.0, 300.0)
    seldom_s: float = 900.0
    within_s: float = 60.0
    lasts: dt.timedelta = dt.timedelta(days=1)
    tries: int = 3

    def is_over(self, tries: int, since: dt.datetime) -> bool:
        """Tell whether so many tries since the start, and the time since the first, are enough."""
        return tries >= self.tries and now() - since >= self.lasts
