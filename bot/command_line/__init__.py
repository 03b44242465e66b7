"""The command line: what each command is called, what it takes, and how it ends.

Exit codes: 0 done, 1 the engine or the machine failed, 2 something asked for does not work,
3 reproduced and different, or nothing found, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final, NoReturn

from bot import __version__
from bot.command_line import (
    bench,
    board,
    check,
    compare,
    doctor,
    download,
    imagine,
    inspect,
    lineage,
    reproduce,
    restore,
    serve,
)
from bot.errors import BotError, EngineError
from bot.installation import command_line
from bot.settings import Settings

logger = logging.getLogger(__name__)

_COMMANDS: Final = (
    imagine, compare, reproduce, inspect, lineage, board, serve, bench, download, doctor,
    check, restore,
)  # fmt: skip
_DESCRIPTION: Final = """\
Z-Image bot: text to image with Z-Image-Turbo, on Discord and here.

Without a command it starts the Discord bot (needs DISCORD_TOKEN). Settings come from the
environment and from a file .env in the folder where it is started. What it makes is kept in the
folder `data` there, unless DATA_DIR names another.
"""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        """Print the complaint and leave with exit code 2."""
        self.exit(2, f"{message[:1].upper()}{message[1:]}; see `{self.prog} --help`.\n")


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; a user's error becomes one line."""
    try:
        options = _parser().parse_args(arguments)
        settings = Settings.read()
        logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every table it cuts
        code: int = options.run(options, settings)
        sys.stdout.flush()  # a closed pipe shows here, not while the interpreter ends
    except BotError as error:
        logger.debug("The error behind the sentence", exc_info=True)
        print(error.message, file=sys.stderr)
        return 1 if isinstance(error, EngineError) else 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # `| head` has read enough; nothing more can be written, not even by the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _explained_settings() -> Iterator[str]:
    """Yield what `.env.example` says; an installation has no such file."""
    for name, field in Settings.model_fields.items():
        yield f"  {name.upper()}={'' if field.default is None else field.default}"
        yield textwrap.indent(textwrap.fill(str(field.description), 90), " " * 6)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=command_line(),
        description=_DESCRIPTION,
        epilog="settings and their defaults:\n" + "\n".join(_explained_settings()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"z-image-bot {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    parser.set_defaults(run=serve.run_bot)
    for command in _COMMANDS:
        command.add_to(commands)
    return parser
