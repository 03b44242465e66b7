"""Opening the bot's data, engine and service, each inside the one before it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

import filelock

from bot.domain.requests import ModelRules, Size
from bot.engine import Engine
from bot.engine.picture_check import PictureClassifier
from bot.errors import LoadFailedError, ModelFilesError, SettingsError
from bot.execution.thread_slot import GRACE_S, ThreadSlot
from bot.models import located, model_rules
from bot.services.policy import operator_entries
from bot.services.service import Service
from bot.services.temporary_files import sweep_temporary
from bot.settings import Settings
from bot.storage import Store

USUAL: Final = ("square", "portrait", "landscape")  # sizes that the engine is warmed for


@contextlib.asynccontextmanager
async def open_service(
    settings: Settings,
    engine_factory: Callable[[], Engine],
    *,
    grace_s: float = GRACE_S,
    classifier: Callable[[], PictureClassifier] = PictureClassifier,
) -> AsyncIterator[Service]:
    """Open store, slot and service, in this order, and close them backwards.

    Raises:
        LoadFailedError: The model is not here, or its files are broken.
        BotError: The list of words cannot be read, the database cannot be used, or another copy of
            the bot uses it.

    """
    try:
        files = await asyncio.to_thread(located, settings)
    except ModelFilesError as error:
        raise LoadFailedError(error.message) from error
    operator = await asyncio.to_thread(operator_entries, settings)
    data = settings.data_dir
    with alone_in(settings):
        await asyncio.to_thread(sweep_temporary, data)
        async with (
            Store(
                data / "bot.sqlite3",
                images=data / "images",
                quarantine_days=settings.quarantine_days,
            ) as store,
            ThreadSlot(
                engine_factory,
                patience_s=settings.engine_patience_s,
                grace_s=grace_s,
                usual_sizes=_usual_sizes(model_rules(files, settings)),
            ) as slot,
            Service(store, [slot], files, settings, operator, classifier) as service,
        ):
            yield service


def _usual_sizes(rules: ModelRules) -> list[Size]:
    sizes = [rules.named[name] for name in USUAL]
    return [*sizes, rules.draft_of(sizes[0])]  # of a sheet, each draft would wait for its kernels


@contextlib.contextmanager
def alone_in(settings: Settings) -> Iterator[None]:
    """Keep every other copy of the bot out of the data folder: they would draw each job twice.

    Raises:
        SettingsError: Another one is there, or the folder cannot be written.

    """
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / "bot.lock", timeout=0)
        lock.acquire()
    except filelock.Timeout as error:
        raise SettingsError(
            f"Another copy of the bot works in {folder}: stop it first, or point DATA_DIR to "
            "another folder."
        ) from error
    except OSError as error:
        raise SettingsError(
            f"The folder {folder} cannot be written ({error.strerror or error}): change its "
            "permissions, or point DATA_DIR to another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()
