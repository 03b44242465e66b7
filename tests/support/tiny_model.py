"""A model as small as one can be: random weights in the transformer, the rest the demo model's.

For tests of what is done to weights again and again; its pictures show nothing.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.later import imported_later

with imported_later():
    import torch
    from diffusers import ZImageTransformer2DModel

DIM, HEADS = 96, 2


def write_tiny_model(demo: Path, folder: Path) -> Path:
    """Write the model into a new folder, with links to the parts that stay; return the folder."""
    folder.mkdir(parents=True)
    for path in demo.iterdir():
        if path.name in {"model_index.json", "scheduler", "text_encoder", "tokenizer", "vae"}:
            (folder / path.name).symlink_to(path, target_is_directory=path.is_dir())
    text = json.loads((demo / "text_encoder" / "config.json").read_text(encoding="utf-8"))
    torch.manual_seed(7)
    transformer = ZImageTransformer2DModel(
        dim=DIM, n_heads=HEADS, n_kv_heads=HEADS, n_layers=2, n_refiner_layers=1,
        cap_feat_dim=text["hidden_size"], axes_dims=[16, 16, 16], axes_lens=[512, 256, 256],
    )  # fmt: skip
    for name, parameter in transformer.named_parameters():
        if "norm" in name or parameter.ndim < 2:
            parameter.data += torch.randn_like(parameter) * 0.1
    transformer.to(torch.bfloat16).save_pretrained(folder / "transformer")
    return folder
