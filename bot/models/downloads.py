"""Fetching a model from either hub: what is missing or broken, and only that."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from filelock import FileLock

from bot.domain.requests import ModelProfile
from bot.errors import ModelFilesError
from bot.models import hubs
from bot.models.checks import problem, verify
from bot.models.composition import Composition, read_composition
from bot.models.hubs import Source
from bot.models.locations import checked_download, find_download, locate, rest_of
from bot.models.model_folder import FileProgress, ModelFiles, broken
from bot.models.registry import HubModel, plain_name

_FETCHES: Final = 3  # of one file: the first and, where it arrives broken, two more


def download(
    model: str,
    *,
    source: Source,
    model_cache: Path,
    profile: ModelProfile | None = None,
    modelscope_endpoint: str | None = None,
    hf_endpoint: str | None = None,
    progress: FileProgress | None = None,
) -> ModelFiles:
    """Make a model complete and right: fetch what is missing or broken, and only that.

    Raises:
        ModelFilesError: The hub cannot be reached, the disk is too small, or a file stays broken.

    """
    asked = read_composition(plain_name(model))
    hub = rest_of(asked)
    if hub is None:
        files = locate(model, model_cache=model_cache, profile=profile)
        if problems := verify(files, progress=progress):
            raise broken(files.folder, problems, cure=files.cure)
        return files
    endpoint = modelscope_endpoint if source == "modelscope" else hf_endpoint
    return fetch(
        hub,
        source=source,
        model_cache=model_cache,
        endpoint=endpoint,
        progress=progress,
        asked=asked,
    )


def fetch(
    hub: HubModel,
    *,
    source: Source,
    model_cache: Path,
    caches: Sequence[Path] | None = None,
    endpoint: str | None = None,
    progress: FileProgress | None = None,
    asked: Composition | None = None,
) -> ModelFiles:
    """Fetch a hub's model, file by file, each until its MD5, where one is known, is right.

    Of a model that is put together of single files, `hub` is the rest that it needs.

    A download that another tool completed is used where it is, and also mended there.

    Raises:
        ModelFilesError: As for `download`.

    """
    there = find_download(hub, model_cache=model_cache, caches=caches)
    folder = there or model_cache / hub.model_id
    try:
        # What is right needs no lock: its disk may be read-only.
        if there is None or not _is_complete(hub, folder) or _wrong(hub, folder, progress):
            folder.mkdir(parents=True, exist_ok=True)
            hubs.share_cache(model_cache)
            with FileLock(folder / ".download.lock"):  # a second process waits, then finds all done
                wrong = _wrong(hub, folder, progress)
                _check_disk(hub, folder, wrong)
                for path in wrong:
                    _fetch_file(
                        hub, path, folder, source=source, endpoint=endpoint, progress=progress
                    )
    except OSError as error:
        raise ModelFilesError(
            f"The model cannot be stored in {folder}: {error.strerror or error}."
        ) from error
    return checked_download(hub, folder, asked)


def _is_complete(hub: HubModel, folder: Path) -> bool:
    return all((folder / path).is_file() for path in hub.paths)


def _wrong(hub: HubModel, folder: Path, progress: FileProgress | None) -> list[str]:
    return [
        path for path in hub.paths if problem(folder / path, path, hub.manifest.get(path), progress)
    ]


def _fetch_file(
    hub: HubModel,
    path: str,
    folder: Path,
    *,
    source: Source,
    endpoint: str | None,
    progress: FileProgress | None,
) -> None:
    """Fetch one file; where it arrives broken, this one again."""
    for _ in range(_FETCHES):
        told = hubs.fetch_file(source, hub.model_id, path, folder, endpoint=endpoint)
        if problem(folder / path, path, hub.manifest.get(path, told), progress) is None:
            return
        (folder / path).unlink(missing_ok=True)
        hubs.forget(folder, path)
    raise ModelFilesError(
        f"The file {path} of {hub.model_id} arrived broken from {source} {_FETCHES} times: try "
        f"MODEL_SOURCE={hubs.other(source)}."
    )


def _check_disk(hub: HubModel, folder: Path, wrong: list[str]) -> None:
    """Refuse to begin what the disk cannot hold; partial downloads count as already there."""
    right = [folder / path for path in hub.paths if path not in wrong]
    # A broken file is replaced only once its successor is here, so it saves no room.
    there = sum(file.stat().st_size for file in [*right, *folder.rglob("*.incomplete")])
    missing = hub.size_bytes - there if wrong else 0
    free = shutil.disk_usage(folder).free
    if missing > free:
        raise ModelFilesError(
            f"The disk of {folder} has {free / 1e9:.1f} GB free, but {hub.model_id} still needs "
            f"{missing / 1e9:.1f} GB: free some space or point MODEL_CACHE to another disk."
        )
