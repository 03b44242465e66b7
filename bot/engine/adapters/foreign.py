"""LoRAs of other models, told by the names of their layers or by what their metadata says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from bot.engine.adapters.shapes import Shape

# Names that only this model has; the first that fits counts.
_LAYERS: Final = (
    (re.compile(r"individual_token_refiner|txt_attn_qkv.*single_transformer"), "HunyuanVideo"),
    (re.compile(r"transformer_blocks[._]\d+[._](img_mlp|txt_mlp|img_mod|attn[._]add_[qkv]_proj)"),
     "Qwen-Image"),
    (re.compile(r"(double|single)_(stream_modulation|blocks_\d+_mod)|double_stream"), "FLUX.2"),
    (re.compile(r"single_transformer_blocks|(double|single)_blocks[._]\d+"), "FLUX"),
    (re.compile(r"joint_blocks[._]\d+|joint_transformer_blocks"), "Stable Diffusion 3"),
    (re.compile(r"blocks[._]\d+[._](cross_attn|ffn)[._]"), "Wan"),
    (re.compile(r"(input|output|middle|down|up|mid)_blocks?[._].*(transformer_blocks|resnets|conv)"
                r"|lora_te\d?_text_model|add_embedding"), "Stable Diffusion"),
    (re.compile(r"transformer_blocks[._]\d+[._](attn[12]|ff)[._]"), "another model"),
)  # fmt: skip
_SDXL: Final = re.compile(
    r"lora_te2_|text_encoder_2\.|transformer_blocks[._]9[._]|add_embedding|_blocks[._]\d[._]1[._]\w*"
    r"transformer_blocks[._][2-9]"
)
# What trainers write of the model that a LoRA is for.
_STATED: Final = ("modelspec.architecture", "ss_base_model_version", "base_model_version")
_KNOWN: Final = (
    ("flux2", "FLUX.2"), ("flux-2", "FLUX.2"), ("flux", "FLUX"), ("qwen", "Qwen-Image"),
    ("sdxl", "Stable Diffusion XL"), ("stable-diffusion-xl", "Stable Diffusion XL"),
    ("sd3", "Stable Diffusion 3"), ("stable-diffusion-3", "Stable Diffusion 3"),
    ("stable-diffusion", "Stable Diffusion"), ("sd_v", "Stable Diffusion"), ("wan", "Wan"),
    ("hunyuan", "HunyuanVideo"), ("lumina", "Lumina"), ("chroma", "Chroma"),
)  # fmt: skip
FULL_WIDTH: Final = 3840  # of Z-Image's transformer
_FULL_SIZES: Final = {FULL_WIDTH, 3 * FULL_WIDTH, 4 * FULL_WIDTH, FULL_WIDTH * 8 // 3, 2560, 9728}
_LUMINA: Final = 2304  # the width of Lumina 2, whose layers have the same names


def foreign_model(keys: Iterable[str], metadata: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the other model that a file is for, and the name that tells it; else None."""
    names = list(keys)
    for pattern, model in _LAYERS:
        if (found := next(filter(pattern.search, names), None)) is not None:
            return _exactly(model, names, metadata), found
    return None


def _exactly(model: str, names: list[str], metadata: Mapping[str, str]) -> str:
    """Tell models with the same layers apart."""
    if model == "Stable Diffusion" and any(map(_SDXL.search, names)):
        return "Stable Diffusion XL"
    if model == "another model":
        return stated_model(metadata) or model
    return model


def stated_model(metadata: Mapping[str, str]) -> str | None:
    """Return the other model that the metadata names; None where it names none that is known."""
    for key in _STATED:
        said = metadata.get(key, "").lower()
        if "z-image" in said or "zimage" in said or "z_image" in said:
            return None
        for sign, model in _KNOWN:
            if sign in said:
                return model
    return None


def foreign_size(own: Shape, due: Shape) -> str:
    """Say of a shape that does not fit which model it is of, where that is known."""
    if any(size in (_LUMINA, 3 * _LUMINA, 4 * _LUMINA) for size in own):
        return ": it is for Lumina 2"
    if own and set(own) <= _FULL_SIZES and not set(due) & _FULL_SIZES:
        return ": it is for the full Z-Image"
    return ""
