"""How much a server, or the whole bot, is used."""

from __future__ import annotations

import csv
import datetime as dt
import io
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.errors import InvalidRequestError

MAX_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one member of a server has had drawn, or one server of all.

    Attributes:
        id: Of the member, or of the server; 0 is direct messages.
        name: What a member was called when they asked last; "" for a server.
        cost: In thousandths of a usual image.

    """

    id: int
    name: str
    images: int
    jobs: int
    cost: int


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What was asked for and drawn within some days, today among them.

    Attributes:
        images: How many, by day, from the first day to today; days without any are in it.
        shares: Who had them drawn, those with the most first.
        waits_s: Seconds from asking to seeing, of each job that was posted, in order.
        ends: How many jobs were posted, failed or were cancelled.
        refusals: How often each rule refused something, those with the most first.

    """

    images: Mapping[dt.date, int]
    shares: tuple[Share, ...]
    waits_s: tuple[float, ...]
    ends: Mapping[str, int]
    refusals: Mapping[str, int]

    @property
    def num_images(self) -> int:
        """Return how many images were drawn."""
        return sum(self.images.values())

    @property
    def cost(self) -> int:
        """Return what they cost, in thousandths of a usual image."""
        return sum(each.cost for each in self.shares)

    def wait_s(self, share: float) -> float | None:
        """Return the seconds within which a share of the jobs was answered; None without any."""
        if not self.waits_s:
            return None
        if len(self.waits_s) == 1:
            return self.waits_s[0]
        cuts = statistics.quantiles(self.waits_s, n=100, method="inclusive")
        return cuts[round(share * 100) - 1]


def check_days(count: int) -> None:
    """Refuse a number of days that is not counted over.

    Raises:
        InvalidRequestError: It is none of 1 to 365.

    """
    if not 1 <= count <= MAX_DAYS:
        raise InvalidRequestError(f"{count} days cannot be counted: use 1 to {MAX_DAYS}.")


def days_until(today: dt.date, count: int) -> list[dt.date]:
    """Return so many days, the last one today."""
    return [today - dt.timedelta(days=back) for back in reversed(range(count))]


def to_csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """Return a table as spreadsheets open it: UTF-8 with a mark, and no cell that is a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([[_cell(each) for each in row] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    is_formula = isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}
    return f"'{value}" if is_formula else value
