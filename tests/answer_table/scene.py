"""A place where one thing is done while one request fails, and what its user sees of that."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.texts import text
from tests.discord_server.bot_process import BotProcess
from tests.discord_server.faults import Fault
from tests.discord_server.server import DiscordServer
from tests.discord_server.world import Place, Seen
from tests.town import SMALL

STILL_S: Final = 0.35  # nothing changes for so long: it is over
NOBODY_S: Final = 8.0  # nothing is seen for so long: nothing will be
THINKING, TWICE, UNTRUE, NOTHING, SECRETLY = "thinking…", "twice", "untrue", "nothing", "done!"
GONE: Final = "image gone"
BAD: Final = (THINKING, TWICE, UNTRUE, NOTHING, SECRETLY)
TABLES: Final = ("boards", "board_items", "board_votes", "board_comments", "board_log", "pauses")


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What fails: the next requests of these routes."""

    fault: Fault
    times: int | None
    routes: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was done, and where it was seen from.

    Attributes:
        asked: The interaction.
        pressed: The message that was pressed and shall change.
        wants_image: Whether the answer is an image that is drawn.
        goes: The message that shall go away.

    """

    asked: Any
    pressed: Seen | None = None
    wants_image: bool = False
    goes: Seen | None = None


Act = Callable[["Scene"], Awaitable[Callable[[], Awaitable[Done]]]]


@dataclass(kw_only=True)
class Scene:
    """A server, a bot, somebody who does things, an image and a board."""

    server: DiscordServer
    place: Place
    bot: BotProcess
    seeds: Any = field(default_factory=lambda: itertools.count(1))
    image: Any = None

    @property
    def people(self) -> Any:
        return self.server.people

    async def prepare(self) -> None:
        """Draw some images and hang one up."""
        for _ in range(6):
            self.image = await self.drawn()
        created = await self.slash("board create", name="Spring")
        await self.answered(created)
        added = await self.slash("board add", id=self.image.images[0], board="Spring")
        await self.answered(added)

    async def drawn(self) -> Seen:
        """Return the message of a new image of the moderator's."""
        asked = await self.slash("imagine", prompt="a red apple", size=SMALL, seed=next(self.seeds))
        found: Seen = await self.people.image(asked)
        return found

    async def slash(self, name: str, /, **options: Any) -> Any:
        return await self.people.slash(self.place.moderator, self.place.channel, name, **options)

    async def answered(self, asked: Any) -> None:
        """Wait until an interaction has its final answer."""
        given = asked._interaction
        await self._still(lambda: given.responded and not given.loading)

    async def cell(self, act: Act, trouble: Trouble | None) -> str:
        """Do one thing under one trouble, and say what is seen of it."""
        do = await act(self)
        struck = sum(self.server.journal.fault_counts.values())
        before, counts = self._seen_ids(), self._counts()
        for method, route in () if trouble is None else trouble.routes:
            self.server.faults.next(
                trouble.fault, method, route, times=trouble.times, retry_after_s=0.2
            )
        done = await do()
        pressed = None if done.pressed is None else _looks(done.pressed)
        try:
            await self._over(done, before, pressed)
        finally:
            self.server.faults.clear()
        if trouble is not None and sum(self.server.journal.fault_counts.values()) == struck:
            return ""
        return self._verdict(done, before, pressed, counts)

    async def _over(self, done: Done, before: set[int], pressed: Any) -> None:
        """Wait until nothing more will be seen."""
        began = time.monotonic()

        def is_over() -> bool:
            if time.monotonic() - began > NOBODY_S * 3:
                return True
            if not self._answers(done, before, pressed):
                return time.monotonic() - began > NOBODY_S
            if done.wants_image and not self._has_failed(before):
                return any(each.images for each in self._new(before))
            return not done.asked._interaction.loading

        await self._still(is_over)

    def _has_failed(self, before: set[int]) -> bool:
        return any("⚠️" in each.text or not each.components for each in self._new(before))

    async def _still(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, and nothing has changed for a moment."""
        async with asyncio.timeout(90):
            while True:
                number = len(self.server.journal.requests)
                await asyncio.sleep(STILL_S)
                if is_so() and len(self.server.journal.requests) == number:
                    return

    def _all(self) -> list[Seen]:
        who = self.place.moderator
        places = (self.place.channel, who.user.dm_channel)
        return [each for one in places for each in self.people.messages(one, viewer=who)]

    def _seen_ids(self) -> set[int]:
        return {each.id for each in self._all()}

    def _new(self, before: set[int]) -> list[Seen]:
        return [each for each in self._all() if each.id not in before]

    def _answers(self, done: Done, before: set[int], pressed: Any) -> int:
        """Return how many answers are seen."""
        has_changed = done.pressed is not None and self._now(done.pressed) != pressed
        return len(self._new(before)) + bool(done.asked.modal) + has_changed

    def _now(self, message: Seen) -> Any:
        found = [each for each in self._all() if each.id == message.id]
        return _looks(found[0]) if found else None

    def _counts(self) -> list[int]:
        path = self.bot.data_dir / "bot.sqlite3"
        with contextlib.closing(sqlite3.connect(path)) as db:
            counts = [db.execute(f"SELECT count(*) FROM {each}").fetchone()[0] for each in TABLES]
            waits = "SELECT count(*) FROM jobs WHERE state != 'cancelled'"
            return [*counts, db.execute(waits).fetchone()[0]]

    def _verdict(self, done: Done, before: set[int], pressed: Any, counts: list[int]) -> str:
        new, number = self._new(before), self._answers(done, before, pressed)
        words = " ".join(each.text for each in new)
        if done.asked._interaction.loading or number > 1:
            return TWICE if number > 1 else THINKING
        if number == 0:
            is_told = not done.asked._interaction.responded  # by Discord itself
            if done.goes is not None and self._now(done.goes) is None:
                return GONE
            seen = "not done" if is_told else NOTHING
            return seen if self._counts() == counts else SECRETLY
        if text("fixed_error", "en-US") in words or text("discord_silent", "en-US") in words:
            return UNTRUE
        if any(each.channel_id == self.place.moderator.user.dm_channel.id for each in new):
            return "direct message"
        smaller = (text("smaller_copy", "en-US"), text("answer_too_large", "en-US"))
        return "smaller" if any(each in words for each in smaller) else "✓"


def _looks(message: Seen) -> Any:
    return (message.text, message.components, [each["id"] for each in message.attachments])
