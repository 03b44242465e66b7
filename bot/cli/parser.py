"""The parser of the command line: every complaint is one plain line."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from bot.environment.streams import say, tell

_SHOWN: Final = 40  # characters of what was typed
_NAME: Final = re.compile(r"argument (\S+?)(?:/-\S+)*: ")
# What argparse says, in parts, and what this program says instead.
_PHRASES: Final = (
    (
        re.compile(r"expected (?:at least )?one argument"),
        "a value has to follow, behind a = if it begins with -",
    ),
    (re.compile(r"ignored explicit argument .*"), "no value may follow"),
    (re.compile(r"^ambiguous option: (\S+).* could match "), r"\1 is short for any of "),
)


class Parser(argparse.ArgumentParser):
    """An argument parser that names what was typed and what would work."""

    def error(self, message: str) -> NoReturn:
        """Print the complaint and leave with exit code 2."""
        message = _NAME.sub(r"\1: ", message)
        for pattern, words in _PHRASES:
            message = pattern.sub(words, message)
        self.exit(2, f"{message[:1].upper()}{message[1:]}; see `{self.prog} --help`.\n")

    def _print_message(self, message: str, file: object = None) -> None:
        """Print help and version as a result, complaints beside it."""
        (tell if file is sys.stdout else say)(message.rstrip("\n"))

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, and name what is left over together with the command that does not know it."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(self._unknown(rest[0]))
        return found, rest

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"{word[:_SHOWN]!r} is one word too many: put what belongs together in quotes"
        options = list(self._option_string_actions)
        meant = _suggestion(word.partition("=")[0], options)
        return f"there is no option {word[:_SHOWN]}{meant or ' (as a word, it comes after --)'}"

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse what is not among an option's choices, or no command."""
        if action.choices is None or value in action.choices:
            return
        names = [str(each) for each in action.choices]
        what = "command" if isinstance(action, argparse._SubParsersAction) else "such choice"  # noqa: SLF001
        self.error(
            f"{_label(action)}{str(value)[:_SHOWN]!r} is no {what}: use {_listed(names)}"
            f"{_suggestion(str(value), names)}"
        )


def _label(action: argparse.Action) -> str:
    return f"{action.option_strings[0]}: " if action.option_strings else ""


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _suggestion(word: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, names, n=1)
    return f" ({close[0]} was probably meant)" if close else ""
