"""Z-Image-Turbo at its full size with random weights: a GPU's whole load, nothing to fetch.

The values are those of the official configuration files (Apache-2.0, see NOTICE). The tokenizer is
the demo model's: which words a random text encoder reads does not matter. Its pictures are noise;
what they cost is what the real model's cost.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.transformers.transformer_z_image import ZImageTransformer2DModel
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from transformers import Qwen3Config, Qwen3Model

from bot.settings import DEMO_MODEL_DIR

TEXT_ENCODER: Final[dict[str, Any]] = {
    "vocab_size": 151936,
    "hidden_size": 2560,
    "intermediate_size": 9728,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "max_position_embeddings": 40960,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": True,
}
TRANSFORMER: Final[dict[str, Any]] = {
    "dim": 3840,
    "n_layers": 30,
    "n_refiner_layers": 2,
    "n_heads": 30,
    "n_kv_heads": 30,
    "cap_feat_dim": 2560,
    "axes_dims": [32, 48, 48],
    "axes_lens": [1536, 512, 512],
}
VAE: Final[dict[str, Any]] = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": 16,
    "sample_size": 1024,
    "scaling_factor": 0.3611,
    "shift_factor": 0.1159,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
}


def build(
    folder: Path,
    device: str = "cuda",
    *,
    text_encoder: dict[str, Any] = TEXT_ENCODER,
    transformer: dict[str, Any] = TRANSFORMER,
    vae: dict[str, Any] = VAE,
) -> Path:
    """Write the five parts (20.5 GB in bfloat16) into a new folder and return it.

    It takes its name when it is complete; weights are drawn on `device`, part after part.
    """
    unfinished = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    torch.manual_seed(0)
    parts: dict[str, Callable[[], Any]] = {
        "text_encoder": lambda: make_text_encoder(text_encoder),
        "transformer": lambda: make_transformer(transformer),
        "vae": lambda: make_vae(vae),
    }
    try:
        for name, make in parts.items():
            with _bfloat16_on(device):
                make().save_pretrained(unfinished / name, max_shard_size="4GB")
            if torch.device(device).type == "cuda":
                torch.cuda.empty_cache()
        scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=3.0)
        scheduler.save_pretrained(unfinished / "scheduler")
        shutil.copytree(DEMO_MODEL_DIR / "tokenizer", unfinished / "tokenizer")
        shutil.copy(DEMO_MODEL_DIR / "model_index.json", unfinished)
        unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


@contextlib.contextmanager
def _bfloat16_on(device: str) -> Iterator[None]:
    previous = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(previous)


def make_text_encoder(config: dict[str, Any] = TEXT_ENCODER) -> Any:
    """Return the text encoder with random weights, on torch's default device and dtype."""
    return Qwen3Model(Qwen3Config(**config))


def make_transformer(config: dict[str, Any] = TRANSFORMER) -> Any:
    """Return the transformer, likewise."""
    transformer = ZImageTransformer2DModel(**config)
    for parameter in (transformer.x_pad_token, transformer.cap_pad_token):
        torch.nn.init.normal_(parameter, std=0.02)  # they are created without a value
    return transformer


def make_vae(config: dict[str, Any] = VAE) -> Any:
    """Return the autoencoder, likewise."""
    return AutoencoderKL(**config)
