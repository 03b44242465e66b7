"""Z-Image-Turbo at its full size with random weights: a GPU's whole load, nothing to fetch.

The values are those of the official configuration files (Apache-2.0). The tokenizer is the demo
model's: which words a random text encoder reads does not matter.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, ZImageTransformer2DModel
from transformers import Qwen3Config, Qwen3Model

from bot.settings import DEMO_MODEL_DIR


def build(folder: Path) -> Path:
    """Write the five parts (20.5 GB in bfloat16) and return their folder; needs a CUDA device."""
    torch.manual_seed(0)
    previous = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("cuda"):
            _text_encoder().save_pretrained(folder / "text_encoder", max_shard_size="4GB")
            torch.cuda.empty_cache()
            _transformer().save_pretrained(folder / "transformer", max_shard_size="4GB")
            torch.cuda.empty_cache()
            _vae().save_pretrained(folder / "vae")
    finally:
        torch.set_default_dtype(previous)
    FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=3.0).save_pretrained(
        folder / "scheduler"
    )
    shutil.copytree(DEMO_MODEL_DIR / "tokenizer", folder / "tokenizer")
    shutil.copy(DEMO_MODEL_DIR / "model_index.json", folder)
    torch.cuda.empty_cache()
    return folder


def _text_encoder() -> Qwen3Model:
    return Qwen3Model(
        Qwen3Config(
            vocab_size=151936,
            hidden_size=2560,
            intermediate_size=9728,
            num_hidden_layers=36,
            num_attention_heads=32,
            num_key_value_heads=8,
            head_dim=128,
            max_position_embeddings=40960,
            rms_norm_eps=1e-6,
            tie_word_embeddings=True,
        )
    )


def _transformer() -> ZImageTransformer2DModel:
    transformer = ZImageTransformer2DModel(
        dim=3840,
        n_layers=30,
        n_refiner_layers=2,
        n_heads=30,
        n_kv_heads=30,
        cap_feat_dim=2560,
        axes_dims=[32, 48, 48],
        axes_lens=[1536, 512, 512],
    )
    for parameter in (transformer.x_pad_token, transformer.cap_pad_token):
        torch.nn.init.normal_(parameter, std=0.02)
    return transformer


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
        latent_channels=16,
        sample_size=1024,
        scaling_factor=0.3611,
        shift_factor=0.1159,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
