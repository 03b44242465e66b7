"""Folders like the demo model's, changed in one place: links to its files, and a few of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.later import imported_later

with imported_later():
    import torch
    from safetensors.torch import load_file, save_file

Weights = dict[str, "torch.Tensor"]

PARTS = ("scheduler", "text_encoder", "tokenizer", "transformer", "vae")
TEXT = "text_encoder/model.safetensors"
SHARD = "transformer/diffusion_pytorch_model-00001-of-00002.safetensors"
INDEX = "transformer/diffusion_pytorch_model.safetensors.index.json"
VAE = "vae/diffusion_pytorch_model.safetensors"
FILES = {"text_encoder": TEXT, "transformer": SHARD, "vae": VAE}


def link_model(model: Path, folder: Path) -> Path:
    """Make a folder of links to the files of a model's parts, without its manifest."""
    inside = (path for part in PARTS for path in (model / part).iterdir())
    for path in (model / "model_index.json", *inside):
        link = folder / path.relative_to(model)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    return folder


def write(file: Path, content: bytes | str) -> None:
    """Put a file in the place of a link, not of what it leads to."""
    file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def rewrite(file: Path, edit: Callable[[Weights], Weights]) -> None:
    """Change the tensors of a file."""
    tensors = edit(load_file(file))
    file.unlink()
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()},
        file,
        metadata={"format": "pt"},
    )


def edit_part(folder: Path, part: str, edit: Callable[[Weights], Weights]) -> None:
    """Change tensors of a part, and its index where it has one."""
    file = folder / FILES[part]
    rewrite(file, edit)
    index = folder / INDEX
    if part == "transformer":
        names = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        others = {name: shard for name, shard in names.items() if shard != file.name}
        configure(index, weight_map=others | dict.fromkeys(load_file(file), file.name))


def configure(file: Path, **values: Any) -> None:
    """Change values of a JSON file; None takes one out."""
    content = {**json.loads(file.read_text(encoding="utf-8")), **values}
    write(file, json.dumps({key: each for key, each in content.items() if each is not None}))
