"""Whether a folder's configurations are those of Z-Image-Turbo, and not of its kin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bot.engine.weight_files import read_json
from bot.errors import ModelFilesError

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
    "shift": 3.0,
    "use_dynamic_shifting": False,
    "num_train_timesteps": 1000,
    "shift_terminal": None,
    "use_karras_sigmas": False,
    "use_exponential_sigmas": False,
    "use_beta_sigmas": False,
    "invert_sigmas": False,
    "stochastic_sampling": False,
}
_DEFAULTS: Final[Mapping[str, object]] = {**_STEPS, "shift": 1.0}


def check_kind(folder: Path) -> None:
    """Compare classes, schedule and the sizes at which the parts meet.

    Raises:
        ModelFilesError: The folder is another model's; the sentence has the value and ours.
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
    _check_schedule(folder, read_json(folder / _SCHEDULER, _SCHEDULER))


def _refuse_other(
    folder: Path, path: str, what: str, found: object, wanted: tuple[str, ...]
) -> None:
    if found not in wanted:
        told = "none" if found is None else repr(found)
        raise ModelFilesError(
            f"The model in {folder} is not Z-Image-Turbo: {path} names {told} as its {what}, where "
            f"{wanted[0]} is needed; use MODEL=Tongyi-MAI/Z-Image-Turbo or a folder like it."
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
        found = scheduler.get(key, _DEFAULTS[key])
        if found != wanted:
            raise ModelFilesError(
                f"The model in {folder} has a scheduler with {key} {found!r}, but Z-Image-Turbo is "
                f"drawn with {wanted!r}: if these are its weights, write that into {_SCHEDULER}."
            )
