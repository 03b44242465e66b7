"""Files that are no part of a Z-Image model, or a damaged one: each is to be refused plainly."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.support.later import imported_later
from tests.support.weight_formats.fp8 import in_fp8
from tests.support.weight_formats.original import Weights, original, write

with imported_later():
    import torch

    from tests.support.weight_formats import gguf_files

Maker = Callable[[Path, Path], Path]  # of a model's folder and of one to write into


def _truncated(model: Path, folder: Path) -> Path:
    path = write(folder / "truncated.safetensors", original(model, "transformer"))
    path.write_bytes(path.read_bytes()[:-1000])
    return path


def _pickled(_model: Path, folder: Path) -> Path:
    path = folder / "z_image_turbo.ckpt"
    path.write_bytes(pickle.dumps({"weights": [1.0]}))
    return path


def _disguised(_model: Path, folder: Path) -> Path:
    path = folder / "z_image_turbo.safetensors"
    path.write_bytes(pickle.dumps({"weights": [1.0]}))
    return path


def _named(*names: str) -> Maker:
    def make(_model: Path, folder: Path) -> Path:
        return write(folder / "other.safetensors", {name: torch.zeros(2, 2) for name in names})

    return make


def _changed(part: str, change: Callable[[Weights], Weights]) -> Maker:
    def make(model: Path, folder: Path) -> Path:
        return write(folder / f"{part}.safetensors", change(original(model, part)))

    return make


def _gguf(architecture: str, *names: str) -> Maker:
    def make(_model: Path, folder: Path) -> Path:
        weights = {name: torch.zeros(4, 256) for name in names}
        return gguf_files.write_gguf(folder / "other.gguf", weights, "Q8_0", architecture)

    return make


def _wrong_shape(weights: Weights) -> Weights:
    return {**weights, "layers.0.feed_forward.w1.weight": torch.zeros(8, 8)}


def _missing_layer(weights: Weights) -> Weights:
    return {name: each for name, each in weights.items() if not name.startswith("layers.0.")}


def _one_more(weights: Weights) -> Weights:
    return {**weights, "siglip_embedder.0.weight": torch.zeros(8)}


def _smaller_encoder(weights: Weights) -> Weights:
    return {
        name: each[..., : each.shape[-1] // 2] if "norm" not in name else each
        for name, each in weights.items()
    }


def _without_a_scale(weights: Weights) -> Weights:
    made, _ = in_fp8(weights, "old")
    del made["layers.0.attention.out.scale_weight"]
    return made


def _in_int8(weights: Weights) -> Weights:
    made = {**weights, "layers.0.attention.out.weight": torch.zeros(336, 336, dtype=torch.int8)}
    made["layers.0.attention.out.weight_scale"] = torch.ones(336)
    text = b'{"format": "int8_tensorwise", "convrot": true}'
    made["layers.0.attention.out.comfy_quant"] = torch.tensor(list(text), dtype=torch.uint8)
    return made


def _in_int8_untold(weights: Weights) -> Weights:
    return {**weights, "layers.0.attention.out.weight": torch.zeros(336, 336, dtype=torch.int8)}


def _odd_scale(weights: Weights) -> Weights:
    made, _ = in_fp8(weights, "layers")
    return {**made, "layers.0.attention.out.weight_scale": torch.ones(5)}


def _stray_scale(weights: Weights) -> Weights:
    made, _ = in_fp8(weights, "layers")
    del made["layers.0.attention.out.weight"]
    return made


def _twice(weights: Weights) -> Weights:
    prefixed = {f"model.diffusion_model.{name}": each for name, each in weights.items()}
    return {**prefixed, "diffusion_model.x_pad_token": weights["x_pad_token"].clone()}


def _second_scale(weights: Weights) -> Weights:
    made, _ = in_fp8(weights, "layers")
    return {**made, "layers.0.attention.out.scale_weight": torch.ones(())}


def _scale_of_plain(weights: Weights) -> Weights:
    return {**weights, "layers.0.attention.out.weight_scale": torch.ones(())}


# What each is -> how to make it, and what its refusal says beside its name.
BAD_FILES: Final[dict[str, tuple[Maker, str]]] = {
    "truncated": (_truncated, "is broken: truncated: "),
    "Flux": (_named("double_blocks.0.img_attn.qkv.weight"), "is a transformer of Flux"),
    "SDXL": (
        _named("model.diffusion_model.input_blocks.0.0.weight", "conditioner.embedders.0.x"),
        "is a checkpoint of Stable Diffusion XL",
    ),
    "pickle": (_pickled, "is pickled, which could run any code"),
    "wrong shape": (
        _changed("transformer", _wrong_shape),
        "layers.0.feed_forward.w1.weight has the shape [8, 8], not [896, 336]",
    ),
    "missing layer": (
        _changed("transformer", _missing_layer),
        "layers.0.adaLN_modulation.0.bias and 14 more are missing",
    ),
    "one tensor more": (
        _changed("transformer", _one_more),
        "siglip_embedder.0.weight is unknown",
    ),
    "fp8 without a scale": (
        _changed("transformer", _without_a_scale),
        "has no scale for its tensor layers.0.attention.out.weight",
    ),
    "a smaller text encoder": (
        _changed("text_encoder", _smaller_encoder),
        "does not fit the text encoder of the model",
    ),
    "LoRA": (
        _named("diffusion_model.layers.0.attention.to_q.lora_A.weight"),
        "is a LoRA, which changes a model but is none",
    ),
    "GGUF of Flux": (
        _gguf("flux", "double_blocks.0.img_attn.qkv.weight"),
        "is a transformer of Flux",
    ),
    "GGUF of Llama": (
        _gguf("llama", "blk.0.attn_q.weight", "token_embd.weight"),
        "is a language model other than Qwen3",
    ),
    "int8": (_changed("transformer", _in_int8), "is quantised as 'int8_tensorwise' (its layer "),
    "a scale of another shape": (
        _changed("transformer", _odd_scale),
        "of the type F32 and the shape [5], which is none for layers.0.attention.out.weight",
    ),
    "pickle called safetensors": (_disguised, "is pickled, which could run any code"),
    "ControlNet": (
        _named("control_layers.0.adaLN_modulation.0.weight"),
        "is a ControlNet of Z-Image, but no model",
    ),
    "Lumina 2": (_named("cap_embedder.0.weight", "layers.0.w"), "is a transformer of Lumina 2"),
    "nothing known": (_named("a.b"), "is no part of a Z-Image model (its first tensor is a.b)"),
    "no tensors": (_named(), "is no part of a Z-Image model (it has no tensors)"),
    "int8 that is not told": (
        _changed("transformer", _in_int8_untold),
        "layers.0.attention.out.weight has the type I8",
    ),
    "a scale of nothing": (
        _changed("transformer", _stray_scale),
        "has a tensor layers.0.attention.out.comfy_quant, but not the matrix",
    ),
    "two scales": (
        _changed("transformer", _second_scale),
        "has a tensor layers.0.attention.out.weight_scale, but not the matrix that it is of, or a",
    ),
    "one tensor twice": (_changed("transformer", _twice), "has one tensor twice, "),
    "a scale of plain values": (
        _changed("transformer", _scale_of_plain),
        "has a scale for its tensor layers.0.attention.out.weight, whose type is ",
    ),
}
