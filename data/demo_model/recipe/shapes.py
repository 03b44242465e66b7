"""The sizes of the networks, and the configurations of the real classes that follow from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

CHANNELS, PATCH = 16, 2  # of latents; both as in Z-Image


@dataclass(frozen=True, kw_only=True)
class TransformerShape:
    """Sizes of the image transformer, 13.9 M parameters as given."""

    dim: int = 336
    heads: int = 6
    layers: int = 6
    refiner_layers: int = 1
    text_dim: int = 256
    axes: tuple[int, int, int] = (16, 20, 20)  # rotary channels for order, row, column
    theta: float = 256.0

    @property
    def hidden(self) -> int:
        """Return the width of the feed-forward, as diffusers derives it."""
        return int(self.dim / 3 * 8)

    def config(self) -> dict[str, object]:
        """Return the arguments of `ZImageTransformer2DModel`."""
        return {
            "all_patch_size": [PATCH],
            "all_f_patch_size": [1],
            "in_channels": CHANNELS,
            "dim": self.dim,
            "n_layers": self.layers,
            "n_refiner_layers": self.refiner_layers,
            "n_heads": self.heads,
            "n_kv_heads": self.heads,
            "norm_eps": 1e-5,
            "qk_norm": True,
            "cap_feat_dim": self.text_dim,
            "rope_theta": self.theta,
            "t_scale": 1000.0,
            "axes_dims": list(self.axes),
            "axes_lens": [1536, 512, 512],
        }


@dataclass(frozen=True, kw_only=True)
class TextShape:
    """Sizes of the text encoder; its last layer is never used, as the pipeline reads [-2]."""

    vocabulary: int
    dim: int = 256
    heads: int = 4
    head_dim: int = 64
    hidden: int = 512
    layers: int = 4
    theta: float = 10000.0

    def config(self, pad: int, end: int) -> dict[str, object]:
        """Return the arguments of `Qwen3Config`."""
        return {
            "vocab_size": self.vocabulary,
            "hidden_size": self.dim,
            "intermediate_size": self.hidden,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.heads,
            "head_dim": self.head_dim,
            "max_position_embeddings": 1024,
            "rope_theta": self.theta,
            "tie_word_embeddings": True,
            "attention_bias": False,
            "rms_norm_eps": 1e-6,
            "max_window_layers": self.layers,
            "bos_token_id": pad,
            "pad_token_id": pad,
            "eos_token_id": end,
        }


VAE_CONFIG = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [32, 64, 128, 128],
    "layers_per_block": 1,
    "latent_channels": CHANNELS,
    "norm_num_groups": 16,
    "sample_size": 256,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
    "mid_block_add_attention": True,
    "force_upcast": False,
}


def describe(shape: TransformerShape | TextShape) -> dict[str, object]:
    """Return a shape as plain values, for checkpoints."""
    return asdict(shape)
