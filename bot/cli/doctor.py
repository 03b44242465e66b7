"""`python -m bot doctor`: look at everything an image needs and say what to do about it."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.cli.common import NOT_PROVEN, Commands, FileBars, let_torchao_be_quiet, open_engine
from bot.environment.installation import install_line
from bot.environment.signals import stopping_at_once
from bot.environment.streams import tell
from bot.errors import BotError
from bot.models import MANIFEST_NAME, ModelFiles, check_tensors, locate, unproven, verify
from bot.settings import Settings, misspelt_variables
from bot.storage.backups import backup_time, health_of, newest_backup
from bot.storage.database_checks import (
    refuse_a_closed_database,
    refuse_a_lost_database,
    refuse_a_newer_version,
    restore_command,
)
from bot.storage.quarantine import Quarantine

if TYPE_CHECKING:  # importing it for real would import torch
    from bot.engine.hardware import Gpu

_GIB: Final = 1024**3
_PACKAGES: Final = (
    "torch", "diffusers", "transformers", "modelscope", "huggingface-hub", "discord.py",
    "aiosqlite", "pillow",
)  # fmt: skip
_LARGE_MODEL: Final = 1024  # its native edge in pixels
_OLD_COPY: Final = dt.timedelta(days=2)
_LITTLE_DISK: Final = 2 * _GIB


class CheckStatus(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the report; `advice` says what to do where it is not ok."""

    name: str
    status: CheckStatus
    detail: str
    advice: str = ""


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
    """Print the report; the exit code is 1 where something is a problem."""
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
        yield Check(name="settings", status=CheckStatus.PROBLEM, detail=error.message)
    else:
        yield from _settings(settings)
    yield _disk(settings.data_dir)
    try:
        yield from _data(settings.data_dir)
    except OSError as error:
        detail = f"{error.filename} cannot be read: {error.strerror or error}"
        advice = "change its permissions, or point DATA_DIR to another folder"
        yield Check(name="data", status=CheckStatus.PROBLEM, detail=detail, advice=advice)
    try:
        files = locate(settings.model, model_cache=settings.model_cache)
        check_tensors(files)
    except BotError as error:
        yield Check(name="model", status=CheckStatus.PROBLEM, detail=error.message)
        yield from _compute(settings, native=0)
    else:
        yield from _compute(settings, native=files.native)
        yield _memory(settings, files)
        yield _model(files)


def _line(check: Check) -> str:
    advice = f" -> {check.advice}" if check.advice else ""
    return f"{check.status.value:<8} {check.name:<16} {check.detail}{advice}"


def _python() -> Check:
    found = platform.python_version()
    if (3, 11) <= sys.version_info < (3, 14):
        return Check(name="python", status=CheckStatus.OK, detail=found)
    return Check(
        name="python",
        status=CheckStatus.WARNING,
        detail=found,
        advice="use Python 3.11, 3.12 or 3.13",
    )


def _packages() -> Iterator[Check]:
    for name in _PACKAGES:
        try:
            yield Check(name=name, status=CheckStatus.OK, detail=version(name))
        except PackageNotFoundError:
            yield Check(
                name=name,
                status=CheckStatus.PROBLEM,
                detail="not installed",
                advice=f"run `{install_line(name)}`",
            )


def _settings(settings: Settings) -> Iterator[Check]:
    for note in settings.notes:
        yield Check(name="settings", status=CheckStatus.PROBLEM, detail=note)
    for note in misspelt_variables():
        yield Check(name="settings", status=CheckStatus.WARNING, detail=note)
    file = Path(".env")
    source = str(file.absolute()) if file.is_file() else "the environment and the defaults"
    shown = f"MODEL={settings.model}, DEVICE={settings.device}, DTYPE={settings.dtype}"
    yield Check(name="settings", status=CheckStatus.OK, detail=f"from {source}: {shown}")
    if settings.discord_token is None:
        yield Check(
            name="discord token",
            status=CheckStatus.WARNING,
            detail="not set",
            advice="set DISCORD_TOKEN to run the bot on Discord; the command line needs none",
        )
    else:
        yield Check(name="discord token", status=CheckStatus.OK, detail="set (never shown)")


def _disk(folder: Path) -> Check:
    folders = (folder, *folder.absolute().parents)
    existing = next(each for each in folders if os.path.exists(each))  # noqa: PTH110 - no error for a name too long
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Check(
            name="disk",
            status=CheckStatus.PROBLEM,
            detail=f"{folder} cannot be written: {existing} is no folder, or not this user's",
            advice="change its permissions, or point DATA_DIR to another folder",
        )
    free = shutil.disk_usage(existing).free
    detail = f"{free / _GIB:.1f} GiB free for {folder.absolute()}"
    if free < _LITTLE_DISK:
        return Check(
            name="disk",
            status=CheckStatus.PROBLEM,
            detail=detail,
            advice="free some space or move DATA_DIR",
        )
    return Check(name="disk", status=CheckStatus.OK, detail=detail)


def _data(folder: Path) -> Iterator[Check]:
    """Look at the database, its copies and the quarantine; nothing of them is changed."""
    path = folder / "bot.sqlite3"
    try:
        refuse_a_lost_database(path)
    except BotError as error:
        yield Check(name="database", status=CheckStatus.PROBLEM, detail=error.message)
    else:
        if path.is_file() and path.stat().st_size:
            yield _database(path)
    yield from _copies(folder)
    days = Quarantine(folder, days=0).by_day()
    if days:
        count = sum(each.is_file() for day, _ in days for each in day.rglob("*"))
        yield Check(
            name="quarantine",
            status=CheckStatus.WARNING,
            detail=f"{count} files that the database does not name, since {days[0][1]}",
            advice=f"if they are missed, run `{restore_command(folder)}`; in time they are deleted",
        )


def _database(path: Path) -> Check:
    health = health_of(path)
    try:
        refuse_a_closed_database(path, health)
        refuse_a_newer_version(path, health.version)
    except BotError as error:
        return Check(name="database", status=CheckStatus.PROBLEM, detail=error.message)
    if health.problem is None:
        detail = f"{path} knows {health.num_images:,} images and {health.num_jobs:,} jobs"
        return Check(name="database", status=CheckStatus.OK, detail=detail)
    return Check(
        name="database",
        status=CheckStatus.PROBLEM,
        detail=f"{path} is damaged: {health.problem}",
        advice=f"stop the bot and run `{restore_command(path.parent)}`",
    )


def _copies(folder: Path) -> Iterator[Check]:
    """Tell the age and health of the newest copy of the database."""
    newest = newest_backup(folder / "backups")
    if newest is None:
        return
    age = dt.datetime.now(dt.UTC) - backup_time(newest)
    problem = health_of(newest).problem
    detail = f"the newest is {newest.name}, {age.total_seconds() / 3600:.0f} hours old"
    if problem is not None:
        detail, status = f"{detail}, and not good: {problem}", CheckStatus.PROBLEM
    else:
        status = CheckStatus.OK if age < _OLD_COPY else CheckStatus.WARNING
    advice = "" if status is CheckStatus.OK else "start the bot: it makes one each day; see its log"
    yield Check(name="copies", status=status, detail=detail, advice=advice)


def _compute(settings: Settings, *, native: int) -> Iterator[Check]:
    """Look at what torch would compute with; `native` is the model's edge, 0 if unknown."""
    try:
        with stopping_at_once():
            from bot.engine import hardware  # noqa: PLC0415 - torch takes seconds to import
    except (ImportError, OSError) as error:
        yield Check(
            name="torch",
            status=CheckStatus.PROBLEM,
            detail=f"cannot be imported: {str(error).splitlines()[0][:200]}",
            advice="install it again",
        )
        return
    try:
        gpus = [] if settings.device == "cpu" else hardware.gpus()
    except RuntimeError as error:
        yield Check(
            name="gpu",
            status=CheckStatus.PROBLEM,
            detail=str(error).splitlines()[0][:200],
            advice="update the GPU's driver, or set DEVICE=cpu",
        )
        return
    if gpus:
        for i, gpu in enumerate(gpus):
            yield _gpu(f"gpu {i}", gpu)
    elif settings.device.startswith("cuda"):
        yield Check(
            name="gpu",
            status=CheckStatus.PROBLEM,
            detail=f"DEVICE={settings.device}, but torch {version('torch')} finds no GPU",
            advice="install a CUDA build of torch, or set DEVICE=auto",
        )
    else:
        yield _cpu(hardware.cpu_threads(), native=native)


def _gpu(name: str, gpu: Gpu) -> Check:
    detail = f"{gpu.name}, {gpu.free / _GIB:.1f} of {gpu.total / _GIB:.1f} GiB free"
    if not gpu.supports_bfloat16:
        advice = "this GPU has no bfloat16: set DTYPE=float32, which needs twice the memory"
    else:
        return Check(name=name, status=CheckStatus.OK, detail=detail)
    return Check(name=name, status=CheckStatus.WARNING, detail=detail, advice=advice)


def _cpu(threads: int, *, native: int) -> Check:
    detail = f"none found: drawing on the CPU with {threads} threads"
    if native < _LARGE_MODEL:
        return Check(name="gpu", status=CheckStatus.OK, detail=detail)
    return Check(
        name="gpu",
        status=CheckStatus.WARNING,
        detail=detail,
        advice="a model of this size takes many minutes an image on a CPU: use a GPU or MODEL=demo",
    )


def _memory(settings: Settings, files: ModelFiles) -> Check:
    """Say what of the model would stay on the GPU, and refuse what this machine cannot do."""
    try:
        plan = open_engine(files, settings).foresee()
    except BotError as error:
        return Check(name="memory", status=CheckStatus.PROBLEM, detail=error.message)
    return Check(name="memory", status=CheckStatus.OK, detail=f"MEMORY={settings.memory}: {plan}")


def _model(files: ModelFiles) -> Check:
    """Verify every file of the model against its manifest."""
    with FileBars() as bars:
        problems = verify(files, progress=bars)
    detail = f"{files.model_id} in {files.folder}, revision {files.revision}"
    if problems:
        named = ", ".join(f"{problem.path} ({problem.reason})" for problem in problems)
        return Check(
            name="model", status=CheckStatus.PROBLEM, detail=f"{detail}: {named}", advice=files.cure
        )
    if unproven(files):
        return Check(
            name="model",
            status=CheckStatus.WARNING,
            detail=f"{detail}: {NOT_PROVEN}",
            advice=f"write its checksums with `md5sum` into {MANIFEST_NAME} when you trust it",
        )
    return Check(name="model", status=CheckStatus.OK, detail=f"{detail}: every file is right")
