"""Whether the database and the files of a data folder are what they should be."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.environment.installation import command_line
from bot.media.picture_files import COPY_NAME, IMAGE_NAME, FileState, copy_state, image_state
from bot.storage import Store
from bot.storage.backups import health_of
from bot.storage.file_references import KINDS

logger = logging.getLogger(__name__)

_PASS_S: Final = 30 * 24 * 3600.0  # all files are looked at in this time
_LONGEST_PAUSE_S: Final = 3600.0  # between two files, where they are few
_BEING_WRITTEN_S: Final = 60.0  # a file this young may get its row in a moment
_PREFIXES: Final = ["".join(each) for each in itertools.product("0123456789abcdef", repeat=2)]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that is not as it should be.

    Attributes:
        kind: `database`, or a noun and a state: `image missing`, `copy damaged`, `source unnamed`.
        path: Of the file.
        names: The images, or places on boards, that need it.
        detail: In words.

    """

    kind: str
    path: Path
    names: tuple[str, ...] = ()
    detail: str = ""


async def find_faults(
    store: Store,
    database: Path,
    *,
    reads_files: bool,
    progress: Callable[[int], object] = lambda _: None,
) -> AsyncIterator[Fault]:
    """Yield what is wrong; nothing is changed, and a bot may be at work meanwhile.

    Args:
        store: Opened to read.
        database: Its path.
        reads_files: Whether every picture is read and compared with the hash it is named for.
        progress: Called with a number of files that were looked at.

    """
    health = await asyncio.to_thread(health_of, database)
    if health.problem is not None:
        yield Fault(kind="database", path=database, detail=health.problem)
    for prefix in _PREFIXES:
        async for fault in _image_faults(store, prefix, reads_files=reads_files):
            yield fault
        async for fault in _source_faults(store, prefix, reads_files=reads_files):
            yield fault
        progress(1)
    async for fault in _copy_faults(store, reads_files=reads_files):
        yield fault


async def _image_faults(store: Store, prefix: str, *, reads_files: bool) -> AsyncIterator[Fault]:
    folder = store.images / prefix
    found = await asyncio.to_thread(_settled, folder)
    known = await store.files.images(prefix)
    for sha, ids in known.items():
        path = store.image_path(sha)
        state = await asyncio.to_thread(_state, path, image_state, reads_files=reads_files)
        if state is FileState.WHOLE:
            continue
        left = [id_ for id_ in ids if id_ in (await store.files.images(sha)).get(sha, ())]
        if left:  # it was not deleted meanwhile
            yield Fault(kind=f"image {state}", path=path, names=tuple(left))
    for name in sorted(found):
        if IMAGE_NAME.fullmatch(name) and name[:-4] not in known:
            yield Fault(kind="image unnamed", path=folder / name)


async def _source_faults(store: Store, prefix: str, *, reads_files: bool) -> AsyncIterator[Fault]:
    folder = store.sources.folder / prefix
    found = await asyncio.to_thread(_settled, folder)
    needed, known = await store.sources.needed(prefix)
    for sha in sorted(needed):
        path = store.sources.path(sha)
        state = await asyncio.to_thread(_state, path, image_state, reads_files=reads_files)
        names = () if state is FileState.WHOLE else tuple(await store.sources.who_needs(sha))
        if names:
            yield Fault(kind=f"source {state}", path=path, names=names)
    for name in sorted(found):
        if IMAGE_NAME.fullmatch(name) and name[:-4] not in known:
            yield Fault(kind="source unnamed", path=folder / name)


async def _copy_faults(store: Store, *, reads_files: bool) -> AsyncIterator[Fault]:
    folder = store.boards.folder
    found = await asyncio.to_thread(_settled, *(folder / prefix for prefix in _PREFIXES))
    known = await store.files.copies()
    for file, places in known.items():
        path = store.boards.path_of(file)
        state = await asyncio.to_thread(_state, path, copy_state, reads_files=reads_files)
        if places and state is not FileState.WHOLE and file in await store.files.copies():
            yield Fault(kind=f"copy {state}", path=path, names=tuple(places))
    for name in sorted(found - known.keys()):
        if COPY_NAME.fullmatch(name):
            yield Fault(kind="copy unnamed", path=store.boards.path_of(name))


def _state(path: Path, look: Callable[[Path], FileState], *, reads_files: bool) -> FileState:
    if reads_files:
        return look(path)
    return FileState.WHOLE if path.is_file() else FileState.MISSING


def _settled(*folders: Path) -> set[str]:
    """Return the names of the files in some folders, without those that are written just now."""
    limit = time.time() - _BEING_WRITTEN_S
    return {
        path.name
        for folder in folders
        for path in folder.glob("*")
        if path.is_file() and path.stat().st_mtime < limit
    }


async def check_files_slowly(
    store: Store, *, pass_s: float = _PASS_S, longest_pause_s: float = _LONGEST_PAUSE_S
) -> None:
    """Look at one file after the other, for ever, and warn of those that rotted.

    It goes on where an earlier run of the program ended.
    """
    while True:
        for kind in KINDS:
            try:
                await check_next(store, kind)
            except Exception:
                logger.exception("A file could not be checked")
        pause = pass_s / max(1, await store.files.count())
        await asyncio.sleep(min(pause, longest_pause_s))


async def check_next(store: Store, kind: str) -> None:
    """Look at the next file of a kind of `KINDS`, and warn if it is not whole."""
    name = await store.files.next_to_check(kind)
    await store.files.set_checked(kind, name or "")
    if name is None:
        return
    needed: Collection[str]
    if kind == "images":
        path, look = store.image_path(name), image_state
        needed = (await store.files.images(name)).get(name, [])
    elif kind == "sources":
        path, look = store.sources.path(name), image_state
        needed = await store.sources.who_needs(name)
    else:
        path, look = store.boards.path_of(name), copy_state
        needed = (await store.files.copies()).get(name, [])
    state = await asyncio.to_thread(look, path)
    if needed and state is not FileState.WHOLE:
        logger.warning(
            "The file %s of %s is %s: `%s` looks at all files",
            path, ", ".join(needed), state, command_line("check --files"),
        )  # fmt: skip
