"""What bots asked of the server: every request with its answer, and every fault put in."""

from __future__ import annotations

import fnmatch
from collections import Counter, deque
from dataclasses import dataclass

from simcord.http.router import _ROUTES

KEPT_REQUESTS = 20_000
INVALID = (401, 403, 429)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request and how it ended.

    Attributes:
        bot: Which bot process asked, as it was named at its start.
        route: The pattern, such as `/channels/{channel_id}/messages`.
        status: 0 where the connection was dropped instead of an answer.
        carried_out: Whether Discord's state was changed, whatever the bot was told.
        at_s: By the server's clock.

    """

    number: int
    bot: str
    method: str
    route: str
    path: str
    status: int
    code: int | None
    fault: str | None
    carried_out: bool
    at_s: float
    duration_s: float

    def __str__(self) -> str:
        ended = [self.status, self.code, self.fault, "carried out" if self.carried_out else None]
        words = " ".join(str(each) for each in ended if each is not None)
        return f"{self.number} {self.at_s:.2f} s {self.bot}: {self.method} {self.path} -> {words}"


@dataclass(frozen=True, kw_only=True)
class Injected:
    """One fault that was really put in."""

    number: int
    kind: str
    where: str
    at_s: float


class Journal:
    """The requests and faults of a server's life; counters count all, lists keep the last."""

    def __init__(self) -> None:
        self.requests: deque[Asked] = deque(maxlen=KEPT_REQUESTS)
        self.faults: deque[Injected] = deque(maxlen=KEPT_REQUESTS)
        self.request_counts: Counter[tuple[str, str, int]] = Counter()
        self.fault_counts: Counter[str] = Counter()

    @property
    def invalid(self) -> int:
        """How many requests count towards Discord's ban: 10,000 in 10 minutes."""
        return sum(
            count for (_, _, status), count in self.request_counts.items() if status in INVALID
        )

    def note(self, asked: Asked) -> None:
        self.requests.append(asked)
        self.request_counts[asked.method, asked.route, asked.status] += 1

    def note_fault(self, kind: str, where: str, at_s: float) -> None:
        self.fault_counts[kind] += 1
        number = self.fault_counts.total()
        self.faults.append(Injected(number=number, kind=kind, where=where, at_s=at_s))

    def of(self, method: str = "*", route: str = "*", *, bot: str | None = None) -> list[Asked]:
        """Return the requests that match, oldest first."""
        return [
            asked
            for asked in self.requests
            if matches(asked.method, asked.route, asked.path, method, route)
            and bot in {None, asked.bot}
        ]


def matches(method: str, route: str, path: str, wanted_method: str, wanted: str) -> bool:
    """Tell whether a request is of a method and a route, given as its pattern or with stars."""
    if wanted_method not in {"*", method}:
        return False
    return wanted == route or fnmatch.fnmatchcase(path, wanted)


def route_of(method: str, path: str) -> str:
    """Return the pattern of a path, the most literal one; the path itself where there is none."""
    segments = path.strip("/").split("/")
    best, most = path, -1
    for template, _ in _ROUTES.get(method, ()):
        if len(template) != len(segments):
            continue
        pairs = list(zip(template, segments, strict=True))
        if all(part.startswith("{") or part == segment for part, segment in pairs):
            literal = sum(part == segment for part, segment in pairs)
            if literal > most:
                best, most = "/" + "/".join(template), literal
    return best
