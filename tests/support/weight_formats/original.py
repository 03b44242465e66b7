"""The parts of a folder under the names of other programs, in safetensors files.

Written the other way round than `bot/engine/original_names.py`, so that a slip of either shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.later import imported_later

with imported_later():
    import torch
    from safetensors.torch import load_file, save_file

Weights = dict[str, "torch.Tensor"]

COMFYUI = {
    "transformer": "diffusion_models/z_image_turbo_bf16.safetensors",
    "text_encoder": "text_encoders/qwen_3_4b.safetensors",
    "vae": "vae/ae.safetensors",
}


def part_weights(folder: Path, part: str) -> Weights:
    """Return the tensors of a part of a diffusers folder, in their own names."""
    found: Weights = {}
    for path in sorted((folder / part).glob("*.safetensors")):
        found.update(load_file(path))
    return found


def original(folder: Path, part: str) -> Weights:
    """Return the tensors of a part as ComfyUI has them."""
    return {"transformer": _transformer, "text_encoder": _text_encoder, "vae": _vae}[part](folder)


def _transformer(folder: Path) -> Weights:
    weights = part_weights(folder, "transformer")
    found: Weights = {}
    for name, tensor in weights.items():
        if ".to_q." in name:
            own = [weights[name.replace(".to_q.", f".to_{each}.")] for each in "qkv"]
            found[name.replace(".to_q.", ".qkv.")] = torch.cat(own)
        elif ".to_k." not in name and ".to_v." not in name:
            plain = name.replace("all_x_embedder.2-1.", "x_embedder.")
            plain = plain.replace("all_final_layer.2-1.", "final_layer.")
            plain = plain.replace(".to_out.0.", ".out.")
            plain = plain.replace(".norm_q.", ".q_norm.").replace(".norm_k.", ".k_norm.")
            found[plain] = tensor
    return found


def _text_encoder(folder: Path) -> Weights:
    return {
        f"model.{name}": tensor for name, tensor in part_weights(folder, "text_encoder").items()
    }


def _vae(folder: Path) -> Weights:
    config = json.loads((folder / "vae/config.json").read_text(encoding="utf-8"))
    blocks = len(config["up_block_types"])
    found: Weights = {}
    for name, tensor in part_weights(folder, "vae").items():
        words = name.split(".")
        plain = ".".join(
            _vae_words(words, blocks) if words[1].endswith(("_blocks", "_block")) else words
        )
        is_filter = ".mid.attn_1." in plain and "norm" not in plain and plain.endswith("weight")
        plain = plain.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
        found[plain] = tensor[:, :, None, None].contiguous() if is_filter else tensor
    return found


def _vae_words(words: list[str], blocks: int) -> list[str]:
    side, where, *rest = words
    if where == "mid_block" and rest[0] == "resnets":
        return [side, "mid", f"block_{int(rest[1]) + 1}", *rest[2:]]
    if where == "mid_block":
        kind = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out": "proj_out"}
        return [side, "mid", "attn_1", kind[rest[2]], rest[-1]]
    number, kind, index, *last = rest
    way = "down" if where == "down_blocks" else "up"
    at = number if way == "down" else str(blocks - 1 - int(number))
    if kind == "resnets":
        return [side, way, at, "block", index, *last]
    return [side, way, at, f"{way}sample", *last]


def write(path: Path, weights: Weights, metadata: Mapping[str, str] | None = None) -> Path:
    """Write a safetensors file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(plain, path, metadata={"format": "pt", **(metadata or {})})
    return path


def write_comfyui(
    folder: Path, root: Path, change: Callable[[Weights], Weights] = lambda weights: weights
) -> Path:
    """Write ComfyUI's three files under a folder; return the folder."""
    for part, name in COMFYUI.items():
        write(root / name, change(original(folder, part)))
    return root


def in_one_file(folder: Path) -> Weights:
    """Return all parts as ComfyUI saves a checkpoint."""
    return {
        **{f"model.diffusion_model.{k}": v for k, v in original(folder, "transformer").items()},
        **{
            f"text_encoders.qwen3_4b.transformer.{k}": v
            for k, v in original(folder, "text_encoder").items()
        },
        "text_encoders.qwen3_4b.logit_scale": torch.tensor(4.6055),
        **{f"vae.{k}": v for k, v in original(folder, "vae").items()},
    }
