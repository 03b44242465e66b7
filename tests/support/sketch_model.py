"""The demo model with one of its eight layers: scribbles, drawn in a third of the time.

For tests of what happens around a drawing: queue, buttons, files, messages. Engine, tokenizer, text
encoder, decoder and the weights that are left are the demo model's own, so a request has pixels of
its own, the same ones each time. What a picture shows is tested with the whole demo model.
"""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import load_file, save_file

WEIGHTS = "diffusion_pytorch_model.safetensors"


def write_sketch_model(whole: Path, folder: Path) -> Path:
    """Write the model into a new folder, with links to the parts that stay; return the folder."""
    part = folder / "transformer"
    part.mkdir(parents=True)
    for path in whole.iterdir():
        if path.name in {"model_index.json", "scheduler", "text_encoder", "tokenizer", "vae"}:
            (folder / path.name).symlink_to(path, target_is_directory=path.is_dir())
    config = json.loads((whole / "transformer" / "config.json").read_text(encoding="utf-8"))
    last, config["n_layers"], config["n_refiner_layers"] = config["n_layers"] - 1, 1, 0
    (part / "config.json").write_text(json.dumps(config), encoding="utf-8")
    weights = {}
    for path in (whole / "transformer").glob("*.safetensors"):
        weights.update(load_file(path))
    own = f"layers.{last}."  # alone, the last one's pictures differ most
    kept = {
        name.replace(own, "layers.0."): each
        for name, each in weights.items()
        if name.startswith(own) or ("layers." not in name and "refiner" not in name)
    }
    save_file(kept, part / WEIGHTS, metadata={"format": "pt"})
    return folder
