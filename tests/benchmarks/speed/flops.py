"""How many floating-point operations an image takes, counted from a model's configuration files.

A product of an (m x k) and a (k x n) matrix is 2 m k n operations. Counted are matrix products,
convolutions and attention; norms, activations and embeddings are below one in a hundred.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from bot.domain.requests import Size
from bot.errors import ModelFilesError

_MULTIPLE: Final = 32  # tokens: image and caption are each filled up to it
_PATCH: Final = 2  # latent cells a side of a token
_LATENT: Final = 8  # pixels a side of a latent cell
_KERNEL: Final = 9  # values a 3 x 3 convolution reads of each channel


@dataclass(frozen=True, kw_only=True)
class ModelFlops:
    """The three configurations of a `ZImagePipeline` folder."""

    transformer: Mapping[str, Any]
    text_encoder: Mapping[str, Any]
    vae: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read them.

        Raises:
            ModelFilesError: One is missing or no configuration.

        """
        try:
            parts = {
                name: json.loads((folder / name / "config.json").read_text(encoding="utf-8"))
                for name in ("transformer", "text_encoder", "vae")
            }
        except (OSError, ValueError) as error:
            raise ModelFilesError(
                f"The model's configuration in {folder} cannot be read: {error}."
            ) from error
        return cls(**parts)

    def image(self, size: Size, *, forwards: int, caption_tokens: int) -> float:
        """Return the operations of a whole image: text, forwards and decoding."""
        forward = self.forward(size, caption_tokens=caption_tokens)
        return self.text(caption_tokens) + forwards * forward + self.decode(size)

    def forward(self, size: Size, *, caption_tokens: int) -> float:
        """Return the operations of one forward of the transformer."""
        caption = _filled(caption_tokens)
        return self.linear(size, caption_tokens=caption) + self.attention(
            size, caption_tokens=caption
        )

    def linear(self, size: Size, *, caption_tokens: int) -> float:
        """Return those of a forward's matrix products.

        A block multiplies each token with four (dim x dim) matrices (query, key, value, output) and
        three (dim x hidden) ones, hidden = 8/3 dim. The noise refiners see the image's tokens, the
        context refiners the caption's, the layers both.
        """
        config, image = self.transformer, _filled(size.tokens)
        dim = int(config["dim"])
        block = 2 * (4 * dim * dim + 3 * dim * int(dim / 3 * 8))  # a token
        both = image + caption_tokens
        tokens = int(config["n_layers"]) * both + int(config["n_refiner_layers"]) * both
        cells = _PATCH * _PATCH * int(config["in_channels"])
        borders = 2 * (2 * image * cells * dim + caption_tokens * int(config["cap_feat_dim"]) * dim)
        return float(tokens * block + borders)

    def attention(self, size: Size, *, caption_tokens: int) -> float:
        """Return those of a forward's attention: 4 n^2 dim a block of n tokens."""
        config, image = self.transformer, _filled(size.tokens)
        refined = int(config["n_refiner_layers"]) * (image**2 + caption_tokens**2)
        joined = int(config["n_layers"]) * (image + caption_tokens) ** 2
        return float(4 * int(config["dim"]) * (refined + joined))

    def text(self, tokens: int) -> float:
        """Return those of encoding a prompt; the last layer is never needed."""
        config = self.text_encoder
        hidden, head = int(config["hidden_size"]), int(config["head_dim"])
        queries = head * int(config["num_attention_heads"])
        keys = head * int(config["num_key_value_heads"])
        projections = hidden * (2 * queries + 2 * keys)
        layer = 2 * tokens * (projections + 3 * hidden * int(config["intermediate_size"]))
        layer += 4 * tokens**2 * queries
        return float((int(config["num_hidden_layers"]) - 1) * layer)

    def decode(self, size: Size) -> float:
        """Return those of the autoencoder's decoder.

        A 3 x 3 convolution is 18 operations a pixel for each pair of channels. The middle is two
        residual blocks around an attention over all latent cells; each level has layers_per_block
        + 1 residual blocks of two convolutions, and all but the last double the size.
        """
        config = self.vae
        widths = [int(width) for width in reversed(config["block_out_channels"])]
        cells = size.pixels // _LATENT**2
        top = widths[0]
        total = _convolution(cells, int(config["latent_channels"]), top)
        total += 2 * _residual(cells, top, top)
        total += 8 * cells * top * top + 4 * cells**2 * top
        before = top
        for level, width in enumerate(widths):
            total += _residual(cells, before, width)
            total += int(config["layers_per_block"]) * _residual(cells, width, width)
            if level + 1 < len(widths):
                cells *= 4
                total += _convolution(cells, width, width)
            before = width
        return float(total + _convolution(cells, before, int(config["out_channels"])))


def _filled(tokens: int) -> int:
    return tokens + -tokens % _MULTIPLE


def _convolution(pixels: int, inside: int, outside: int) -> int:
    return 2 * _KERNEL * pixels * inside * outside


def _residual(pixels: int, inside: int, outside: int) -> int:
    shortcut = 2 * pixels * inside * outside if inside != outside else 0
    return _convolution(pixels, inside, outside) + _convolution(pixels, outside, outside) + shortcut
