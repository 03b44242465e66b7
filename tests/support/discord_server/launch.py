"""Start the bot against the simulated Discord; this module has the bot's own options.

It is the bot's own command line; only the addresses of Discord and, if asked for, the engine are
others. A line on the standard output tells when READY has been handled.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import sys
from pathlib import Path
from typing import Any

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord.state import ConnectionState

from bot.cli import run, serve
from bot.discord_ui import connection
from bot.discord_ui.answers import AnswerTimes
from bot.discord_ui.client import ImageBot
from bot.engine import Engine
from bot.models import ModelFiles
from bot.settings import Settings
from tests.support.discord_server.stand_in import StandInEngine

READY_LINE = "wire: ready"
RESUMED_LINE = "wire: jobs taken up"
FORM_LINE = "wire: form "  # and its kind
ITEM_LINE = "wire: item "  # and the pattern of its `custom_id`


def main() -> int:
    """Lead discord.py to the server, and run the bot until it ends."""
    options = _options()
    point_at(options.address, options.name)
    hasten(
        ready_after_s=options.ready_after,
        identify_after_s=options.identify_after,
        heartbeat_timeout_s=options.heartbeat_timeout,
    )
    tell_when_ready()
    if options.answers_in_haste:
        answer_in_haste()
    if options.engine == "stand-in":
        serve.open_engine = stand_in(
            options.seconds_per_forward, logs_drawings=options.log_drawings
        )
    connection.run_bot = functools.partial(connection.run_bot, login_pauses_s=[options.login_pause])
    return run([])


def point_at(address: str, name: str) -> None:
    """Lead REST, gateway and CDN to the server; the name tells it which process asks."""
    Route.BASE = f"{address}/{name}/api/v10"
    gateway = yarl.URL(address.replace("http://", "ws://"))
    DiscordWebSocket.DEFAULT_GATEWAY = gateway / name / "gateway"
    discord.Asset.BASE = f"{address}/cdn"


def hasten(*, ready_after_s: float, identify_after_s: float, heartbeat_timeout_s: float) -> None:
    """Shorten discord.py's waits: for late guilds, before it identifies again, for a dead line."""
    plain = ConnectionState.__init__

    def hastened(self: Any, *args: Any, **options: Any) -> None:
        options.setdefault("guild_ready_timeout", ready_after_s)
        options.setdefault("heartbeat_timeout", heartbeat_timeout_s)
        plain(self, *args, **options)

    async def before_identify(_: Any, shard_id: int | None, *, initial: bool = False) -> None:
        if not initial:
            await asyncio.sleep(identify_after_s)

    ConnectionState.__init__ = hastened  # type: ignore[method-assign]
    discord.Client.before_identify_hook = before_identify  # type: ignore[method-assign]


def tell_when_ready() -> None:
    """Print what is understood when READY has come, and a line when jobs are taken up."""
    plain = ImageBot.on_ready

    async def on_ready(self: ImageBot) -> None:
        for kind in self.form_handlers:
            print(FORM_LINE + kind, flush=True)
        for pattern in self._connection._view_store._dynamic_items:
            print(ITEM_LINE + pattern.pattern, flush=True)
        print(READY_LINE, flush=True)
        await plain(self)
        print(RESUMED_LINE, flush=True)

    ImageBot.on_ready = on_ready  # type: ignore[method-assign]


def answer_in_haste() -> None:
    """Let the bot repeat a later answer that hangs after a second."""
    plain = ImageBot.__init__

    def hasty(self: ImageBot, *args: Any, **options: Any) -> None:
        plain(self, *args, **options)
        self.answer_times = AnswerTimes(request_s=1.0, upload_s=2.0, elsewhere_s=(0.2, 0.5))

    ImageBot.__init__ = hasty  # type: ignore[method-assign]


def stand_in(seconds_per_forward: float, *, logs_drawings: bool) -> Any:
    """Return what takes the place of `open_engine`, which imports torch."""

    def open_stand_in(_files: ModelFiles, settings: Settings) -> Engine:
        notes = Path(settings.data_dir) / "stand-in"
        return StandInEngine(
            seconds_per_forward=seconds_per_forward, notes=notes, logs_drawings=logs_drawings
        )

    return open_stand_in


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.support.discord_server.launch")
    parser.add_argument("--address", required=True, help="of the server, http://127.0.0.1:PORT")
    parser.add_argument("--name", default="bot", help="which process this is, for the journal")
    parser.add_argument("--engine", choices=["real", "stand-in"], default="real")
    parser.add_argument("--seconds-per-forward", type=float, default=0.0)
    parser.add_argument("--ready-after", type=float, default=0.1)
    parser.add_argument("--identify-after", type=float, default=0.1)
    parser.add_argument("--login-pause", type=float, default=0.05)
    parser.add_argument("--heartbeat-timeout", type=float, default=60.0)
    parser.add_argument("--answers-in-haste", action="store_true")
    parser.add_argument("--log-drawings", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
