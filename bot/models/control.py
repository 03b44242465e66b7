"""Control weights: which there are, where they lie on this disk, and fetching them.

They are single files without a manifest. The SHA-256 of the lite one is published by two projects
that pin it; of the full one none was found, so only its header is compared: its size, its tensors
and their shapes. Recipes tell any file apart by samples of its content.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from filelock import FileLock

from bot.engine.control.file import ControlFile
from bot.engine.weight_files import SUFFIX, WeightFileError
from bot.engine.weight_headers import read_header
from bot.environment.installation import command_line
from bot.errors import ModelFilesError
from bot.models import hubs
from bot.models.checksums import checksum_fault
from bot.models.file_fingerprints import sampled_hashes
from bot.models.hubs import Source
from bot.models.model_folder import FileProgress, ModelFiles
from bot.settings import Settings, tool_caches

Name = Literal["full", "lite"]

_NAME: Final = "Z-Image-Turbo-Fun-Controlnet-Union-2.1"
_IDS: Final[Mapping[Source, str]] = {
    "modelscope": f"PAI/{_NAME}",
    "huggingface": f"alibaba-pai/{_NAME}",
}
# Where our own downloads lie, and those of both hubs' tools.
_LAYOUTS: Final = tuple(
    layout.format(owner=owner, name=name)
    for owner, name in (
        ("alibaba-pai", _NAME), ("PAI", _NAME), ("PAI", _NAME.replace(".", "___"))
    )
    for layout in (
        ".", "{owner}/{name}", "models--{owner}--{name}/snapshots/*",
        "hub/models--{owner}--{name}/snapshots/*", "models/{owner}/{name}", "hub/{owner}/{name}",
        "hub/models/{owner}/{name}", "models/{owner}--{name}/snapshots/*",
    )
)  # fmt: skip
_BESIDE: Final = "control"  # a folder of a model's own, such as the demo model's
_LARGE_MODEL: Final = 1024  # the native edge of the model that the downloads are for
_FETCHES: Final = 3


@dataclass(frozen=True, kw_only=True)
class ControlWeights:
    """A file that the hubs offer.

    Attributes:
        size_bytes: Of the file; of the full one as the hubs show it.
        sha256: None where nobody published it.

    """

    name: Name
    path: str
    size_bytes: int
    sha256: str | None


FULL: Final = ControlWeights(
    name="full",
    path=f"{_NAME}-2602-8steps{SUFFIX}",
    size_bytes=6_710_000_000,
    sha256=None,
)
LITE: Final = ControlWeights(
    name="lite",
    path=f"{_NAME}-lite-2602-8steps{SUFFIX}",
    size_bytes=2_016_627_488,
    sha256="3ea098db9bd145be525c7e2366920b6d76c5ffd46b3d7aa8169bbc943fdaee35",
)
WEIGHTS: Final[Mapping[str, ControlWeights]] = {"full": FULL, "lite": LITE}


def control_file(files: ModelFiles, settings: Settings) -> ControlFile | None:
    """Return the control weights that an operator's settings mean for a model; None for none.

    `auto` takes what lies in the model's own folder, else the full download, else the lite one.

    Raises:
        ModelFilesError: CONTROL names weights that are not here.

    """
    wanted = settings.control
    if wanted == "off":
        return None
    if wanted == "auto":
        return _own(files.folder) or _downloaded(files, settings.model_cache)
    if (weights := WEIGHTS.get(wanted)) is not None:
        if (path := find_weights(weights, settings.model_cache)) is None:
            raise ModelFilesError(
                f"CONTROL={wanted} means weights that are not in {settings.model_cache} yet: run "
                f"`{command_line(f'download --control {wanted}')}`, or set CONTROL=off."
            )
        return _described(path)
    path = Path(wanted).expanduser()
    if not path.is_file():
        raise ModelFilesError(
            f"CONTROL={wanted} is no file: name one of control weights, full or lite, or set "
            "CONTROL=off."
        )
    return _described(path)


def control_cure(files: ModelFiles) -> str:
    """Return what is so, and what to do, where a model has no control weights."""
    if files.native < _LARGE_MODEL:
        return f"the model {files.model_id} has no control weights, so draw without control"
    command = command_line("download --control")
    return f"no control weights are installed: run `{command}` first, or draw without control"


def _own(folder: Path) -> ControlFile | None:
    found = sorted((folder / _BESIDE).glob(f"*{SUFFIX}"))
    return _described(found[0]) if found else None


def _downloaded(files: ModelFiles, model_cache: Path) -> ControlFile | None:
    if files.native < _LARGE_MODEL:
        return None
    paths = (find_weights(each, model_cache) for each in (FULL, LITE))
    return next((_described(path) for path in paths if path is not None), None)


def _described(path: Path) -> ControlFile:
    try:
        [(_, fingerprint)] = sampled_hashes(path.parent, [path.name]).items()
    except OSError as error:
        raise ModelFilesError(
            f"The control weights {path} cannot be read: {error.strerror or error}."
        ) from error
    return ControlFile(path=path, name=path.stem, fingerprint=fingerprint)


def find_weights(weights: ControlWeights, model_cache: Path) -> Path | None:
    """Find a complete file of these weights, whichever tool fetched it."""
    for cache in (model_cache, *tool_caches()):
        for layout in _LAYOUTS:
            for path in sorted(cache.glob(f"{layout}/{weights.path}")):
                if path.is_file():
                    return path
    return None


def fetch_control(
    weights: ControlWeights,
    *,
    source: Source,
    model_cache: Path,
    endpoint: str | None = None,
    progress: FileProgress | None = None,
) -> Path:
    """Make a file of control weights complete and right; what is right stays as it is.

    Raises:
        ModelFilesError: The hub cannot be reached, the disk is too small, or it stays broken.

    """
    there = find_weights(weights, model_cache)
    if there is not None and problem(weights, there, progress) is None:
        return there
    folder = model_cache / _IDS["huggingface"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        hubs.share_cache(model_cache)
        with FileLock(folder / ".download.lock"):
            return _fetched(weights, folder, source, endpoint, progress)
    except OSError as error:
        raise ModelFilesError(
            f"The control weights cannot be stored in {folder}: {error.strerror or error}."
        ) from error


def _fetched(
    weights: ControlWeights,
    folder: Path,
    source: Source,
    endpoint: str | None,
    progress: FileProgress | None,
) -> Path:
    path = folder / weights.path
    if path.is_file() and problem(weights, path, progress) is None:
        return path
    partial = folder / f"{weights.path}.incomplete"
    free = shutil.disk_usage(folder).free
    missing = weights.size_bytes - (partial.stat().st_size if partial.exists() else 0)
    if missing > free:
        raise ModelFilesError(
            f"The disk of {folder} has {free / 1e9:.1f} GB free, but {weights.path} still needs "
            f"{missing / 1e9:.1f} GB: free some space or point MODEL_CACHE to another disk."
        )
    for _ in range(_FETCHES):
        hubs.fetch_file(source, _IDS[source], weights.path, folder, endpoint=endpoint)
        if problem(weights, path, progress) is None:
            return path
        path.unlink(missing_ok=True)
        hubs.forget(folder, weights.path)
    raise ModelFilesError(
        f"The file {weights.path} arrived broken from {source} {_FETCHES} times: try "
        f"MODEL_SOURCE={hubs.other(source)}."
    )


def problem(
    weights: ControlWeights, path: Path, progress: FileProgress | None = None
) -> str | None:
    """Return what is wrong with a file: its header, and its SHA-256 where one is known."""
    try:
        read_header(path, path.name)
    except WeightFileError as error:
        return error.reason
    if weights.sha256 is None:
        return None
    return checksum_fault(path, weights.path, weights.sha256, progress)


def fault_of(file: ControlFile) -> str | None:
    """Return what is wrong with a file that is used; of a foreign one only its header tells."""
    weights = next((each for each in WEIGHTS.values() if each.path == file.path.name), None)
    return problem(weights or FULL, file.path)
