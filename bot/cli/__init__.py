"""The command line: what each command is called, what it takes, and how it ends.

Exit codes: 0 done, 1 the engine or the machine failed, or the result could not be printed, 2
something asked for does not work, 3 reproduced and different, or nothing found, 130 stopped with
Ctrl-C, 143 with SIGTERM.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from bot import __version__
from bot.cli.parser import Parser
from bot.environment.installation import command_line
from bot.environment.signals import StoppedError, stopping_in_order
from bot.environment.streams import ResultLostError, say
from bot.errors import BotError, EngineError
from bot.settings import Settings

logger = logging.getLogger(__name__)

# Only the module of the command that was typed is imported: together they take half a second.
_COMMANDS: Final = (
    "imagine", "compare", "explore", "upscale", "reproduce", "inspect", "lineage", "board", "style",
    "settings", "playground", "bench", "download", "lora", "doctor", "check", "restore", "stats",
    "privacy", "privacy-policy",
)  # fmt: skip
_MODULES: Final = {  # where it is not called like the command
    "playground": "serve",
    "privacy-policy": "privacy_policy",
}
_DESCRIPTION: Final = """\
Z-Image bot: text to image with Z-Image-Turbo, on Discord and here.

Without a command it starts the Discord bot (needs DISCORD_TOKEN). Settings come from the
environment and from a file .env in the folder where it is started. What it makes is kept in the
folder `data` there, unless DATA_DIR names another.
"""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""

    def work() -> int:
        options = parser(arguments).parse_args(arguments)
        settings = _settings(options)
        with stopping_in_order():
            code: int = options.run(options, settings)
        return code

    return exit_code(work)


def exit_code(work: Callable[[], int]) -> int:
    """Do the work of a command and return how it ended; a user's error becomes one line."""
    try:
        return work()
    except BotError as error:
        logger.debug("The error behind the sentence", exc_info=True)
        if error.message:
            say(error.message)
        return 1 if isinstance(error, (EngineError, ResultLostError)) else 2
    except OSError as error:
        if error.filename is None:  # a defect here: the trace tells more than its words
            raise
        logger.debug("The error behind the sentence", exc_info=True)
        say(f"{error.filename} cannot be used: {error.strerror or error}.")
        return 1
    except KeyboardInterrupt as stop:
        say("Stopped.")
        return stop.code if isinstance(stop, StoppedError) else 130


def _explained_settings() -> Iterator[str]:
    """Yield what `.env.example` says; an installation has no such file."""
    for name, field in Settings.model_fields.items():
        yield f"  {name.upper()}={'' if field.default is None else field.default}"
        yield textwrap.indent(textwrap.fill(str(field.description), 90), " " * 6)


def _settings(options: argparse.Namespace) -> Settings:
    """Read the settings, say what in `.env` has no effect, and log as they want it."""
    if options.examines_settings:
        settings = Settings()  # the command says itself what is wrong with those that were made
    else:
        settings = Settings.read()
        for note in settings.notes:
            say(f"Warning: {note}")
    logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every table it cuts
    return settings


def _serve(options: argparse.Namespace, settings: Settings) -> int:
    from bot.cli import serve  # noqa: PLC0415 - like the modules of the commands

    return serve.run_bot(options, settings)


def parser(arguments: Sequence[str]) -> Parser:
    """Return a parser that knows the command that was typed, or all of them where it is none."""
    parser = Parser(
        prog=command_line(),
        description=_DESCRIPTION,
        epilog="settings and their defaults:\n" + "\n".join(_explained_settings()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"z-image-bot {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    parser.set_defaults(run=_serve, examines_settings=False)
    typed = arguments[0] if arguments else None
    for name in [typed] if typed in _COMMANDS else _COMMANDS if arguments else ():
        importlib.import_module(f"{__name__}.{_MODULES.get(name, name)}").add_to(commands)
    return parser
