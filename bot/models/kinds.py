"""Whether a folder's configurations are those of Z-Image or Z-Image-Turbo, and of which one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from bot.domain.requests import ModelProfile
from bot.engine.weight_files import read_json
from bot.errors import ModelFilesError
from bot.models.registry import HubModel, hub_models

_INDEX: Final = "model_index.json"
_SCHEDULER: Final = "scheduler/scheduler_config.json"
# These draw with the same parts.
_PIPELINES: Final = ("ZImagePipeline", "ZImageImg2ImgPipeline", "ZImageInpaintPipeline")
_CLASSES: Final = {
    "scheduler": ("FlowMatchEulerDiscreteScheduler",),
    "text_encoder": ("Qwen3Model", "Qwen3ForCausalLM"),
    "tokenizer": ("Qwen2Tokenizer", "Qwen2TokenizerFast"),
    "transformer": ("ZImageTransformer2DModel",),
    "vae": ("AutoencoderKL",),
}
# What decides the noise of each step. Of what is not in the file, the library takes the default.
_STEPS: Final[Mapping[str, object]] = {
    "use_dynamic_shifting": False,
    "num_train_timesteps": 1000,
    "shift_terminal": None,
    "use_karras_sigmas": False,
    "use_exponential_sigmas": False,
    "use_beta_sigmas": False,
    "invert_sigmas": False,
    "stochastic_sampling": False,
}
_NO_SHIFT: Final = 1.0  # what the library takes where the file has none
# Which tensors lie in which piece of the weights, and how large all are: quickly hashed.
_WEIGHT_INDEX: Final = "transformer/diffusion_pytorch_model.safetensors.index.json"
# Where a configuration says that it comes from: a hub's name, or a folder of its cache.
_ORIGIN: Final = re.compile(r"z[-_ ]?image(?:[-_ ](turbo|base))?(?=[/\\]|$)", re.IGNORECASE)
# Of a folder that people named, only what cannot mean both.
_FOLDER: Final = re.compile(r"z[-_ ]?image[-_ ](turbo|base)", re.IGNORECASE)


def check_setting(model_id: str, known: ModelProfile, setting: ModelProfile | None) -> None:
    """Refuse to draw a model that is known by its name as another one.

    Raises:
        ModelFilesError: An operator wants it.

    """
    if setting is not None and setting is not known:
        raise ModelFilesError(
            f"MODEL_PROFILE is {setting}, but {model_id} is {known}: set MODEL_PROFILE=auto."
        )


def check_kind(
    folder: Path,
    *,
    known: ModelProfile | None = None,
    setting: ModelProfile | None = None,
    hubs: Iterable[HubModel] | None = None,
) -> ModelProfile:
    """Compare classes, schedule and the sizes at which the parts meet; tell which model it is.

    Args:
        folder: The folder.
        known: What its name on a hub says that it is.
        setting: What its operator says, whatever else does.
        hubs: Models whose files are known; None for all.

    Raises:
        ModelFilesError: The folder is another model's, or its files contradict one another; the
            sentence has the value and ours.
        WeightFileError: A configuration cannot be read.

    """
    index = read_json(folder / _INDEX, _INDEX)
    _refuse_other(folder, _INDEX, "pipeline", index.get("_class_name"), _PIPELINES)
    for part, classes in _CLASSES.items():
        entry = index.get(part)
        named = entry[-1] if isinstance(entry, list) and entry else entry
        _refuse_other(folder, _INDEX, part, named, classes)
    configs = {
        part: read_json(folder / path, path)
        for part in ("text_encoder", "transformer", "vae")
        for path in (f"{part}/config.json",)
    }
    for part in ("transformer", "vae"):
        name = configs[part].get("_class_name", _CLASSES[part][0])
        _refuse_other(folder, f"{part}/config.json", part, name, _CLASSES[part])
    kind = configs["text_encoder"].get("model_type", "qwen3")
    _refuse_other(folder, "text_encoder/config.json", "text_encoder", kind, ("qwen3",))
    _check_joints(folder, configs)
    scheduler = read_json(folder / _SCHEDULER, _SCHEDULER)
    _check_schedule(folder, scheduler)
    if setting is not None:
        return setting
    found = _by_schedule(folder, scheduler)
    signs = _signs(folder, {_INDEX: index, "transformer/config.json": configs["transformer"]})
    weights = _weights_of(folder, hub_models().values() if hubs is None else hubs)
    _check_signs(folder, found, {"its name": known, **signs, _WEIGHT_INDEX: weights})
    return found


def _refuse_other(
    folder: Path, path: str, what: str, found: object, wanted: tuple[str, ...]
) -> None:
    if found not in wanted:
        told = "none" if found is None else repr(found)
        raise ModelFilesError(
            f"The model in {folder} is neither Z-Image-Turbo nor Z-Image: {path} names {told} as "
            f"its {what}, where {wanted[0]} is needed; use MODEL={ModelProfile.TURBO.model_id} or "
            "a folder like it."
        )


def _check_joints(folder: Path, configs: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse parts of different models: what one writes the next could not read."""
    text, transformer, vae = (configs[each] for each in ("text_encoder", "transformer", "vae"))
    joints = (
        ("text_encoder", "hidden_size", text, "cap_feat_dim"),
        ("vae", "latent_channels", vae, "in_channels"),
    )
    for part, own, config, theirs in joints:
        if own in config and theirs in transformer and config[own] != transformer[theirs]:
            raise ModelFilesError(
                f"The parts of the model in {folder} are of different models: its {part} has "
                f"{own} {config[own]!r}, but its transformer {theirs} {transformer[theirs]!r}."
            )


def _check_schedule(folder: Path, scheduler: Mapping[str, Any]) -> None:
    name = scheduler.get("_class_name", _CLASSES["scheduler"][0])
    _refuse_other(folder, _SCHEDULER, "scheduler", name, _CLASSES["scheduler"])
    for key, wanted in _STEPS.items():
        if (found := scheduler.get(key, wanted)) != wanted:
            raise ModelFilesError(
                f"The model in {folder} has a scheduler with {key} {found!r}, but Z-Image-Turbo "
                f"and Z-Image are drawn with {wanted!r}: if these are its weights, write that into "
                f"{_SCHEDULER}."
            )


def _by_schedule(folder: Path, scheduler: Mapping[str, Any]) -> ModelProfile:
    """Return the model that a scheduler is made for."""
    shift = scheduler.get("shift", _NO_SHIFT)
    found = next((each for each in ModelProfile if each.shift == shift), None)
    if found is None:
        turbo, base = ModelProfile.TURBO, ModelProfile.BASE
        raise ModelFilesError(
            f"The model in {folder} has a scheduler with shift {shift!r}, but "
            f"{turbo.model_name} is drawn with {float(turbo.shift)} and {base.model_name} with "
            f"{float(base.shift)}: set MODEL_PROFILE=turbo or MODEL_PROFILE=base, whichever "
            "these weights are of."
        )
    return found


def _signs(
    folder: Path, configs: Mapping[str, Mapping[str, Any]]
) -> dict[str, ModelProfile | None]:
    """Return what a folder's name and configurations say that it is, by what says it."""
    signs = {f"the folder's name, {folder.name},": _named(_FOLDER, folder.name)}
    for path, config in configs.items():
        origin = str(config.get("_name_or_path", ""))
        signs[f"{path}, which says that it comes from {origin},"] = _named(_ORIGIN, origin)
    return signs


def _check_signs(
    folder: Path, found: ModelProfile, signs: Mapping[str, ModelProfile | None]
) -> None:
    """Refuse a folder that has the scheduler of one model and signs of the other's weights."""
    for sign, other in signs.items():
        if other not in (None, found):
            raise ModelFilesError(
                f"The model in {folder} has the scheduler of {found.model_name} (shift "
                f"{float(found.shift)}), but {sign} is of {other.model_name}: set "
                "MODEL_PROFILE=turbo or MODEL_PROFILE=base, whichever these weights are of."
            )


def _named(pattern: re.Pattern[str], name: str) -> ModelProfile | None:
    """Return the model that a path or a name speaks of."""
    match = pattern.search(name)
    return None if match is None else ModelProfile((match[1] or "base").casefold())


def _weights_of(folder: Path, hubs: Iterable[HubModel]) -> ModelProfile | None:
    """Return whose weights these are, where their list is known."""
    try:
        content = (folder / _WEIGHT_INDEX).read_bytes()
    except OSError:
        return None
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return next((hub.profile for hub in hubs if hub.manifest.get(_WEIGHT_INDEX) == digest), None)
