"""A folder that looks like base Z-Image: the parts of another model, and Z-Image's scheduler."""

from __future__ import annotations

import shutil
from pathlib import Path

from bot.domain.requests import ModelProfile
from tests.support.later import imported_later
from tests.support.model_folders import configure, link_model

with imported_later():
    import torch
    from diffusers import ZImageTransformer2DModel


def write_base_model(model: Path, folder: Path, *, random_layers: int = 0) -> Path:
    """Write the folder with links to a model's files; return it.

    Args:
        model: Of the parts.
        folder: A new one.
        random_layers: Of a transformer with random weights in place of the model's own.

    """
    link_model(model, folder)
    configure(folder / "scheduler/scheduler_config.json", shift=float(ModelProfile.BASE.shift))
    if random_layers:
        config = ZImageTransformer2DModel.load_config(folder / "transformer")
        shutil.rmtree(folder / "transformer")
        torch.manual_seed(random_layers)
        sizes = {"n_layers": random_layers, "n_refiner_layers": random_layers}
        network = ZImageTransformer2DModel.from_config({**config, **sizes})
        network.save_pretrained(folder / "transformer")
    return folder
