"""How this program was installed and started: what to type on this machine to go on."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Final

PROGRAM: Final = "z-image-bot"  # the distribution, and the script that pip makes for it


def command_line(command: str = "") -> str:
    """Return what to type to run a command of this program, the way this process was started.

    That is the interpreter as it was typed (`.venv/bin/python -m bot doctor`), or the installed
    script, with its folder where the shell does not find it by itself.
    """
    return f"{_program()} {command}".rstrip()


def _program() -> str:
    started = Path(sys.argv[0])
    if started.stem == PROGRAM:
        found = shutil.which(PROGRAM)
        is_found = found is not None and Path(found).with_suffix("") == started.with_suffix("")
        return PROGRAM if is_found else _typed([sys.argv[0]])
    is_module = started.parts[-2:] == ("bot", "__main__.py")  # else a test, or another program
    python = sys.orig_argv[0] if is_module else "python"
    return f"{_typed([python])} -m bot"


def install_line(package: str) -> str:
    """Return what to type to add a package, in a version this program was tried with, to it.

    It names the interpreter, so it also works where no environment is activated, and in those that
    pipx and uv make for a tool; the latter have no pip.
    """
    pip = [sys.executable, "-m", "pip", "install"]
    if importlib.util.find_spec("pip") is None:
        pip = ["uv", "pip", "install", "--python", sys.executable]
    return _typed([*pip, requirement(package)])


def requirement(package: str) -> str:
    """Return a package with the extras and versions this program asks for: `torchao<0.19,>=0.18`.

    The name alone, where the program was never installed or never asks for it.
    """
    try:
        asked = [each.partition(";")[0].strip() for each in requires(PROGRAM) or []]
    except PackageNotFoundError:
        asked = []
    named = (
        each for each in asked if _normal(re.split(r"[\[<>=!~ ]", each)[0]) == _normal(package)
    )
    return next(named, package)


def _normal(name: str) -> str:
    """Spell a package's name as indexes do; `discord.py` is `discord-py` there."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _typed(words: Sequence[str]) -> str:
    """Quote words for this system's shell."""
    return shlex.join(words) if os.name == "posix" else subprocess.list2cmdline(words)
