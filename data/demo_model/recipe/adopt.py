"""Take a pipeline folder apart into what training and export read: to go on from shipped weights.

    python data/demo_model/recipe/adopt.py --model data/demo_model --work .train

Writes `checkpoints/vae.safetensors`, `checkpoints/shipped.safetensors` and `tokenizer/`. Nothing is
lost on the way: exporting the result gives back the same tensors, bit by bit.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from checkpoints import new_vae, read_weights, save_pair, save_weights
from conversion import text_encoder_of, transformer_of
from safetensors.torch import load_file
from torch import Tensor

STAGE = "shipped"


def adopt(folder: Path, work: Path) -> Path:
    """Write the folder's weights as checkpoints; return that of transformer and text encoder.

    Raises:
        SystemExit: The work folder belongs to another autoencoder or tokenizer, whose latents and
            token numbers would mean something else.

    """
    _adopt_tokenizer(folder / "tokenizer", work / "tokenizer")
    _adopt_vae(folder / "vae", work / "checkpoints" / "vae.safetensors")
    transformer = transformer_of(*_part(folder / "transformer"))
    text = text_encoder_of(*_part(folder / "text_encoder"))
    path = work / "checkpoints" / f"{STAGE}.safetensors"
    save_pair(path, transformer, text, stage=STAGE)
    return path


def _part(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the weights of all shards as float32, and the configuration."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    state: dict[str, Tensor] = {}
    for shard in sorted(folder.glob("*.safetensors")):
        state |= {key: value.float() for key, value in load_file(shard).items()}
    if not state:
        raise SystemExit(f"There are no weights in {folder}: --from needs a pipeline folder.")
    return state, config


def _adopt_vae(folder: Path, path: Path) -> None:
    state, config = _part(folder)
    if path.is_file():
        known, about = read_weights(path)
        same = known.keys() == state.keys() and all(torch.equal(known[k], state[k]) for k in known)
        if not same or about["scaling_factor"] != config["scaling_factor"]:
            raise SystemExit(f"{path} is another autoencoder: use an empty --work folder.")
        return
    new_vae().load_state_dict(state)  # raises before anything is written
    about = {name: config[name] for name in ("scaling_factor", "shift_factor")}
    save_weights(path, state, about)


def _adopt_tokenizer(folder: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for source in sorted(folder.iterdir()):
        path = target / source.name
        if not path.is_file():
            partial = path.with_suffix(f".{os.getpid()}")
            shutil.copyfile(source, partial)
            partial.replace(path)
        elif path.read_bytes() != source.read_bytes():
            raise SystemExit(f"{path} is another tokenizer: use an empty --work folder.")


def main() -> None:
    """Parse the command line and take the folder apart."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--work", type=Path, default=Path(".train"), help="scratch folder")
    parser.add_argument("--model", type=Path, default=Path("data/demo_model"), help="the folder")
    args = parser.parse_args()
    print(adopt(args.model, args.work))


if __name__ == "__main__":
    main()
