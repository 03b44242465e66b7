"""How fast the bot answers while the engine draws without pause.

Real discord.py, service, SQLite and engine; a simulated Discord delivers the interactions and notes
when each is acknowledged. Prints: the time to acknowledgement, the event loop's lag, and how long
the engine's thread stood idle between two jobs that were both waiting.

    python -m tests.benchmarks.acknowledge [--interactions 200] [--every 0.05] [--model FOLDER]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from simcord import interactions as payloads
from simcord.backend.models import Interaction
from simcord.enums import AppCommandType, InteractionType, OptionType

from bot.engine.z_image import ZImageEngine
from bot.settings import DEMO_MODEL_DIR, Settings
from tests.benchmarks.speed.queue_load import WatchedEngine
from tests.support.discord_env import DiscordEnv, open_env

USERS = 40
BACKLOG = 6  # jobs kept waiting, so that the engine never pauses
LAG_EVERY_S = 0.01


class HeldNever(WatchedEngine):
    """A watched engine that stands where an environment expects one that can be held."""

    def release(self) -> None:
        """Hold nothing: what opens one lets a held engine go at the end."""

    def gaps_s(self) -> list[float]:
        """Return the idle seconds between each two images."""
        return [after.start - before.end for before, after in itertools.pairwise(self.drawings)]


class Stopwatch:
    """Notes when an interaction is sent and when its first answer arrives."""

    def __init__(self) -> None:
        self._sent: dict[int, float] = {}
        self.answered: dict[int, tuple[str, float]] = {}
        self._kinds: dict[int, str] = {}

    def start(self, record: Interaction, kind: str) -> None:
        self._sent[record.id] = time.perf_counter()
        self._kinds[record.id] = kind

    def stop(self, record: Interaction) -> None:
        if record.id in self._sent:
            seconds = time.perf_counter() - self._sent[record.id]
            self.answered[record.id] = (self._kinds[record.id], seconds)

    def watch(self) -> None:
        """Be told of every first answer the simulated Discord accepts."""
        for name in ("respond_with_message", "defer", "complete_autocomplete"):
            setattr(Interaction, name, self._noting(getattr(Interaction, name)))

    def _noting(self, method: Callable[..., None]) -> Callable[..., None]:
        def noting(record: Interaction, *values: Any, **named: Any) -> None:
            method(record, *values, **named)
            self.stop(record)

        return noting


async def main(options: argparse.Namespace) -> None:
    engine = HeldNever(
        ZImageEngine(
            Path(options.model),
            model_id="demo",
            revision="benchmark",
            device=options.device,
            cpu_threads=options.cpu_threads,
        )
    )
    watch = Stopwatch()
    watch.watch()
    lags: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder),
            model=options.model,
            device=options.device,
            max_jobs=10_000,
            max_jobs_per_user=1000,
        )
        async with open_env(settings, engine, drain=False) as env:
            await env.imagine(size="256x256")  # the engine is loaded and warm
            engine.drawings.clear()
            meter = asyncio.create_task(measure_lag(lags))
            feeder = asyncio.create_task(keep_busy(env, watch, options.size))
            await interact(env, watch, options)
            feeder.cancel()
            meter.cancel()
            await asyncio.gather(feeder, meter, return_exceptions=True)
            report(watch, lags, engine)


async def interact(env: DiscordEnv, watch: Stopwatch, options: argparse.Namespace) -> None:
    """Send the interactions, one every so often, and wait for the last answer."""
    chance = random.Random(options.seed)
    users = [env.guild.add_member(env.simcord.create_user(f"user{i}")) for i in range(USERS)]
    kinds = ["imagine"] * 6 + ["queue", "help", "history", "size"]
    for _ in range(options.interactions):
        kind = chance.choice(kinds)
        send(env, watch, chance.choice(users).id, kind, chance, options.size)
        await asyncio.sleep(chance.expovariate(1 / options.every))
    deadline = time.monotonic() + 60
    while (  # noqa: ASYNC110 - nothing tells of the last answer
        len(answered(watch)) < options.interactions and time.monotonic() < deadline
    ):
        await asyncio.sleep(0.05)


def answered(watch: Stopwatch) -> list[float]:
    return [seconds for kind, seconds in watch.answered.values() if kind != "feed"]


async def keep_busy(env: DiscordEnv, watch: Stopwatch, size: str) -> None:
    """Keep jobs of many users waiting."""
    chance = random.Random(0)
    feeders = itertools.cycle(
        [env.guild.add_member(env.simcord.create_user(f"feeder{i}")).id for i in range(BACKLOG)]
    )
    while True:
        if len(env.service._queue) < BACKLOG:
            send(env, watch, next(feeders), "imagine", chance, size, note="feed")
        await asyncio.sleep(0.02)


def send(
    env: DiscordEnv,
    watch: Stopwatch,
    user_id: int,
    kind: str,
    chance: random.Random,
    size: str,
    *,
    note: str | None = None,
) -> None:
    """Deliver one interaction as the gateway does, without waiting for anything."""
    backend = env.simcord.backend
    command = "imagine" if kind == "size" else kind
    registered = next(
        each
        for each in backend.commands[None].values()
        if each["name"] == command and each.get("type", 1) == AppCommandType.CHAT_INPUT
    )
    data: dict[str, Any] = {
        "id": registered["id"], "name": command, "type": AppCommandType.CHAT_INPUT, "options": [],
    }  # fmt: skip
    type_ = InteractionType.APPLICATION_COMMAND
    if kind == "imagine":
        data["options"] = [
            option("prompt", f"a red apple {chance.randrange(10**6)}"),
            option("size", size),
        ]
    elif kind == "size":
        type_ = InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE
        data["options"] = [{**option("size", "po"), "focused": True}]
    record, payload = payloads.base_payload(
        backend,
        type=type_,
        channel_id=env.channel.id,
        guild_id=env.guild.id,
        user_id=user_id,
        data=data,
    )
    watch.start(record, note or kind)
    backend.emit("INTERACTION_CREATE", payload)


def option(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "type": OptionType.STRING, "value": value}


async def measure_lag(lags: list[float]) -> None:
    """Note by how much each short sleep overshoots."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_EVERY_S
        await asyncio.sleep(LAG_EVERY_S)
        lags.append(loop.time() - due)


def report(watch: Stopwatch, lags: list[float], engine: HeldNever) -> None:
    times = answered(watch)
    print(f"cores {len(os.sched_getaffinity(0))}, images drawn meanwhile {len(engine.drawings)}")
    print(row("acknowledged", times))
    for kind in sorted({kind for kind, _ in watch.answered.values()} - {"feed"}):
        print(row(f"  {kind}", [s for k, s in watch.answered.values() if k == kind]))
    print(row("event-loop lag", lags))
    print(row("engine idle between jobs", engine.gaps_s()))


def row(name: str, seconds: Sequence[float]) -> str:
    if not seconds:
        return f"{name:<26} none"
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return (
        f"{name:<26} n {len(ordered):<5} p50 {1000 * statistics.median(ordered):7.1f} ms   "
        f"p99 {1000 * p99:7.1f} ms   max {1000 * ordered[-1]:7.1f} ms"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=int, default=200)
    parser.add_argument("--every", type=float, default=0.05, help="mean seconds between two")
    parser.add_argument("--size", default="256x256")
    parser.add_argument("--model", default=str(DEMO_MODEL_DIR))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--cpu-threads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    asyncio.run(main(parser.parse_args()))
