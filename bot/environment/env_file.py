"""The operator's `.env`: what it sets, and what in it was probably meant differently.

No value is ever quoted here: any of them may be the token.
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from bot.environment import text_files
from bot.errors import SettingsError

_RESEMBLANCE: Final = 0.6  # 0 .. 1, by difflib: BOT_TOKEN still means DISCORD_TOKEN
_STRONG_RESEMBLANCE: Final = 0.84  # for names that may well be another program's
_NAME: Final = re.compile(r"([A-Z][A-Z0-9_]*|[a-z][a-z0-9_]*)")  # mixed, it may be a lone token


@dataclass(frozen=True, kw_only=True)
class EnvFile:
    """What a `.env` says.

    Attributes:
        values: By the setting's name in capitals, also those that are empty.
        lines: Where each of them stands.
        notes: A sentence for each line that has no effect, or not the one it seems to have.

    """

    values: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_env_file(path: Path, names: Collection[str]) -> EnvFile:
    """Read a `.env`; where there is none, nothing is set.

    Args:
        path: The file.
        names: The settings there are, in capitals.

    Raises:
        SettingsError: It cannot be read; the sentence names the file, the line and what to do.

    """
    text = _text(path)
    lines = [(_line(each), each) for each in parse_stream(io.StringIO(text)) if _says(each)]
    for line, binding in lines:
        if binding.error:
            raise SettingsError(
                f"Line {line} of {path.absolute()} is not understood: write NAME=value, and close "
                "the quotes that it opens."
            )
    resolved = dotenv_values(stream=io.StringIO(text))
    values, places = {}, {}
    for line, binding in lines:
        name = str(binding.key).upper()
        if name in names and binding.value is not None:
            values[name], places[name] = resolved[str(binding.key)] or "", line
    return EnvFile(values=values, lines=places, notes=tuple(_notes(path, lines, names)))


def _text(path: Path) -> str:
    """Return the text of the file, empty where there is none."""
    try:
        return text_files.decode(path.read_bytes())
    except FileNotFoundError:
        if path.is_symlink():
            raise SettingsError(
                f"{path.absolute()} is a link to {path.readlink()}, which is not there: mend or "
                "remove it."
            ) from None
        return ""
    except IsADirectoryError:
        if (path / "pyvenv.cfg").is_file():  # a virtual environment may well be called so
            return ""
        raise SettingsError(
            f"{path.absolute()} is a folder, and settings are read from a file of that name: move "
            "it away, or put the file in its place."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"The file {path.absolute()} cannot be read ({error.strerror}): give the user that the "
            "bot runs as the permission to read it."
        ) from error
    except text_files.NotTextError as error:
        raise SettingsError(f"The file {path.absolute()} cannot be read: {error}.") from error


def _says(binding: Binding) -> bool:
    """Tell whether there is more than empty lines and remarks."""
    return binding.error or binding.key is not None


def _line(binding: Binding) -> int:
    """Return the number of the line, which the parser begins at the empty lines before it."""
    text = binding.original.string
    before = text[: len(text) - len(text.lstrip())]
    return binding.original.line + before.count("\n")


def _notes(path: Path, lines: list[tuple[int, Binding]], names: Collection[str]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for line, binding in lines:
        where, key = f"line {line} of {path.absolute()}", str(binding.key)
        name = key.upper()
        if binding.value is None:
            yield f"L{where[1:]} sets nothing: write NAME=value."
        elif name not in names:
            yield _unknown(key, where, names)
        else:
            if name in seen:
                yield f"{name} stands in line {seen[name]} and again in {where}: the latter counts."
            if key != name:
                yield f"{key} in {where} is read as {name}: write it in capitals."
            seen[name] = line


def _unknown(key: str, where: str, names: Collection[str]) -> str:
    ends = [name for name in names if name.endswith(f"_{key.upper()}")]  # TOKEN
    meant = ends[0] if len(ends) == 1 else _meant(key.upper(), names, _RESEMBLANCE)
    if meant is not None:
        return f"{key} in {where} is not a setting: {meant} was probably meant."
    if _NAME.fullmatch(key):
        return f"{key} in {where} is not a setting, and has no effect."
    return f"L{where[1:]} names no setting, and has no effect."


def _meant(name: str, names: Collection[str], least: float) -> str | None:
    """Return the setting that a name resembles most."""
    return next(iter(difflib.get_close_matches(name, names, n=1, cutoff=least)), None)


def misspelt(environment: Collection[str], names: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each variable of the environment that looks like a misspelt setting.

    Those of one word, `MODEL` for example, resemble too much of what other programs use.
    """
    own = [name for name in names if "_" in name]
    for key in sorted(environment):
        meant = None if key.upper() in names else _meant(key.upper(), own, _STRONG_RESEMBLANCE)
        if meant is not None:
            yield f"The environment variable {key} is not a setting: {meant} may have been meant."
