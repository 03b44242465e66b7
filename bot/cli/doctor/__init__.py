"""`python -m bot doctor`: check everything that drawing needs and say how to mend it."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from bot.cli.common import Commands, let_torchao_be_quiet
from bot.cli.doctor.check import Check, CheckStatus, ok, problem, warning
from bot.cli.doctor.data_folder import data, disk
from bot.cli.doctor.model import compute, control, loras, memory, model, profile
from bot.engine import upscaler
from bot.engine.picture_check import PACKAGE, PictureClassifier, is_installed
from bot.environment.installation import install_line
from bot.environment.streams import tell
from bot.errors import BotError
from bot.models import check_tensors, located
from bot.services.policy import operator_entries
from bot.settings import Settings, misspelt_variables

_PACKAGES: Final = (
    "torch", "diffusers", "transformers", "modelscope", "huggingface-hub", "discord.py",
    "aiosqlite", "pillow",
)  # fmt: skip


def add_to(commands: Commands) -> None:
    """Add this command to the parser."""
    parser = commands.add_parser(
        "doctor",
        help="check this machine, the model's files and the settings",
        description="Check Python, torch, the GPU and its memory, every model file, the disk and "
        "the settings. The exit code is 1 if there is a problem.",
    )
    parser.add_argument("--json", action="store_true", help="print the checks as one JSON array")
    parser.set_defaults(run=run, examines_settings=True)


def run(options: argparse.Namespace, _defaults: Settings) -> int:
    """Print the report and return 1 if anything is a problem."""
    checks = []
    for check in examine():
        checks.append(check)
        if not options.json:
            tell(_line(check))
    if options.json:
        tell(json.dumps([asdict(check) for check in checks], indent=2, ensure_ascii=False))
    return 1 if any(check.status is CheckStatus.PROBLEM for check in checks) else 0


def examine() -> Iterator[Check]:
    """Run the checks, the quick ones first."""
    let_torchao_be_quiet()
    yield _python()
    yield from _packages()
    settings = Settings()
    try:
        settings = Settings.read()
    except BotError as error:
        yield problem("settings", error.message)
    else:
        yield from _settings(settings)
    yield disk(settings.data_dir)
    try:
        yield from data(settings.data_dir)
    except OSError as error:
        detail = f"{error.filename} cannot be read: {error.strerror or error}"
        advice = "change its permissions, or point DATA_DIR to another folder"
        yield problem("data", detail, advice)
    try:
        files = located(settings)
        check_tensors(files)
    except BotError as error:
        yield problem("model", error.message)
        yield from compute(settings, native=0)
    else:
        yield from compute(settings, native=files.native)
        yield profile(files, settings)
        yield memory(settings, files)
        yield model(files)
        yield loras(settings, files)
        yield control(settings, files)


def _line(check: Check) -> str:
    advice = f" -> {check.advice}" if check.advice else ""
    return f"{check.status.value:<8} {check.name:<16} {check.detail}{advice}"


def _python() -> Check:
    found = platform.python_version()
    if (3, 11) <= sys.version_info < (3, 14):
        return ok("python", found)
    return warning("python", found, "use Python 3.11, 3.12 or 3.13")


def _packages() -> Iterator[Check]:
    for name in _PACKAGES:
        try:
            yield ok(name, version(name))
        except PackageNotFoundError:
            yield problem(name, "not installed", f"run `{install_line(name)}`")


def _rules(settings: Settings) -> Iterator[Check]:
    if settings.words == "off" and settings.words_file is not None:
        yield warning("rules", "WORDS_FILE is not read", "set WORDS=refuse or WORDS=spoiler")
    try:
        entries = operator_entries(settings)
    except BotError as error:
        yield problem("rules", error.message)
    else:
        set_ = ", ".join(each.name for each in entries) or "none"
        yield ok("rules", f"of yours for all servers: {set_}")


def _pictures(settings: Settings) -> Check:
    if settings.pictures == "off":
        return ok("pictures", "PICTURES=off: no picture is looked at")
    try:
        models = PictureClassifier().models
    except BotError as error:
        return problem("pictures", error.message)
    shown = f"PICTURES={settings.pictures}, from {settings.pictures_threshold:g} on, by "
    shown += " and ".join(models)
    if is_installed():
        return ok("pictures", shown)
    advice = f"run `{install_line(PACKAGE)}` for a second model, made for photographs"
    return warning("pictures", shown + " alone", advice)


def _upscaler() -> Check:
    if not upscaler.is_installed():
        advice = f"run `{install_line(upscaler.PACKAGE)}` for Upscale"
        return warning("upscaler", "its weights are not installed", advice)
    try:
        return ok("upscaler", upscaler.check_weights())
    except BotError as error:
        return problem("upscaler", error.message)


def _settings(settings: Settings) -> Iterator[Check]:
    for note in settings.notes:
        yield problem("settings", note)
    for note in misspelt_variables():
        yield warning("settings", note)
    file = Path(".env")
    source = str(file.absolute()) if file.is_file() else "the environment and the defaults"
    shown = f"MODEL={settings.model}, DEVICE={settings.device}, DTYPE={settings.dtype}"
    yield ok("settings", f"from {source}: {shown}")
    yield from _rules(settings)
    yield _pictures(settings)
    yield _upscaler()
    if settings.discord_token is None:
        yield warning(
            "discord token",
            "not set",
            "set DISCORD_TOKEN to run the bot on Discord; the command line needs none",
        )
    else:
        yield ok("discord token", "set (never shown)")
