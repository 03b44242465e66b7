"""The files of a model: find them, fetch them from either hub, and prove that they are right.

A folder of a model holds the five parts of a `ZImagePipeline`. A downloaded one lies at
`MODEL_CACHE/<owner>/<name>`, whichever hub it came from, and is complete when every file has the
MD5 of the shipped manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from bot.errors import ModelFilesError
from bot.installation import command_line
from bot.sampling import sampled_hashes
from bot.settings import DEMO_MODEL_DIR, PROJECT_DIR

Source = Literal["modelscope", "huggingface"]
Progress = Callable[[str, int, int | None], None]  # file, bytes done, bytes in all

DEMO: Final = "demo"
MANIFEST_NAME: Final = "manifest.md5"
_MANIFESTS: Final = Path(__file__).parent / "manifests"
_REQUIRED: Final = (
    "model_index.json",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "tokenizer/tokenizer.json",
    "tokenizer/tokenizer_config.json",
    "transformer/config.json",
    "vae/config.json",
)
_LEARNED: Final = (".safetensors", "tokenizer.json")  # the files that training made
_WEIGHED_PARTS: Final = ("text_encoder", "transformer", "vae")
_MAX_HEADER_BYTES: Final = 100_000_000  # of a safetensors file, as its own library allows
_MAX_PARSED_BYTES: Final = 1_000_000  # a tokenizer of 11 MB takes longer than all other checks
_CHUNK: Final = 2**20
_FETCHES: Final = 3  # of one file: the first and, where it arrives broken, two more


@dataclass(frozen=True, kw_only=True)
class HubModel:
    """A model the hubs offer, and what its files must be.

    Attributes:
        manifest: Relative path -> MD5 in hexadecimal.
        size_bytes: Of all files together, to refuse a disk that is too small.

    """

    model_id: str
    manifest: Mapping[str, str]
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """A complete model folder on this disk.

    Attributes:
        model_id: `demo`, the hub's name, or a folder's name.
        revision: Which files these are: `md5:` and the start of the hash of their manifest, or
            `sampled:` where there is none (see `bot.sampling`).
        native: The edge in pixels the model was trained at.
        manifest: Relative path -> MD5; empty for a folder that brings none.
        learned: What was trained, for recipes: relative path -> `md5:` or `sampled:` and a hash.

    """

    model_id: str
    revision: str
    folder: Path
    native: int
    manifest: Mapping[str, str]
    learned: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class FileProblem:
    """A file that is not what it should be: missing, truncated, or with another MD5."""

    path: str
    reason: str


def read_manifest(path: Path) -> dict[str, str]:
    """Read lines of `MD5  relative/path`, as `md5sum` writes them in text or binary mode.

    Raises:
        ModelFilesError: It is no text.

    """
    try:
        lines = [line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise ModelFilesError(f"The manifest {path} cannot be read: {error}.") from error
    return {
        parts[1].removeprefix("*"): parts[0].lower()
        for parts in lines
        if len(parts) == 2  # noqa: PLR2004
    }


def hub_models() -> dict[str, HubModel]:
    """Return the models that can be downloaded, by name."""
    turbo = HubModel(
        model_id="Tongyi-MAI/Z-Image-Turbo",
        manifest=read_manifest(_MANIFESTS / "Z-Image-Turbo.md5"),
        size_bytes=33_000_000_000,  # as the hubs list it; the transformer is stored in float32
    )
    return {turbo.model_id: turbo}


def locate(model: str, *, model_cache: Path) -> ModelFiles:
    """Find a model on this disk and check it quickly: nothing is hashed, nothing is fetched.

    Args:
        model: `demo`, the name of a model on the hubs, or a folder.
        model_cache: Where downloads are kept.

    Raises:
        ModelFilesError: It is unknown, not downloaded, or a file is missing or truncated.

    """
    hub = hub_models().get(model)
    if hub is not None:
        return _described(hub.model_id, _downloaded(hub, model_cache), hub.manifest)
    folder = DEMO_MODEL_DIR if model == DEMO else _folder(model)
    if folder is None:
        raise ModelFilesError(
            f"The model {model!r} is unknown: use demo, {', '.join(hub_models())}, or a folder "
            "with the parts of a ZImagePipeline."
        )
    manifest_path = folder / MANIFEST_NAME
    manifest = read_manifest(manifest_path) if manifest_path.is_file() else {}
    return _described(DEMO if model == DEMO else folder.resolve().name, folder, manifest)


def _folder(model: str) -> Path | None:
    """Return the folder a model's name means, if there is one."""
    try:
        folder = Path(model).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError):  # too long for a path; the home of an unknown user
        return None


def verify(files: ModelFiles, *, progress: Progress | None = None) -> list[FileProblem]:
    """Compare every file with the manifest; without one, look for truncated files only."""
    problems = (
        _problem(files.folder, path, md5, progress) for path, md5 in sorted(files.manifest.items())
    )
    found = [problem for problem in problems if problem is not None]
    return found or list(_quick_problems(files.folder))


def download(
    model: str,
    *,
    source: Source,
    model_cache: Path,
    modelscope_endpoint: str | None = None,
    hf_endpoint: str | None = None,
    progress: Progress | None = None,
) -> ModelFiles:
    """Make a model complete and right: fetch what is missing or broken, and only that.

    Raises:
        ModelFilesError: The hub cannot be reached, the disk is too small, or a file stays broken.

    """
    hub = hub_models().get(model)
    if hub is None:
        files = locate(model, model_cache=model_cache)
        _refuse(files.folder, verify(files, progress=progress))
        return files
    endpoint = modelscope_endpoint if source == "modelscope" else hf_endpoint
    return fetch(hub, source=source, model_cache=model_cache, endpoint=endpoint, progress=progress)


def fetch(
    hub: HubModel,
    *,
    source: Source,
    model_cache: Path,
    endpoint: str | None = None,
    progress: Progress | None = None,
) -> ModelFiles:
    """Fetch a hub's model, file by file, each until its MD5 is right.

    Raises:
        ModelFilesError: As for `download`.

    """
    from filelock import FileLock  # noqa: PLC0415 - only a download needs it

    from bot import hubs  # noqa: PLC0415 - the same

    folder = _existing_folder(hub, model_cache) or model_cache / hub.model_id
    try:
        folder.mkdir(parents=True, exist_ok=True)
        hubs.share_cache(model_cache)
        with FileLock(folder / ".download.lock"):  # a second process waits, then finds all done
            broken = [
                p for p in hub.manifest if not _is_right(folder, p, hub.manifest[p], progress)
            ]
            _check_disk(hub, folder, broken)
            for path in broken:
                _fetch_file(hub, path, folder, source=source, endpoint=endpoint, progress=progress)
    except OSError as error:
        raise ModelFilesError(
            f"The model cannot be stored in {folder}: {error.strerror or error}."
        ) from error
    return _described(hub.model_id, folder, hub.manifest)


def _fetch_file(
    hub: HubModel,
    path: str,
    folder: Path,
    *,
    source: Source,
    endpoint: str | None,
    progress: Progress | None,
) -> None:
    """Fetch one file; where it arrives broken, this one again."""
    from bot import hubs  # noqa: PLC0415

    for _ in range(_FETCHES):
        hubs.fetch_file(source, hub.model_id, path, folder, endpoint=endpoint)
        if _is_right(folder, path, hub.manifest[path], progress):
            return
        (folder / path).unlink(missing_ok=True)
        hubs.forget(folder, path)
    raise ModelFilesError(
        f"The file {path} of {hub.model_id} arrived broken from {source} {_FETCHES} times: try "
        f"MODEL_SOURCE={hubs.other(source)}."
    )


def _is_right(folder: Path, path: str, md5: str, progress: Progress | None) -> bool:
    return _problem(folder, path, md5, progress) is None


def _check_disk(hub: HubModel, folder: Path, broken: list[str]) -> None:
    """Refuse to begin what the disk cannot hold; partial downloads count as already there."""
    right = [folder / path for path in hub.manifest if path not in broken]
    # A broken file is replaced only once its successor is here, so it saves no room.
    there = sum(file.stat().st_size for file in [*right, *folder.rglob("*.incomplete")])
    missing = hub.size_bytes - there if broken else 0
    free = shutil.disk_usage(folder).free
    if missing > free:
        raise ModelFilesError(
            f"The disk of {folder} has {free / 1e9:.1f} GB free, but {hub.model_id} still needs "
            f"{missing / 1e9:.1f} GB: free some space or point MODEL_CACHE to another disk."
        )


def _downloaded(hub: HubModel, model_cache: Path) -> Path:
    folder = _existing_folder(hub, model_cache)
    if folder is None:
        raise ModelFilesError(
            f"The model {hub.model_id} is not in {model_cache} yet: run "
            f"`{command_line('download')}` ({hub.size_bytes / 1e9:.0f} GB), or use MODEL=demo."
        )
    return folder


def _existing_folder(hub: HubModel, model_cache: Path) -> Path | None:
    """Find a folder of the model: ours, or one that either hub's own tools left in the cache."""
    owner, name = hub.model_id.split("/")
    # Hugging Face's cache; ModelScope's today; ModelScope's before, which wrote a dot as ___.
    patterns = (
        f"{owner}/{name}",
        f"**/models--{owner}--{name}/snapshots/*",
        f"**/models/{owner}--{name}/snapshots/*",
        f"**/models/{owner}/{name}",
    )
    found = [
        folder
        for pattern in patterns
        for folder in sorted(model_cache.glob(pattern))
        if (folder / "model_index.json").is_file()
    ]
    if found:  # the one that misses least: a started download may stand beside a complete one
        return min(found, key=lambda folder: sum(not (folder / p).is_file() for p in hub.manifest))
    started = model_cache / owner / name
    return started if started.is_dir() and any(started.rglob("*.json")) else None


def _described(model_id: str, folder: Path, manifest: Mapping[str, str]) -> ModelFiles:
    """Check a folder quickly and describe it."""
    missing = [path for path in manifest if not (folder / path).is_file()]
    problems = [FileProblem(path=path, reason="missing") for path in missing]
    _refuse(folder, problems or _quick_problems(folder), of_hub=model_id in hub_models())
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
    )


def _sampled(folder: Path) -> dict[str, str]:
    """Hash samples of the files of a folder that brings no manifest.

    Raises:
        ModelFilesError: One cannot be read.

    """
    parts = {path.split("/")[0] for path in _REQUIRED if "/" in path}
    paths = [
        path.relative_to(folder).as_posix()
        for part in parts
        for path in (folder / part).glob("*")
        if path.suffix in {".json", ".safetensors"}
    ]
    try:
        return sampled_hashes(folder, paths)
    except OSError as error:
        raise ModelFilesError(
            f"The model in {folder} cannot be read: {error.strerror or error}."
        ) from error


def _refuse(folder: Path, problems: list[FileProblem], *, of_hub: bool = False) -> None:
    """Turn problems into one sentence."""
    if not problems:
        return
    named = ", ".join(f"{problem.path} ({problem.reason})" for problem in problems[:3])
    more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""  # noqa: PLR2004
    them = "it" if len(problems) == 1 else "them"
    cure = f"copy {them} there again from where the folder came from"
    if of_hub:
        cure = f"fetch {them} again with `{command_line('download')}`"
    elif folder == DEMO_MODEL_DIR:
        cure = demo_model_cure()
    raise ModelFilesError(f"The model in {folder} is broken: {named}{more}; {cure}.")


def demo_model_cure() -> str:
    """Return what to do where a file of the shipped model is not what it was."""
    if (PROJECT_DIR / ".git").exists():
        return f"run `git -C {PROJECT_DIR} checkout -- data/demo_model`"
    return "install the bot again, which brings it"


def _quick_problems(folder: Path) -> list[FileProblem]:
    """Find, without reading the weights, what is missing or shorter than it says."""
    problems = [
        FileProblem(path=path, reason="missing")
        for path in _REQUIRED
        if not (folder / path).is_file()
    ]
    for path in sorted([*folder.glob("*.json"), *folder.glob("*/*.json")]):
        problems += _json_problems(folder, path)
    for part in _WEIGHED_PARTS:
        weights = sorted((folder / part).glob("*.safetensors"))
        if not weights:
            problems.append(FileProblem(path=f"{part}/*.safetensors", reason="missing"))
        for path in weights:
            if reason := _safetensors_problem(path):
                name = path.relative_to(folder).as_posix()
                problems.append(FileProblem(path=name, reason=reason))
    return problems


def _json_problems(folder: Path, path: Path) -> list[FileProblem]:
    """Parse one file, and look for the weights it lists if it is their index."""
    name = path.relative_to(folder).as_posix()
    try:
        if path.stat().st_size > _MAX_PARSED_BYTES:
            return []
        content = json.loads(path.read_text(encoding="utf-8"))
        shards = sorted(set(content["weight_map"].values())) if "weight_map" in content else []
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return [FileProblem(path=name, reason=f"not readable as JSON: {error}")]
    return [
        FileProblem(path=f"{path.parent.name}/{shard}", reason="missing")
        for shard in shards
        if not (path.parent / str(shard)).is_file()
    ]


def _safetensors_problem(path: Path) -> str | None:
    """Compare a weight file's size with what its own header promises."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length + 8 > size:
                return f"truncated: {size} bytes"
            header = json.loads(file.read(min(length, _MAX_HEADER_BYTES)))
        entries = [entry for name, entry in header.items() if name != "__metadata__"]
        expected = 8 + length + max((entry["data_offsets"][1] for entry in entries), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return "not a safetensors file"
    return None if size == expected else f"truncated: {size} of {expected} bytes"


def _problem(folder: Path, path: str, md5: str, progress: Progress | None) -> FileProblem | None:
    """Hash one file and compare."""
    file = folder / path
    if not file.is_file():
        return FileProblem(path=path, reason="missing")
    if file.suffix == ".safetensors" and (reason := _safetensors_problem(file)):
        return FileProblem(path=path, reason=reason)
    if _md5(file, path, progress) != md5:
        return FileProblem(path=path, reason="wrong MD5")
    return None


def _md5(file: Path, name: str, progress: Progress | None) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    total, done = os.path.getsize(file), 0  # noqa: PTH202 - follows the caches' links
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(name, done, total)
    return digest.hexdigest()


def _native(folder: Path) -> int:
    """Return the edge the model was trained at, as its VAE's configuration says."""
    path = folder / "vae/config.json"
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["sample_size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFilesError(f"The model's file {path} cannot be read: {error}.") from error
