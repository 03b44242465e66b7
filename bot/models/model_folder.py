"""A complete model folder, what identifies it, and what is wrong with one that is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.domain.requests import ModelProfile
from bot.engine.single_files.files import WEIGHT_SUFFIXES
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
LEARNED: Final = (*WEIGHT_SUFFIXES, "tokenizer.json")  # the files that training made
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
        profile: How it is drawn with.
        weights: Part -> a single file in the place of the folder's own weights.

    """

    model_id: str
    revision: str
    folder: Path
    native: int
    manifest: Mapping[str, str]
    learned: Mapping[str, str]
    cure: str
    profile: ModelProfile = ModelProfile.TURBO
    weights: Mapping[str, Path] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Return where its files are, in words."""
        files = dict.fromkeys(map(str, self.weights.values()))
        return ", ".join([*files, f"the rest in {self.folder}"] if files else [str(self.folder)])

    def path_of(self, name: str) -> Path:
        """Return where a file is that is called by its path from the folder, `vae/ae.safetensors`.

        A single file is called as if it lay in the folder of its part.
        """
        part, _, file = name.partition("/")
        single = self.weights.get(part)
        return single if single is not None and single.name == file else self.folder / name


@dataclass(frozen=True, kw_only=True)
class FileProblem:
    """A file that is not what it should be: missing, truncated, or with another MD5."""

    path: str
    reason: str


def describe(
    model_id: str,
    folder: Path,
    manifest: Mapping[str, str],
    *,
    cure: str,
    profile: ModelProfile,
    weights: Mapping[str, Path] | None = None,
) -> ModelFiles:
    """Identify the files of a model that is complete.

    Raises:
        ModelFilesError: One cannot be read.

    """
    single = dict(weights or {})
    hashes = {
        **({path: f"md5:{md5}" for path, md5 in manifest.items()} or _sampled(folder, single)),
        **_sampled_files(single),
    }
    text = "\n".join(f"{hashes[path].partition(':')[2]}  {path}" for path in sorted(hashes))
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return ModelFiles(
        model_id=model_id,
        revision=f"{'md5' if manifest and not single else 'sampled'}:{digest[:16]}",
        folder=folder,
        native=_native(folder),
        manifest=manifest,
        learned={path: each for path, each in hashes.items() if path.endswith(LEARNED)},
        cure=cure,
        profile=profile,
        weights=single,
    )


def _sampled(folder: Path, single: Iterable[str]) -> dict[str, str]:
    """Hash samples of the files of a folder that brings no manifest.

    Of the parts that are in single files, the folder's own weights are left out.
    """
    paths = [
        path.relative_to(folder).as_posix()
        for part in (*STEMS, "scheduler", "tokenizer")
        for path in (folder / part).glob("*")
        if path.suffix in {".json", SUFFIX}
        and not is_clutter(path.name)
        and not (part in single and is_weights(path.name))
    ]
    try:
        return sampled_hashes(folder, paths)
    except OSError as error:
        raise ModelFilesError(
            f"The model in {folder} cannot be read: {error.strerror or error}."
        ) from error


def _sampled_files(single: Mapping[str, Path]) -> dict[str, str]:
    """Hash samples of single files, each called as if it lay in the folder of its part."""
    found = {}
    for part, file in single.items():
        try:
            (digest,) = sampled_hashes(file.parent, [file.name]).values()
        except OSError as error:
            raise ModelFilesError(f"{file} cannot be read: {error.strerror or error}.") from error
        found[f"{part}/{file.name}"] = digest
    return found


def is_weights(name: str) -> bool:
    """Tell whether a file in a part's folder holds weights, or lists those that do."""
    return SUFFIX in name


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
