"""What can go wrong on the way to Discord: switches for the next request, and a seeded plan."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tests.support.discord_server.clock import Changes, MovableClock
from tests.support.discord_server.disruptions import Disruption
from tests.support.discord_server.journal import Journal, matches

CDN = "/cdn"  # the route of a switch for files; DROPPED_AFTER breaks off in the middle of one


class Fault(StrEnum):
    """How one request fails. Only those of `CARRIED_OUT` are done: their answer alone is lost."""

    RATE_LIMITED = "429"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    TOO_LARGE = "413"
    BAD_REQUEST = "400"
    FORBIDDEN = "403"
    GONE = "404"
    PAGE = "429 page"  # of Discord's outer wall: HTML, to all requests of an address
    REFUSED = "refused"  # with one of Discord's codes
    HANGS = "hangs"
    DROPPED_BEFORE = "dropped before"
    DROPPED_AFTER = "dropped after"
    HANGS_AFTER = "hangs after"


# What Discord answers where a code stands for something, by the code.
REFUSALS = {
    10003: (404, "Unknown Channel"),
    10008: (404, "Unknown Message"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    20016: (429, "This action cannot be performed due to slowmode rate limit"),
    20028: (429, "The write action you are performing on the channel has hit the write rate limit"),
    30046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    40062: (429, "Service resource is being rate limited."),
    50001: (403, "Missing Access"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50027: (401, "Invalid Webhook Token"),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160005: (403, "Thread is locked"),
}
CARRIED_OUT: Final = frozenset({Fault.DROPPED_AFTER, Fault.HANGS_AFTER})


@dataclass(kw_only=True)
class Switch:
    """A fault for the next matching requests.

    Attributes:
        route: A pattern as in `journal.matches`.
        times: How many requests; None is every one until `Faults.clear`.
        hold_s: How long a request hangs before its connection is dropped, in real seconds.
        retry_after_s: What a 429 asks for.
        code: Discord's, where it is refused.

    """

    fault: Fault
    code: int | None = None
    method: str = "*"
    route: str = "*"
    times: int | None = 1
    hold_s: float = 600.0
    retry_after_s: float = 0.2

    def __post_init__(self) -> None:
        assert self.code is None or self.code in REFUSALS, f"what does Discord say to {self.code}?"


@dataclass(kw_only=True)
class Plan:
    """Faults at random, the same ones for the same requests in the same order.

    Attributes:
        shares: Of all matching requests, by fault or disruption.

    """

    seed: int
    shares: Mapping[Fault | Disruption, float]
    method: str = "*"
    route: str = "*"
    hold_s: float = 1.0
    retry_after_s: float = 0.2

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def draw(self) -> Fault | Disruption | None:
        """Return what happens at one request."""
        point = self._dice.random()
        for kind, share in self.shares.items():
            if point < share:
                return kind
            point -= share
        return None


@dataclass(kw_only=True)
class Faults:
    """All faults that are armed; every one that strikes is counted in the journal."""

    journal: Journal
    clock: MovableClock
    changes: Changes
    strike: Callable[[Disruption, str], bool]  # does it about a path; False where it cannot
    switches: list[Switch] = field(default_factory=list)
    plan: Plan | None = None
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def next(
        self,
        fault: Fault,
        method: str = "*",
        route: str = "*",
        *,
        times: int | None = 1,
        hold_s: float = 600.0,
        retry_after_s: float = 0.2,
    ) -> None:
        """Let the next matching requests fail."""
        self.switches.append(
            Switch(
                fault=fault,
                method=method,
                route=route,
                times=times,
                hold_s=hold_s,
                retry_after_s=retry_after_s,
            )
        )

    def refuse(
        self, code: int, method: str = "*", route: str = "*", *, times: int | None = 1
    ) -> None:
        """Let the next matching requests be refused with one of Discord's codes."""
        self.switches.append(
            Switch(
                fault=Fault.REFUSED,
                code=code,
                method=method,
                route=route,
                times=times,
                retry_after_s=0.05,
            )
        )

    def clear(self) -> None:
        """Disarm everything, and let go what hangs."""
        self.switches.clear()
        self.plan = None
        released, self._released = self._released, asyncio.Event()
        released.set()

    def for_request(self, method: str, route: str, path: str) -> Switch | None:
        """Return what strikes this request, and use it up; a planned disruption is done at once."""
        for switch in self.switches:
            if matches(method, route, path, switch.method, switch.route):
                self._use_up(switch)
                self._note(str(switch.code or switch.fault), f"{method} {path}")
                return switch
        return self._planned(method, route, path)

    def for_file(self, path: str) -> Switch | None:
        """Return what strikes a file that is fetched: switches for `CDN` alone, no plan."""
        for switch in self.switches:
            if switch.route == CDN:
                self._use_up(switch)
                self._note(switch.fault, f"GET {path}")
                return switch
        return None

    def disruption(self, disruption: Disruption, path: str = "") -> None:
        """Strike at once: the gateway, or the place that a path leads to."""
        assert self.strike(disruption, path), (
            f"there is nothing at {path!r} that {disruption} can be done to"
        )
        self._note(disruption, path)

    async def hold(self, switch: Switch) -> None:
        """Let a request hang until it is let go or its time is over."""
        try:
            async with asyncio.timeout(switch.hold_s):
                await self._released.wait()
        except TimeoutError:
            return

    def _planned(self, method: str, route: str, path: str) -> Switch | None:
        plan = self.plan
        if plan is None or not matches(method, route, path, plan.method, plan.route):
            return None
        drawn = plan.draw()
        if isinstance(drawn, Disruption):
            if self.strike(drawn, path):
                self._note(drawn, f"{method} {path}")
            return None
        if drawn is None:
            return None
        self._note(drawn, f"{method} {path}")
        # What passes by itself; of an edit, also that the message has been edited too often.
        code = (30046 if method == "PATCH" else 20028) if drawn is Fault.REFUSED else None
        return Switch(fault=drawn, code=code, hold_s=plan.hold_s, retry_after_s=plan.retry_after_s)

    def _use_up(self, switch: Switch) -> None:
        if switch.times is None:
            return
        switch.times -= 1
        if switch.times <= 0:
            self.switches.remove(switch)

    def _note(self, kind: str, where: str) -> None:
        self.journal.note_fault(str(kind), where, self.clock.elapsed)
        self.changes.notify()
