"""The control network of the demo model: one block that reads a map and steers what follows.

It computes what diffusers' `ZImageControlNetModel` computes with one control layer, no refiners and
16 channels, over the frozen training transformer.
"""

from __future__ import annotations

import torch
from conversion import renamed_state
from networks import Block, Transformer
from shapes import CHANNELS, PATCH, TransformerShape
from torch import Tensor, nn


class ControlBlock(Block):
    """A block between two projections that begin at zero."""

    def __init__(self, shape: TransformerShape) -> None:
        """Create one whose output is nothing yet."""
        super().__init__(shape, modulated=True)
        self.before_proj = nn.Linear(shape.dim, shape.dim)
        self.after_proj = nn.Linear(shape.dim, shape.dim)
        for layer in (self.before_proj, self.after_proj):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)


class Control(nn.Module):
    """A control network, named as the published files name their tensors."""

    def __init__(self, transformer: Transformer) -> None:
        """Begin with the weights of the block whose output it changes."""
        super().__init__()
        shape = transformer.shape
        embedder = nn.Linear(CHANNELS * PATCH * PATCH, shape.dim)
        self.control_all_x_embedder = nn.ModuleDict({f"{PATCH}-1": embedder})
        self.control_layers = nn.ModuleList([ControlBlock(shape)])
        self.control_layers[0].load_state_dict(transformer.layers[0].state_dict(), strict=False)
        self.shape = shape

    def weights(self) -> dict[str, Tensor]:
        """Return the weights under diffusers' names."""
        state = {key: value.detach() for key, value in self.state_dict().items()}
        return renamed_state(state, self.shape.dim // self.shape.heads)


def patches(latents: Tensor) -> Tensor:
    """Cut (batch, 16, height, width) into (batch, tokens, 64)."""
    batch, _, height, width = latents.shape
    rows, columns = height // PATCH, width // PATCH
    cut = latents.view(batch, CHANNELS, rows, PATCH, columns, PATCH)
    return cut.permute(0, 2, 4, 3, 5, 1).reshape(batch, rows * columns, -1)


def steered(
    transformer: Transformer, control: Control, latents: Tensor, time: Tensor, text: Tensor,
    lengths: Tensor, maps: Tensor, scale: Tensor,
) -> Tensor:  # fmt: skip
    """Predict `image - noise` of (batch, 16, height, width) latents that maps alike steer.

    Images fill their tokens: only sides whose tokens are a multiple of 32 are trained on.
    """
    batch, _, height, width = latents.shape
    rows, columns = height // PATCH, width // PATCH
    cos, sin = transformer.table(text.shape[1], rows, columns)
    split = rows * columns
    adaln = transformer.embed_time(time)
    x = transformer.x_embedder(patches(latents))
    for block in transformer.noise_refiner:
        x = block(x, cos[:split], sin[:split], adaln)
    words = transformer.cap_linear(transformer.cap_norm(text))
    real = torch.arange(text.shape[1], device=text.device) < lengths[:, None]
    words = torch.where(real[..., None], words, transformer.cap_pad_token.to(words.dtype))
    for block in transformer.context_refiner:
        words = block(words, cos[split:], sin[split:])
    x = torch.cat([x, words.to(x.dtype)], 1)
    seen = torch.cat([control.control_all_x_embedder[f"{PATCH}-1"](patches(maps)), words], 1)
    [layer] = control.control_layers
    assert isinstance(layer, ControlBlock)
    seen = layer(layer.before_proj(seen) + x, cos, sin, adaln)
    hint = layer.after_proj(seen) * scale[:, None, None]
    for i, block in enumerate(transformer.layers):
        x = block(x, cos, sin, adaln)
        if i == 0:
            x = x + hint
    x = x[:, :split].float()
    factor = 1 + transformer.final_scale(torch.nn.functional.silu(adaln))
    x = transformer.final(
        torch.nn.functional.layer_norm(x, x.shape[-1:], eps=1e-6) * factor[:, None]
    )
    cells: Tensor = x.view(batch, rows, columns, PATCH, PATCH, CHANNELS).permute(0, 5, 1, 3, 2, 4)
    return cells.reshape(latents.shape).float()
