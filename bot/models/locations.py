"""Where a model is on this disk: the shipped one, downloads of any tool, folders of people."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from bot.domain.requests import ModelProfile
from bot.engine.weight_files import STEMS, is_clutter
from bot.environment.installation import command_line
from bot.errors import ModelFilesError
from bot.models.checks import quick_problems
from bot.models.composition import SEPARATOR, Composition, read_composition, without_weights
from bot.models.kinds import check_kind, check_setting
from bot.models.manifests import MANIFEST_NAME, read_manifest
from bot.models.model_folder import FileProblem, ModelFiles, broken, describe
from bot.models.registry import DEMO, HubModel, hub_model, hub_models, plain_name
from bot.settings import DEMO_MODEL_DIR, PROJECT_DIR, tool_caches

_INDEX: Final = "model_index.json"
_FROM_ELSEWHERE: Final = "copy it there again from where the folder came from"
# What the name of a file says of its weights; what was made of Turbo to take more steps is neither.
_TURBO: Final = re.compile(r"turbo|(?<![a-z])zit(?![a-z])")
_BASE: Final = re.compile(r"z[-_ .]?image|(?<![a-z])zib(?![a-z])")
_NEITHER: Final = re.compile(r"de[-_ .]?turbo")
_SMALL_BYTES: Final = 12_000_000  # of configurations and tokenizer
# Of a hub's model, as it is stored there.
_PART_BYTES: Final = {
    "transformer": 24_630_000_000,
    "text_encoder": 8_050_000_000,
    "vae": 168_000_000,
}
_HUGGING_FACE: Final = "models--"  # before a model's name in its cache
_PARTIAL: Final = "._____temp"  # where ModelScope collects what is not complete


def locate(
    model: str,
    *,
    model_cache: Path,
    caches: Sequence[Path] | None = None,
    profile: ModelProfile | None = None,
) -> ModelFiles:
    """Find a model on this disk and check it quickly: nothing is hashed, nothing is fetched.

    Args:
        model: `demo`, the name of a model on the hubs, a folder, or files (see
            `bot.models.composition`).
        model_cache: Where downloads are kept.
        caches: Where the hubs' own tools keep theirs; None for the usual places.
        profile: What its weights are, where the operator knows it better than the folder tells.

    Raises:
        ModelFilesError: It is unknown, not downloaded, another kind of model or of no certain one,
            or a file is missing or broken.

    """
    asked = read_composition(plain_name(model))
    name = plain_name(asked.rest) if asked.rest is not None else _rest_of(asked)
    if name.casefold() == DEMO:
        own, cure = _own_manifest(DEMO_MODEL_DIR), demo_model_cure()
        turbo = ModelProfile.TURBO
        return checked(DEMO, DEMO_MODEL_DIR, own, cure=cure, known=turbo, asked=asked)
    if (hub := hub_model(name)) is not None:
        check_setting(hub.model_id, hub.profile, profile)
        needed = needed_of(hub, asked.weights)
        folder = find_download(needed, model_cache=model_cache, caches=caches)
        if folder is None:
            raise _not_here(needed, model_cache, asked)
        return checked_download(needed, folder, asked)
    folder = _user_folder(name)
    model_id = _name_of(folder)
    known = hub_model(model_id)  # by a hub's tool: what its files must be is known
    manifest = _own_manifest(folder) or (known.manifest if known else {})
    if known is not None:
        check_setting(model_id, known.profile, profile)
    return checked(
        model_id,
        folder,
        manifest,
        cure=_FROM_ELSEWHERE,
        known=known.profile if known else None,
        setting=profile,
        asked=asked,
    )


def rest_of(asked: Composition) -> HubModel | None:
    """Return what a hub's model is to give beside the files that are named; None for another's.

    Raises:
        ModelFilesError: It is not clear which model the files are of.

    """
    name = plain_name(asked.rest) if asked.rest is not None else _rest_of(asked)
    hub = hub_model(name)
    return None if hub is None else needed_of(hub, asked.weights)


def _rest_of(asked: Composition) -> str:
    """Return the model whose other parts go with a transformer, by its sizes or by its name.

    Turbo and what it was made from have the same tensors, but other steps: what a file does not
    say of itself, nobody else can.
    """
    config = json.loads((DEMO_MODEL_DIR / "transformer/config.json").read_text(encoding="utf-8"))
    if asked.sizes is not None and asked.sizes.width == config["dim"]:
        return DEMO
    is_turbo = _TURBO.search(asked.title) is not None
    if (is_turbo or _BASE.search(asked.title)) and not _NEITHER.search(asked.title):
        fitting = [name for name in hub_models() if ("turbo" in name.lower()) == is_turbo]
        if len(fitting) == 1:
            return fitting[0]
    file = asked.weights["transformer"]
    raise ModelFilesError(
        f"Which model {file} is of, its name does not tell: set MODEL=NAME{SEPARATOR}{file}, where "
        f"NAME is {' or '.join(hub_models())}."
    )


def needed_of(hub: HubModel, single: Collection[str]) -> HubModel:
    """Return a hub's model without the weights of the parts that are in single files."""
    if not single:
        return hub
    wanted = _SMALL_BYTES + sum(_PART_BYTES[part] for part in STEMS if part not in single)
    return replace(
        hub,
        manifest=without_weights(hub.manifest, single),
        paths=tuple(without_weights(dict.fromkeys(hub.paths, ""), single)),
        size_bytes=min(hub.size_bytes, wanted),
    )


def demo_model_cure() -> str:
    """Return what to do where a file of the shipped model is not what it was."""
    if (PROJECT_DIR / ".git").exists():
        return f"run `git -C {PROJECT_DIR} checkout -- data/demo_model`"
    return "install the bot again: its model comes with it"


def checked_download(hub: HubModel, folder: Path, asked: Composition | None = None) -> ModelFiles:
    """Check a folder of a hub's model quickly.

    Raises:
        ModelFilesError: A file is missing or broken.

    """
    cure = f"fetch it again with `{command_line('download')}`"
    return checked(hub.model_id, folder, hub.manifest, cure=cure, known=hub.profile, asked=asked)


def checked(
    model_id: str,
    folder: Path,
    manifest: Mapping[str, str],
    *,
    cure: str,
    known: ModelProfile | None = None,
    setting: ModelProfile | None = None,
    asked: Composition | None = None,
) -> ModelFiles:
    """Check a folder quickly, beside single files that are checked already, and identify all.

    Args:
        model_id: What it is called.
        folder: The folder.
        manifest: What its files must be.
        cure: What to do about a broken file.
        known: What its name says that the model is.
        setting: What its operator says.
        asked: The single files.

    Raises:
        ModelFilesError: A file is missing or broken, or it is another kind of model.

    """
    single = asked.weights if asked is not None else {}
    wanted = without_weights(manifest, single)
    missing = [path for path in wanted if not (folder / path).is_file()]
    problems = [FileProblem(path=path, reason="missing") for path in missing]
    if problems := problems or quick_problems(folder, single):
        raise broken(folder, problems, cure=cure)
    profile = check_kind(folder, known=known, setting=setting)
    if asked is not None and "transformer" in single:
        model_id = asked.name
    return describe(model_id, folder, wanted, cure=cure, profile=profile, weights=single)


def _own_manifest(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST_NAME
    return read_manifest(path) if path.is_file() else {}


def _not_here(hub: HubModel, model_cache: Path, asked: Composition) -> ModelFilesError:
    if asked.weights:
        parts = ["configurations", *(each for each in STEMS if each not in asked.weights)]
        lacking = f"{', '.join(parts)} and tokenizer"
        return ModelFilesError(
            f"Beside {', '.join(sorted({path.name for path in asked.weights.values()}))}, the "
            f"{lacking} of {hub.model_id} are needed, which are not in {model_cache} yet: run "
            f"`{command_line('download')}`, which fetches only these "
            f"({hub.size_bytes / 1e6:,.0f} MB)."
        )
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
    return sum(not (folder / path).is_file() for path in hub.paths)


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
        f"{path} is no file of weights: a model is a folder with the five parts of a "
        f"ZImagePipeline, such as {', '.join(hub_models())}, or files of its weights."
    )


def _no_model(folder: Path) -> ModelFilesError:
    """Say what a folder is that is no model."""
    if (folder.parent / _INDEX).is_file():
        return ModelFilesError(f"{folder} is only one part of a model: set MODEL={folder.parent}.")
    if inner := _inner_models(folder):
        return ModelFilesError(f"{folder} is no model, but there is one in it: set MODEL={inner}.")
    needed = f"use {' or '.join(hub_models())}, which `{command_line('download')}` fetches"
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
