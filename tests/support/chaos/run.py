"""Let a crowd use the bot while it is killed and Discord fails, then let it settle and audit."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.chaos.audit import Auditor, Findings
from tests.support.chaos.crowd import LORAS, Crowd
from tests.support.chaos.damage import damage_and_restore, keep_copy
from tests.support.chaos.observer import MessageObserver
from tests.support.discord_server.bot_process import BotProcess
from tests.support.discord_server.disruptions import Disruption
from tests.support.discord_server.faults import Fault, Plan
from tests.support.discord_server.server import DiscordServer
from tests.support.loras import write_lora

SHARE_OF_ALL: Final = 0.35  # of all requests that meet some fault
RARE: Final = {  # how much rarer than the others these are: they take a place away from people
    Disruption.CHANNEL_DELETED: 0.15,
    Disruption.PERMISSION_REMOVED: 0.4,
    Fault.HANGS: 0.5,
    Disruption.THREAD_LOCKED: 0.15,
}
PERMISSION_BACK_S: Final = 1.0
SETTLES_WITHIN_S: Final = 90.0
HANGING_SHARE: Final = 0.2  # of the lives in which one channel answers nothing
ORDERLY_SHARE: Final = 0.1  # of the ends that are SIGTERM
FAULT_NAMES: Final = [str(each) for each in (*Fault, *Disruption)]


@dataclass(kw_only=True)
class Chaos:
    """One run.

    Attributes:
        faults: Which kinds are put in, by name.
        alive_s: The longest time between a start and a kill.

    """

    data_dir: Path
    kills: int
    seed: int
    faults: list[str] = field(default_factory=lambda: list(FAULT_NAMES))
    damage_every: int = 0  # kills; 0 leaves the database alone
    alive_s: float = 1.5
    every_s: float = 0.08
    seconds_per_forward: float = 0.004
    note: Callable[[str], None] = print

    async def run(self) -> Findings:
        """Break, settle and audit."""
        dice = random.Random(self.seed)
        restorations, restored_after, others_before = 0, 0, 0
        for seed, name in enumerate(LORAS):
            write_lora(self.data_dir / "loras", name, seed=seed)
        async with DiscordServer().listening() as server:
            observer, crowd = MessageObserver(server.backend), Crowd(server, self.seed)
            bot = self._bot(server)
            try:
                await bot.start()  # once without faults: the commands have to be there
                server.disruptions.permission_back_s = PERMISSION_BACK_S
                for number in range(1, self.kills + 1):
                    server.faults.plan = self._plan(self.seed * 100_000 + number)
                    await self._live(bot, crowd, dice)
                    await self._end(bot, dice)
                    if self._is_due(number, after=0):
                        said = await damage_and_restore(bot, dice)
                        bot.lines.append(said)
                        restorations, restored_after = restorations + 1, len(crowd.wishes)
                        others_before = len(crowd.other_asked)
                    elif self._is_due(number, after=self.damage_every // 2):
                        await asyncio.to_thread(keep_copy, self.data_dir)
                    await self._start(bot)
                    if number % 20 == 0:
                        self._report(number, server, crowd)
                server.faults.clear()
                await self._settle(bot, server)
            finally:
                if bot.is_running:
                    await bot.terminate()
                self._keep_logs(bot, server, observer)
            found = Auditor(
                self.data_dir,
                observer,
                crowd,
                server.backend,
                nonces=server.rest.nonces,
                restored_after=restored_after,
                others_before=others_before,
            ).audit()
            found.counts["databases lost and restored"] = restorations
            found.counts["faults"] = server.journal.fault_counts.total()
            found.counts["kills"] = self.kills
            found.counts["requests to Discord"] = server.journal.request_counts.total()
            for violation in server.description.violations[:5]:
                found.wrong.append(f"not as Discord describes it: {violation}")
            for name, count in server.journal.fault_counts.items():
                found.counts[f"fault: {name}"] = count
            return found

    def _keep_logs(self, bot: BotProcess, server: DiscordServer, observer: MessageObserver) -> None:
        """Write down all that happened, to see how a finding came about."""
        logs: dict[str, Iterable[object]] = {
            "chaos": [bot.log],
            "requests": server.journal.requests,
            "interactions": server.backend.interactions.values(),
            "messages": observer.messages.items(),
        }
        for name, lines in logs.items():
            path = self.data_dir / f"{name}.log"
            path.write_text("\n".join(map(str, lines)), encoding="utf-8")

    def _is_due(self, number: int, *, after: int) -> bool:
        """Tell whether a kill is one of those so many after the database was last damaged."""
        return bool(self.damage_every) and number % self.damage_every == after

    def _bot(self, server: DiscordServer) -> BotProcess:
        return BotProcess(
            server=server,
            data_dir=self.data_dir,
            seconds_per_forward=self.seconds_per_forward,
            environment={
                "MAX_JOBS": "10000",
                "MAX_JOBS_PER_USER": "1000",
                "ENGINE_PATIENCE_S": "5",
            },
        )

    def _plan(self, seed: int) -> Plan:
        weights: Mapping[Fault | Disruption, float] = {
            each: RARE.get(each, 1.0) for each in (*Fault, *Disruption) if str(each) in self.faults
        }
        total = sum(weights.values()) or 1.0
        shares = {each: SHARE_OF_ALL * weight / total for each, weight in weights.items()}
        return Plan(seed=seed, shares=shares, hold_s=0.5)

    async def _live(self, bot: BotProcess, crowd: Crowd, dice: random.Random) -> None:
        if dice.random() < HANGING_SHARE and str(Fault.HANGS) in self.faults:
            place = f"/channels/{crowd.some_channel().id}/*"
            bot.server.faults.next(Fault.HANGS, "*", place, times=None, hold_s=2.0)
        await crowd.act(dice.uniform(0.0, self.alive_s), every_s=self.every_s)
        bot.server.faults.switches.clear()
        if not bot.is_running:
            self.note(f"{bot.name} ended by itself")

    async def _end(self, bot: BotProcess, dice: random.Random) -> None:
        if not bot.is_running:
            await bot.ended()
        elif dice.random() < ORDERLY_SHARE:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await bot.terminate()
                    return
            await bot.kill()  # as any supervisor does in the end
        else:
            await bot.kill()

    async def _start(self, bot: BotProcess) -> None:
        """Start it as a supervisor does: again, where it could not even reach Discord."""
        for _ in range(10):
            try:
                await bot.start()
            except (AssertionError, TimeoutError):
                if bot.is_running:
                    await bot.kill()
            else:
                return
        ends = bot.exit_codes[-10:]
        raise AssertionError(
            f"the bot cannot be started any more, it ended with {ends}:\n{bot.log[-5000:]}"
        )

    async def _settle(self, bot: BotProcess, server: DiscordServer) -> None:
        """Let the bot finish everything; a start makes it try at once what it had put off."""
        await asyncio.sleep(PERMISSION_BACK_S)
        for _ in range(3):
            if bot.is_running:
                await bot.kill()
            await self._start(bot)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLES_WITHIN_S):
                    while self._unfinished():
                        await server.changes.within(0.2)
                    return

    def _unfinished(self) -> int:
        with contextlib.closing(sqlite3.connect(self.data_dir / "bot.sqlite3")) as db:
            # In one read: between two, a promised deletion can become one under way.
            [count] = db.execute(
                "SELECT (SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'made')"
                " OR is_told = 0) + (SELECT count(*) FROM deletions)"
                " + (SELECT count(*) FROM deferrals)"
            ).fetchone()
        return int(count)

    def _report(self, number: int, server: DiscordServer, crowd: Crowd) -> None:
        faults = server.journal.fault_counts.total()
        self.note(f"{number} kills, {faults} faults, {len(crowd.wishes)} wishes")
