"""`python -m bot` and `python -m bot playground`: the bot on Discord, or in a local page."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from typing import Final

from bot.cli.common import Commands, let_threads_sleep, open_engine
from bot.engine import Engine
from bot.environment.signals import stopping_at_once
from bot.environment.streams import say, tell
from bot.errors import SettingsError
from bot.models import located
from bot.settings import Settings, misspelt_variables

_CHANNELS: Final = (
    "pictures",
    "general",
    "mod-log",
)  # the playground's, which is imported when it is run


def add_to(commands: Commands) -> None:
    """Add the playground to the parser; the bot itself needs no name."""
    parser = commands.add_parser(
        "playground",
        help="try the bot in a local browser page, without an account",
        description="Run the same bot in a page with Discord's look, on this machine only. Type "
        "/imagine, press the buttons; its data stay under DATA_DIR/playground.",
    )
    parser.add_argument("--port", default="0", help="of the page; 0 takes a free one (default)")
    parser.add_argument(
        "--channel",
        default=_CHANNELS[0],
        choices=_CHANNELS,
        help="the page shows one at a time (default: pictures)",
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.set_defaults(run=run_playground)


def run_bot(_options: argparse.Namespace, settings: Settings) -> int:
    """Serve Discord until told to stop."""
    _warn_of_misspelt_variables()
    if settings.discord_token is not None:
        say("Starting the bot ... (Ctrl-C stops it)")
    with stopping_at_once():
        # discord.py takes a second to import: the other commands do without it.
        from bot.discord_ui import connection  # noqa: PLC0415

    asyncio.run(connection.run_bot(settings, _engine_factory(settings)))
    return 0


def run_playground(options: argparse.Namespace, settings: Settings) -> int:
    """Serve the page until told to stop."""
    port = int(options.port) if options.port.isascii() and options.port.isdigit() else -1
    if not 0 <= port <= 65535:  # noqa: PLR2004 - the last port there is
        raise SettingsError(f"The port {options.port!r} does not work: use 0 to 65535.")
    _warn_of_misspelt_variables()
    say("Starting the playground ...")
    with stopping_at_once():
        from bot import playground  # noqa: PLC0415 - the same

    asyncio.run(
        playground.run_playground(
            settings,
            _engine_factory(settings),
            port=port,
            channel=options.channel,
            open_browser=not options.no_browser,
            announce=tell,
        )
    )
    return 0


def _warn_of_misspelt_variables() -> None:
    for note in misspelt_variables():
        say(f"Warning: {note}")


def _engine_factory(settings: Settings) -> Callable[[], Engine]:
    """Return what makes the engine, on the thread it will live on."""
    let_threads_sleep()  # before any thread imports torch: the check of pictures does so, too

    def make() -> Engine:
        return open_engine(located(settings), settings)

    return make
