"""Where a model is on this disk: the shipped one, downloads of any tool, folders of people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bot.engine.weight_files import STEMS, is_clutter
from bot.environment.installation import command_line
from bot.errors import ModelFilesError
from bot.models.checks import quick_problems
from bot.models.kinds import check_kind
from bot.models.manifests import MANIFEST_NAME, read_manifest
from bot.models.model_folder import FileProblem, ModelFiles, broken, describe
from bot.models.registry import DEMO, HubModel, hub_model, hub_models, plain_name
from bot.settings import DEMO_MODEL_DIR, PROJECT_DIR, tool_caches

_INDEX: Final = "model_index.json"
_FROM_ELSEWHERE: Final = "copy it there again from where the folder came from"
_COMFYUI: Final = ("diffusion_models", "unet", "text_encoders", "clip", "checkpoints")
_HUGGING_FACE: Final = "models--"  # before a model's name in its cache
_PARTIAL: Final = "._____temp"  # where ModelScope collects what is not complete


def locate(model: str, *, model_cache: Path, caches: Sequence[Path] | None = None) -> ModelFiles:
    """Find a model on this disk and check it quickly: nothing is hashed, nothing is fetched.

    Args:
        model: `demo`, the name of a model on the hubs, or a folder.
        model_cache: Where downloads are kept.
        caches: Where the hubs' own tools keep theirs; None for the usual places.

    Raises:
        ModelFilesError: It is unknown, not downloaded, another kind of model, or a file is missing
            or broken.

    """
    name = plain_name(model)
    if name.casefold() == DEMO:
        return checked(DEMO, DEMO_MODEL_DIR, _own_manifest(DEMO_MODEL_DIR), cure=demo_model_cure())
    if (hub := hub_model(name)) is not None:
        folder = find_download(hub, model_cache=model_cache, caches=caches)
        if folder is None:
            raise _not_here(hub, model_cache)
        return checked_download(hub, folder)
    folder = _user_folder(name)
    model_id = _name_of(folder)
    known = hub_model(model_id)  # by a hub's tool: what its files must be is known
    manifest = _own_manifest(folder) or (known.manifest if known else {})
    return checked(model_id, folder, manifest, cure=_FROM_ELSEWHERE)


def demo_model_cure() -> str:
    """Return what to do where a file of the shipped model is not what it was."""
    if (PROJECT_DIR / ".git").exists():
        return f"run `git -C {PROJECT_DIR} checkout -- data/demo_model`"
    return "install the bot again: its model comes with it"


def checked_download(hub: HubModel, folder: Path) -> ModelFiles:
    """Check a folder of a hub's model quickly.

    Raises:
        ModelFilesError: A file is missing or broken.

    """
    return checked(
        hub.model_id, folder, hub.manifest, cure=f"fetch it again with `{command_line('download')}`"
    )


def checked(model_id: str, folder: Path, manifest: Mapping[str, str], *, cure: str) -> ModelFiles:
    """Check a folder quickly and identify its files.

    Raises:
        ModelFilesError: A file is missing or broken, or it is another kind of model.

    """
    missing = [path for path in manifest if not (folder / path).is_file()]
    problems = [FileProblem(path=path, reason="missing") for path in missing]
    if problems := problems or quick_problems(folder):
        raise broken(folder, problems, cure=cure)
    check_kind(folder)
    return describe(model_id, folder, manifest, cure=cure)


def _own_manifest(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST_NAME
    return read_manifest(path) if path.is_file() else {}


def _not_here(hub: HubModel, model_cache: Path) -> ModelFilesError:
    return ModelFilesError(
        f"The model {hub.model_id} is not in {model_cache} yet: run "
        f"`{command_line('download')}` ({hub.size_bytes / 1e9:.0f} GB), or use MODEL=demo."
    )


def find_download(
    hub: HubModel, *, model_cache: Path, caches: Sequence[Path] | None = None
) -> Path | None:
    """Find a folder of the model, whichever tool fetched it.

    What lies outside of `model_cache` counts only where no file is missing.
    """
    own = list(_downloads(hub, model_cache, _OWN_LAYOUTS))
    others = (
        folder
        for cache in (tool_caches() if caches is None else caches)
        for folder in _downloads(hub, cache, _TOOL_LAYOUTS)
    )
    complete = next((each for each in (*own, *others) if not _missing(hub, each)), None)
    if complete is not None:
        return complete
    if own:  # the one that misses least
        return min(own, key=lambda folder: _missing(hub, folder))
    started = model_cache / hub.model_id
    return started if started.is_dir() and any(started.rglob("*.json")) else None


# Ours; then those of both hubs' tools, today's and before's, from `caches` or where people moved
# them to.
_TOOL_LAYOUTS: Final = (
    "{owner}/{name}",
    "models--{owner}--{name}/snapshots/*",
    "hub/models--{owner}--{name}/snapshots/*",
    "models/{owner}--{name}/snapshots/*",
    "models/{owner}/{name}",
    "hub/{owner}/{name}",
    "hub/models/{owner}/{name}",
)
_OWN_LAYOUTS: Final = (
    *_TOOL_LAYOUTS,
    "**/models--{owner}--{name}/snapshots/*",
    "**/models/{owner}--{name}/snapshots/*",
    "**/models/{owner}/{name}",
    "**/hub/{owner}/{name}",
)


def _downloads(hub: HubModel, cache: Path, layouts: Sequence[str]) -> Iterator[Path]:
    owner, name = hub.model_id.split("/")
    for each in dict.fromkeys((name, name.replace(".", "___"))):  # as ModelScope wrote a dot
        for layout in layouts:
            for folder in sorted(cache.glob(layout.format(owner=owner, name=each))):
                is_partial = _PARTIAL in folder.relative_to(cache).parts
                if not is_partial and (folder / _INDEX).is_file():
                    yield folder


def _missing(hub: HubModel, folder: Path) -> int:
    return sum(not (folder / path).is_file() for path in hub.manifest)


def _user_folder(name: str) -> Path:
    """Return the model folder that a path means.

    Raises:
        ModelFilesError: There is none; the sentence says what the path leads to.

    """
    try:
        path = Path(name).expanduser()
        is_there, is_file = path.exists(), path.is_file()
    except (OSError, RuntimeError, ValueError):  # too long; the home of nobody; a null character
        is_there = is_file = False
    if not name or not is_there:
        raise ModelFilesError(
            f"The model {name!r} is unknown: use demo, {', '.join(hub_models())}, or a folder "
            "with the parts of a ZImagePipeline."
        )
    if is_file:
        raise _single_file(path)
    if (path / _INDEX).is_file():
        return path
    if (snapshot := _snapshot(path)) is not None:
        return snapshot
    if any((path / part / "config.json").is_file() for part in STEMS):
        return path  # one whose index is missing: that is told with what else is
    raise _no_model(path)


def _snapshot(folder: Path) -> Path | None:
    """Return the version that a folder of a hub's cache holds, or the newest of several."""
    main = folder / "refs" / "main"
    try:
        named = [folder / "snapshots" / main.read_text(encoding="utf-8").strip()]
    except (OSError, ValueError):
        named = []
    others = sorted(folder.glob("snapshots/*"), key=lambda path: path.stat().st_mtime, reverse=True)
    return next((path for path in (*named, *others) if (path / _INDEX).is_file()), None)


def _name_of(folder: Path) -> str:
    """Return what a recipe calls a folder: its name, or what a hub's cache says of it."""
    if folder.parent.name == "snapshots":
        return folder.parent.parent.name.removeprefix(_HUGGING_FACE).replace("--", "/")
    return folder.resolve().name


def _single_file(path: Path) -> ModelFilesError:
    if path.name == _INDEX:
        return ModelFilesError(f"{path} is only the index of a model: set MODEL={path.parent}.")
    return ModelFilesError(
        f"{path} is a single file: a model is a folder with the five parts of a ZImagePipeline, "
        f"such as {', '.join(hub_models())}, which `{command_line('download')}` fetches."
    )


def _no_model(folder: Path) -> ModelFilesError:
    """Say what a folder is that is no model."""
    if (folder.parent / _INDEX).is_file():
        return ModelFilesError(f"{folder} is only one part of a model: set MODEL={folder.parent}.")
    if inner := _inner_models(folder):
        return ModelFilesError(f"{folder} is no model, but there is one in it: set MODEL={inner}.")
    needed = f"use {', '.join(hub_models())}, which `{command_line('download')}` fetches"
    roots = [folder, folder / "models"]
    if folder.name in (*_COMFYUI, "vae"):
        roots.append(folder.parent)
    if found := next((n for root in roots for n in _COMFYUI if (root / n).is_dir()), None):
        return ModelFilesError(
            f"{folder} is a folder of ComfyUI (it has {found}), whose files cannot be loaded here: "
            f"{needed}."
        )
    if folder.name.startswith(_HUGGING_FACE):
        return ModelFilesError(
            f"{folder} is a cache of Hugging Face without a whole download of "
            f"{_name_of(folder / 'snapshots' / '_')}: {needed}."
        )
    return ModelFilesError(
        f"{folder} is no model, since it has no {_INDEX}: {needed}, or a folder like it."
    )


def _inner_models(folder: Path) -> Path | None:
    """Find a model one or two folders further down, or in a hub's cache."""
    for pattern in ("*", "*/*", "*/snapshots/*", "*/*/snapshots/*"):
        for index in sorted(folder.glob(f"{pattern}/{_INDEX}")):
            if not any(is_clutter(part) for part in index.relative_to(folder).parts):
                return index.parent
    return None
