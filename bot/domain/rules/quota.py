"""How much somebody may still have drawn: sliding windows, with what was left of the one before.

What counts is work: an image of the model's usual size and quality is one, a smaller or quicker one
less. Costs are whole thousandths, so that sums are exact.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.requests import ImageRequest, Size
from bot.errors import BotError

IMAGE: Final = 1000  # the cost of one usual image
HOUR: Final = dt.timedelta(hours=1)
DAY: Final = dt.timedelta(days=1)
MONTH: Final = dt.timedelta(days=30)
_NAMES: Final = {HOUR: "an hour", DAY: "a day", MONTH: "a month"}


class QuotaError(BotError):
    """Somebody has had drawn what they may, for now."""

    def __init__(self, rule: str, message: str) -> None:
        """Keep the sentence, and which rule it was."""
        super().__init__(message)
        self.rule = rule


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What was drawn, or is to be, at a moment; a negative cost is a grant."""

    at: dt.datetime
    cost: int


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What may be drawn within any window of a length.

    Attributes:
        name: Of the rule it comes from.
        is_server: Whether all members share it.
        cost: In thousandths of an image.
        carried: How much of it at most may be left from the window before.

    """

    name: str
    window: dt.timedelta
    cost: int
    carried: int = 0
    is_server: bool = False

    def left(self, charges: Iterable[Charge], at: dt.datetime) -> int:
        """Return what may still be drawn at a moment; below 0 where a limit was lowered.

        What bears a later time counts, too: clocks are set back, and of two jobs that come at once
        the later one may be written first.
        """
        used = before = 0
        for each in charges:
            if at - self.window < each.at:
                used += each.cost
            elif at - 2 * self.window < each.at <= at - self.window:
                before += max(each.cost, 0)
        return self.cost + min(max(self.cost - before, 0), self.carried) - used

    def used(self, charges: Iterable[Charge], at: dt.datetime) -> int:
        """Return what was drawn within the window, whatever was granted."""
        return sum(max(each.cost, 0) for each in charges if at - self.window < each.at)

    def free_at(self, charges: Sequence[Charge], cost: int, at: dt.datetime) -> dt.datetime | None:
        """Return when there is room for a cost; None if that is never by waiting alone."""
        if self.left(charges, at) >= cost:
            return at
        moments = {each.at + times * self.window for each in charges for times in (1, 2)} | {
            at + 2 * self.window
        }
        later = sorted(each for each in moments if each > at)
        return next((each for each in later if self.left(charges, each) >= cost), None)


@dataclass(frozen=True, kw_only=True)
class Account:
    """What one member, or a whole server, has had drawn, and may."""

    limits: tuple[Limit, ...]
    charges: tuple[Charge, ...]

    def check(self, cost: int, at: dt.datetime) -> None:
        """Refuse a cost there is no room for.

        Raises:
            QuotaError: The sentence says when there is, as a time that Discord shows in words.

        """
        limit = self.short_of(cost, at)
        if limit is None:
            return
        if limit.cost == 0:
            raise QuotaError(limit.name, f"No images are drawn here: the rule {limit.name} is 0.")
        whose = "This server has" if limit.is_server else "You have"
        left = images(max(limit.left(self.charges, at), 0))
        free_at = limit.free_at(self.charges, cost, at)
        when = (
            f"there is room again {shown_moment(free_at)}"
            if free_at is not None
            else "ask for fewer or smaller ones"
        )
        raise QuotaError(
            limit.name,
            f"{whose} {left} left of {images(limit.cost)} images {_NAMES[limit.window]}, and this "
            f"takes {images(cost, rounded=math.ceil)}: {when}.",
        )

    def short_of(self, cost: int, at: dt.datetime) -> Limit | None:
        """Return the limit that leaves no room for a cost, the one that lasts longest; or None."""
        short = [each for each in self.limits if each.left(self.charges, at) < cost]
        return max(short, key=lambda each: self._wait(each, cost, at), default=None)

    def _wait(self, limit: Limit, cost: int, at: dt.datetime) -> float:
        free_at = limit.free_at(self.charges, cost, at)
        return math.inf if free_at is None else (free_at - at).total_seconds()


def cost_of(request: ImageRequest, usual: Size) -> int:
    """Return what an image costs, in thousandths of a usual one of its model.

    Args:
        request: The image.
        usual: The model's size.

    """
    full = request.profile.cost * usual.tokens
    return max(1, math.ceil(IMAGE * request.work / full))


def images(cost: int, *, rounded: Callable[[float], int] = math.floor) -> str:
    """Return a cost as a number of images with at most one decimal; what is left is rounded down.

    What is taken is to be rounded up, or a picture would seem to take what is left and be refused.
    """
    tenths = rounded(cost / (IMAGE / 10))
    return f"{tenths // 10}" if tenths % 10 == 0 else f"{tenths / 10:.1f}"


def shown_moment(moment: dt.datetime) -> str:
    """Return a moment as Discord shows it in each reader's own words: "in 5 minutes"."""
    return f"<t:{math.ceil(moment.timestamp())}:R>"


def check_pause(over_at: dt.datetime, at: dt.datetime) -> None:
    """Refuse a job before a pause is over.

    Raises:
        QuotaError: It is not; the sentence says when it is.

    """
    if at < over_at:
        raise QuotaError(
            "slow_mode",
            f"This channel is in slow mode: you can ask again {shown_moment(over_at)}.",
        )
