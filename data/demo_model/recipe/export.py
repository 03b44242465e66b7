"""Write a trained checkpoint as the `ZImagePipeline` folder that the bot loads.

python data/demo_model/recipe/export.py --stage distill --output data/demo_model
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import torch
from checkpoints import load_pair, load_vae
from conversion import diffusers_state, transformers_state
from diffusers import FlowMatchEulerDiscreteScheduler, ZImageTransformer2DModel
from networks import TextEncoder, Transformer
from tokenizer import END, END_OF_TEXT, load, save
from transformers import Qwen3Config, Qwen3Model

SHARD = "15MB"  # a clone stays light, and no file needs large-file storage
PARTS = ("scheduler", "text_encoder", "tokenizer", "transformer", "vae")
INDEX = {
    "_class_name": "ZImagePipeline",
    "_diffusers_version": "0.42.1",
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "Qwen3Model"],
    "tokenizer": ["transformers", "Qwen2Tokenizer"],
    "transformer": ["diffusers", "ZImageTransformer2DModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def export(work: Path, checkpoint: Path, folder: Path) -> None:
    """Write the five parts in bfloat16, the index and the checksums."""
    device = torch.device("cpu")
    transformer, text = load_pair(checkpoint, device)
    tokenizer = load(work)
    for part in PARTS:
        for old in (folder / part).glob("*"):
            old.unlink()
    real_transformer(transformer).save_pretrained(folder / "transformer", max_shard_size=SHARD)
    pad, end = tokenizer.token_to_id(END_OF_TEXT), tokenizer.token_to_id(END)
    assert pad is not None  # both are trained in
    assert end is not None
    real_text_encoder(text, pad, end).save_pretrained(folder / "text_encoder", max_shard_size=SHARD)
    vae = load_vae(work / "checkpoints" / "vae.safetensors", device)
    vae.to(torch.bfloat16, memory_format=torch.contiguous_format)
    vae.save_pretrained(folder / "vae", max_shard_size=SHARD)
    FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=3.0).save_pretrained(
        folder / "scheduler"
    )
    save(tokenizer, folder / "tokenizer")
    (folder / "model_index.json").write_text(json.dumps(INDEX, indent=2) + "\n", encoding="utf-8")
    write_manifest(folder)


def real_transformer(network: Transformer) -> ZImageTransformer2DModel:
    """Return the trained weights in the class that diffusers loads."""
    model = ZImageTransformer2DModel(**network.shape.config())
    model.load_state_dict(diffusers_state(network))
    return model.to(torch.bfloat16)


def real_text_encoder(network: TextEncoder, pad: int, end: int) -> Qwen3Model:
    """Return the trained weights in the class that transformers loads."""
    model = Qwen3Model(Qwen3Config(**network.shape.config(pad, end)))
    model.load_state_dict(transformers_state(network))
    return model.to(torch.bfloat16)


def write_manifest(folder: Path) -> None:
    """Write the MD5 of every file of the pipeline, in the form of the official manifest."""
    files = [folder / "model_index.json"]
    files += [path for part in PARTS for path in sorted((folder / part).iterdir())]
    lines = [
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}"
        f"  {path.relative_to(folder).as_posix()}"
        for path in files
    ]
    (folder / "manifest.md5").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Parse the command line and export."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--work", type=Path, default=Path(".train"), help="scratch folder")
    parser.add_argument("--stage", choices=["shipped", "diffusion", "distill"], default="distill")
    parser.add_argument("--output", type=Path, default=Path("data/demo_model"), help="the folder")
    args = parser.parse_args()
    export(args.work, args.work / "checkpoints" / f"{args.stage}.safetensors", args.output)


if __name__ == "__main__":
    main()
