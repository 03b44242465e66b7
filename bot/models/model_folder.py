"""A complete model folder, what identifies it, and what is wrong with one that is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.engine.weight_files import STEMS, SUFFIX, is_clutter
from bot.errors import ModelFilesError
from bot.models.file_fingerprints import sampled_hashes

FileProgress = Callable[[str, int, int | None], None]  # file, bytes done, bytes in all

# Beside the weights; `tokenizer.json` of Z-Image-Turbo has 11 MB.
REQUIRED: Final = (
    "model_index.json",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "tokenizer/tokenizer.json",
    "tokenizer/tokenizer_config.json",
    "transformer/config.json",
    "vae/config.json",
)
_LEARNED: Final = (SUFFIX, "tokenizer.json")  # the files that training made
_NAMED: Final = 3  # problems in one sentence


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """A complete model folder on this disk.

    Attributes:
        model_id: `demo`, the hub's name, or a folder's name.
        revision: Which files these are: `md5:` and the start of the hash of their manifest, or
            `sampled:` where there is none (see `bot.models.file_fingerprints`).
        native: The edge in pixels the model was trained at.
        manifest: Relative path -> MD5; empty for a folder that brings none.
        learned: What was trained, for recipes: relative path -> `md5:` or `sampled:` and a hash.
        cure: What to do about a broken file of it.

    """

    model_id: str
    revision: str
    folder: Path
    native: int
    manifest: Mapping[str, str]
    learned: Mapping[str, str]
    cure: str


@dataclass(frozen=True, kw_only=True)
class FileProblem:
    """A file that is not what it should be: missing, truncated, or with another MD5."""

    path: str
    reason: str


def describe(model_id: str, folder: Path, manifest: Mapping[str, str], *, cure: str) -> ModelFiles:
    """Identify the files of a folder that is complete.

    Raises:
        ModelFilesError: One cannot be read.

    """
    hashes = {path: f"md5:{md5}" for path, md5 in manifest.items()} or _sampled(folder)
    text = "\n".join(f"{hashes[path].partition(':')[2]}  {path}" for path in sorted(hashes))
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return ModelFiles(
        model_id=model_id,
        revision=f"{'md5' if manifest else 'sampled'}:{digest[:16]}",
        folder=folder,
        native=_native(folder),
        manifest=manifest,
        learned={path: each for path, each in hashes.items() if path.endswith(_LEARNED)},
        cure=cure,
    )


def _sampled(folder: Path) -> dict[str, str]:
    """Hash samples of the files of a folder that brings no manifest."""
    paths = [
        path.relative_to(folder).as_posix()
        for part in (*STEMS, "scheduler", "tokenizer")
        for path in (folder / part).glob("*")
        if path.suffix in {".json", SUFFIX} and not is_clutter(path.name)
    ]
    try:
        return sampled_hashes(folder, paths)
    except OSError as error:
        raise ModelFilesError(
            f"The model in {folder} cannot be read: {error.strerror or error}."
        ) from error


def _native(folder: Path) -> int:
    """Return the edge the model was trained at, as its VAE's configuration says."""
    path = folder / "vae/config.json"
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["sample_size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFilesError(
            f"The model's file {path} has no number as its sample_size: copy it again from where "
            "the model came from."
        ) from error


def broken(folder: Path, problems: Iterable[FileProblem], *, cure: str) -> ModelFilesError:
    """Turn problems into one sentence."""
    told = list(problems)
    named = ", ".join(f"{problem.path} ({problem.reason})" for problem in told[:_NAMED])
    more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return ModelFilesError(f"The model in {folder} is broken: {named}{more}; {cure}.")
