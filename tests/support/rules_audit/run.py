"""Members ask at random while rules change and the bot is killed; then it settles."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simcord.backend.errors import BackendError, SetupError

from tests.support.discord_server.bot_process import BotProcess
from tests.support.discord_server.server import DiscordServer
from tests.support.rules_audit.audit import Findings, audit
from tests.support.rules_audit.town import QUALITIES, SIZES, WORDS, Town

RULES: Final = 50
SETTLES_WITHIN_S: Final = 300.0
WAITING: Final = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'made')"


@dataclass(kw_only=True)
class RulesRun:
    """One run.

    Attributes:
        every_s: Between two commands.
        changes: How often the rules are changed.

    """

    data_dir: Path
    commands: int
    kills: int
    changes: int
    members: int = 200
    seed: int = 1
    every_s: float = 0.02
    note: Callable[[str], None] = print

    async def run(self) -> Findings:
        """Let everybody ask, settle, and audit."""
        dice = random.Random(self.seed)
        async with DiscordServer().listening() as server:
            town = Town(server=server, dice=dice, members=self.members)
            town.settle()
            bot = BotProcess(
                server=server,
                data_dir=self.data_dir,
                seconds_per_forward=0.001,
                logs_drawings=True,
                environment={"MAX_JOBS": "10000", "MAX_JOBS_PER_USER": "1000"},
            )
            try:
                await bot.start()
                await self._ask(town, bot, dice)
                await self._settle(bot)
            finally:
                if bot.is_running:
                    await bot.terminate()
                (self.data_dir / "bot.log").write_text(bot.log, encoding="utf-8")
        found = await audit(self.data_dir)
        found.counts |= {"commands": self.commands, "kills": self.kills}
        found.wrong += [line for line in bot.log.splitlines() if "Traceback" in line]
        return found

    async def _ask(self, town: Town, bot: BotProcess, dice: random.Random) -> None:
        kills = {self.commands * (i + 1) // (self.kills + 1) for i in range(self.kills)}
        changes = {self.commands * i // self.changes for i in range(self.changes)}
        for number in range(self.commands):
            if number in kills:
                await bot.kill()
                await bot.start()
            if number in changes:
                await self._change(town)
            with contextlib.suppress(BackendError, SetupError):  # what they pressed is gone
                await self._command(town, dice, number)
            await asyncio.sleep(self.every_s)
            if number % 500 == 499:
                self.note(f"{number + 1} commands")

    async def _change(self, town: Town) -> None:
        file = ("rules.toml", town.rules(RULES).encode())
        asked = await town.server.people.slash(
            town.owner, town.channels[2], "settings import", file=file
        )
        await town.server.people.answered(asked)

    async def _command(self, town: Town, dice: random.Random, number: int) -> None:
        people, who, channel = (
            town.server.people,
            dice.choice(town.people),
            dice.choice(town.channels),
        )
        shown = people.with_images(channel)
        if shown and dice.random() < 0.2:
            label = dice.choice(("Same seed", "New seed", "Delete"))
            await people.press(who, dice.choice(shown), label)
        elif dice.random() < 0.1:
            await people.slash(who, channel, dice.choice(("queue", "cancel", "quota show")))
        else:
            await people.slash(
                who, channel, "imagine", prompt=f"{dice.choice(WORDS)} {number}",
                size=dice.choice(SIZES), quality=dice.choice(QUALITIES),
                seed=dice.randrange(2**31), count=dice.choice((1, 1, 2, 4)),
            )  # fmt: skip

    async def _settle(self, bot: BotProcess) -> None:
        if not bot.is_running:
            await bot.start()
        async with asyncio.timeout(SETTLES_WITHIN_S):
            while self._waiting():
                await bot.server.changes.within(0.5)

    def _waiting(self) -> int:
        with contextlib.closing(sqlite3.connect(self.data_dir / "bot.sqlite3")) as db:
            count: int = db.execute(WAITING).fetchone()[0]
            return count
