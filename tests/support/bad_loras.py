"""Files that are no LoRA of this model, each bad in a way that people meet."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

from bot.engine.adapters.shapes import ModelShapes
from tests.support.later import imported_later
from tests.support.lora_files import Maker, plain

with imported_later():
    import torch
    from safetensors.torch import save_file

Write = Callable[[Path, ModelShapes], object]


def _good(shapes: ModelShapes) -> dict[str, torch.Tensor]:
    make = Maker(shapes.parts, lambda *_: torch.zeros(()), blocks=["layers.0"])
    return plain(make, lambda name: f"transformer.{name}").tensors


def _tensors(edit: Callable[[dict[str, torch.Tensor]], object]) -> Write:
    def write(file: Path, shapes: ModelShapes) -> None:
        tensors = _good(shapes)
        edit(tensors)
        save_file(tensors, file)

    return write


def _names(*names: str, shape: tuple[int, int] = (4, 64), **metadata: str) -> Write:
    def write(file: Path, _: ModelShapes) -> None:
        save_file({name: torch.ones(shape) for name in names}, file, metadata=metadata or None)

    return write


def _bytes(change: Callable[[bytes], bytes]) -> Write:
    def write(file: Path, shapes: ModelShapes) -> None:
        save_file(_good(shapes), file)
        file.write_bytes(change(file.read_bytes()))

    return write


def _pickled(file: Path, _: ModelShapes) -> None:
    file.write_bytes(pickle.dumps({"a": [1.0]}))


def _zipped(file: Path, _: ModelShapes) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"x")


_FIRST = "transformer.layers.0.attention.to_q.lora_A.weight"


def _with_nan(tensors: dict[str, torch.Tensor]) -> None:
    tensors[_FIRST][0, 0] = float("nan")


def _wider(tensors: dict[str, torch.Tensor]) -> None:
    tensors[_FIRST] = torch.ones(4, tensors[_FIRST].shape[1] + 16)


def _for_full_size(tensors: dict[str, torch.Tensor]) -> None:
    tensors[_FIRST] = torch.ones(4, 3840)
    tensors[_FIRST.replace("lora_A", "lora_B")] = torch.ones(3840, 4)


BAD_FILES: dict[str, Write] = {
    "empty": lambda file, _: file.write_bytes(b""),
    "no safetensors": lambda file, _: file.write_bytes(b"<!DOCTYPE html><html>not found</html>"),
    "truncated": _bytes(lambda content: content[:-100]),
    "with more at its end": _bytes(lambda content: content + b"more"),
    "a pickle": _pickled,
    "a pickle of torch": _zipped,
    "GGUF": lambda file, _: file.write_bytes(b"GGUF" + bytes(64)),
    "a pointer of Git LFS": lambda file, _: file.write_bytes(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    ),
    "without tensors": lambda file, _: save_file({}, file),
    "a broken header": lambda file, _: file.write_bytes(
        len(text := json.dumps({"a": 3}).encode()).to_bytes(8, "little") + text
    ),
    "half a pair": _tensors(lambda tensors: tensors.pop(_FIRST)),
    "not a number": _tensors(_with_nan),
    "another width": _tensors(_wider),
    "for the full model": _tensors(_for_full_size),
    "an unknown layer": _tensors(
        lambda tensors: tensors.update({"transformer.layers.99.attention.to_q.alpha": _one()})
    ),
    "whole numbers": _tensors(lambda tensors: tensors.update({_FIRST: torch.ones(4, 336).int()})),
    "a layer twice": _tensors(
        lambda tensors: tensors.update(
            {f"diffusion_model{key.removeprefix('transformer')}": each.clone()
             for key, each in list(tensors.items())}
        )
    ),
    "a whole model": _names("layers.0.attention.to_q.weight"),
    "FLUX": _names("lora_unet_double_blocks_0_img_attn_proj.lora_down.weight"),
    "FLUX, diffusers": _names("transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight"),
    "SDXL": _names(
        "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_k.lora_down.weight",
        "lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight",
    ),
    "Qwen-Image": _names("transformer.transformer_blocks.0.img_mlp.net.2.lora_A.weight"),
    "Wan": _names("diffusion_model.blocks.0.cross_attn.k.lora_A.weight"),
    "Stable Diffusion 3": _names("lora_unet_joint_blocks_0_x_block_mlp_fc1.lora_down.weight"),
    "OFT": _names("lora_unet_layers_0_attention_to_q.oft_blocks"),
    "a textual inversion": _names("emb_params"),
}  # fmt: skip


def _one() -> torch.Tensor:
    return torch.ones(())
