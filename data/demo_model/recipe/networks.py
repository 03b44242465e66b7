"""The networks of the demo model, written for training speed.

The transformer and the text encoder compute exactly what `ZImageTransformer2DModel` and
`Qwen3Model` compute, with fused projections, real-valued rotary embeddings and no masks: every
caption fills a fixed number of tokens, as the original pads them to a multiple of 32 anyway.
`conversion` gives the weights under the names of the real classes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from shapes import CHANNELS, PATCH, TextShape, TransformerShape
from torch import Tensor, nn

SEQUENCE_MULTIPLE = 32  # captions and images are padded to it with learned tokens
TIME_DIM = 256  # width of the time embedding, fixed in diffusers


class RMSNorm(nn.Module):
    """Normalise by the root mean square over the last axis."""

    def __init__(self, dim: int, eps: float) -> None:
        """Start as the plain normalisation."""
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(dim)), eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise in float32, return the input's type."""
        wide = x.float()
        wide = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return (wide * self.weight).to(x.dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate (batch, tokens, heads, channels) whose pairs lie half the channels apart."""
    first, second = x.float().chunk(2, -1)
    cos, sin = cos[:, None], sin[:, None]  # (tokens, 1, channels / 2)
    rotated = torch.cat([first * cos - second * sin, second * cos + first * sin], -1)
    return rotated.to(x.dtype)


class Attention(nn.Module):
    """Attend with fused projections and normalised, rotated queries and keys."""

    def __init__(self, dim: int, heads: int, head_dim: int, eps: float, *, causal: bool) -> None:
        """Create `qkv` and `out` without biases."""
        super().__init__()
        self.heads, self.head_dim, self.causal = heads, head_dim, causal
        self.qkv = nn.Linear(dim, 3 * heads * head_dim, bias=False)
        self.out = nn.Linear(heads * head_dim, dim, bias=False)
        self.norm_q, self.norm_k = RMSNorm(head_dim, eps), RMSNorm(head_dim, eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Attend over (batch, tokens, dim)."""
        batch, tokens, _ = x.shape
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, self.head_dim)
        query, key, value = qkv.unbind(2)
        query = rotate(self.norm_q(query), cos, sin).transpose(1, 2)
        key = rotate(self.norm_k(key), cos, sin).transpose(1, 2)
        found = F.scaled_dot_product_attention(
            query, key, value.transpose(1, 2), is_causal=self.causal
        )
        return self.out(found.transpose(1, 2).reshape(batch, tokens, -1))


class FeedForward(nn.Module):
    """SwiGLU with its two input projections fused."""

    def __init__(self, dim: int, hidden: int) -> None:
        """Create `w13` and `w2` without biases."""
        super().__init__()
        self.w13 = nn.Linear(dim, 2 * hidden, bias=False)
        self.w2 = nn.Linear(hidden, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (…, dim) to (…, dim)."""
        gate, up = self.w13(x).chunk(2, -1)
        return self.w2(F.silu(gate) * up)


class Block(nn.Module):
    """One Z-Image block: norms around attention and feed-forward, gated by the time if modulated."""

    def __init__(self, shape: TransformerShape, *, modulated: bool) -> None:
        """Create one block; gates start small, so that the block starts near identity."""
        super().__init__()
        dim = shape.dim
        self.attention = Attention(dim, shape.heads, dim // shape.heads, 1e-5, causal=False)
        self.feed_forward = FeedForward(dim, shape.hidden)
        self.attention_norm1, self.attention_norm2 = RMSNorm(dim, 1e-5), RMSNorm(dim, 1e-5)
        self.ffn_norm1, self.ffn_norm2 = RMSNorm(dim, 1e-5), RMSNorm(dim, 1e-5)
        self.modulation = nn.Linear(TIME_DIM, 4 * dim) if modulated else None
        if self.modulation is not None:
            nn.init.zeros_(self.modulation.weight)
            starts = torch.tensor([0.0, 0.2, 0.0, 0.2]).repeat_interleave(dim)
            self.modulation.bias.data.copy_(starts)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, time: Tensor | None = None) -> Tensor:
        """Map (batch, tokens, dim) to the same."""
        if self.modulation is None or time is None:
            x = x + self.attention_norm2(self.attention(self.attention_norm1(x), cos, sin))
            return x + self.ffn_norm2(self.feed_forward(self.ffn_norm1(x)))
        scale_a, gate_a, scale_f, gate_f = self.modulation(time)[:, None].chunk(4, -1)
        inner = self.attention(self.attention_norm1(x) * (1 + scale_a), cos, sin)
        x = x + gate_a.tanh() * self.attention_norm2(inner)
        inner = self.feed_forward(self.ffn_norm1(x) * (1 + scale_f))
        return x + gate_f.tanh() * self.ffn_norm2(inner)


def rotary_table(ids: Tensor, axes: tuple[int, ...], theta: float) -> tuple[Tensor, Tensor]:
    """Return cos and sin, (tokens, half the head's channels), of (tokens, axes) positions."""
    angles = []
    for axis, channels in enumerate(axes):
        steps = torch.arange(0, channels, 2, dtype=torch.float64, device=ids.device) / channels
        angles.append(ids[:, axis, None].double() * theta**-steps)
    angle = torch.cat(angles, -1)
    return angle.cos().float(), angle.sin().float()


def positions(caption: int, rows: int, columns: int, device: torch.device) -> Tensor:
    """Return the (image + caption, 3) positions; padding of the image stands at the origin."""
    grid = torch.cartesian_prod(
        torch.tensor([caption + 1]), torch.arange(rows), torch.arange(columns)
    )
    padding = torch.zeros(-len(grid) % SEQUENCE_MULTIPLE, 3, dtype=grid.dtype)
    words = F.pad(torch.arange(1, caption + 1)[:, None], (0, 2))
    return torch.cat([grid, padding, words]).to(device)


class Transformer(nn.Module):
    """Predict `image - noise` from noisy latents, the time (1 - sigma) and a caption."""

    def __init__(self, shape: TransformerShape) -> None:
        """Create the network with the module structure of Z-Image."""
        super().__init__()
        self.shape, dim = shape, shape.dim
        patch = CHANNELS * PATCH * PATCH
        self.x_embedder = nn.Linear(patch, dim)
        self.noise_refiner = nn.ModuleList(
            Block(shape, modulated=True) for _ in range(shape.refiner_layers)
        )
        self.cap_norm, self.cap_linear = (
            RMSNorm(shape.text_dim, 1e-5),
            nn.Linear(shape.text_dim, dim),
        )
        self.context_refiner = nn.ModuleList(
            Block(shape, modulated=False) for _ in range(shape.refiner_layers)
        )
        self.time_in, self.time_out = nn.Linear(256, 1024), nn.Linear(1024, TIME_DIM)
        self.layers = nn.ModuleList(Block(shape, modulated=True) for _ in range(shape.layers))
        self.final_scale, self.final = nn.Linear(TIME_DIM, dim), nn.Linear(dim, patch)
        self.x_pad_token = nn.Parameter(torch.zeros(1, dim))
        self.cap_pad_token = nn.Parameter(torch.randn(1, dim) * 0.02)
        for zero in (self.final_scale, self.final):
            nn.init.zeros_(zero.weight)
            nn.init.zeros_(zero.bias)
        self._tables: dict[tuple[int, int, int], tuple[Tensor, Tensor]] = {}

    def table(self, caption: int, rows: int, columns: int) -> tuple[Tensor, Tensor]:
        """Return the rotary table of a shape, computed once."""
        key = (caption, rows, columns)
        if key not in self._tables:
            ids = positions(caption, rows, columns, self.x_pad_token.device)
            self._tables[key] = rotary_table(ids, self.shape.axes, self.shape.theta)
        return self._tables[key]

    def embed_time(self, time: Tensor) -> Tensor:
        """Embed (batch,) times in [0, 1] as (batch, 256)."""
        steps = torch.arange(128, device=time.device, dtype=torch.float32) / 128
        angle = (time.float() * 1000)[:, None] * torch.exp(-9.210340371976184 * steps)
        return self.time_out(F.silu(self.time_in(torch.cat([angle.cos(), angle.sin()], -1))))

    def forward(self, latents: Tensor, time: Tensor, text: Tensor, lengths: Tensor) -> Tensor:
        """Predict for (batch, 16, height, width) latents and (batch, tokens, text dim) captions."""
        batch, _, height, width = latents.shape
        rows, columns = height // PATCH, width // PATCH
        cos, sin = self.table(text.shape[1], rows, columns)
        split = len(cos) - text.shape[1]
        adaln = self.embed_time(time)
        x = latents.view(batch, CHANNELS, rows, PATCH, columns, PATCH)
        x = self.x_embedder(x.permute(0, 2, 4, 3, 5, 1).reshape(batch, rows * columns, -1))
        if split > rows * columns:
            padding = self.x_pad_token.to(x.dtype).expand(batch, split - rows * columns, -1)
            x = torch.cat([x, padding], 1)
        for block in self.noise_refiner:
            x = block(x, cos[:split], sin[:split], adaln)
        words = self.cap_linear(self.cap_norm(text))
        real = torch.arange(text.shape[1], device=text.device) < lengths[:, None]
        words = torch.where(real[..., None], words, self.cap_pad_token.to(words.dtype))
        for block in self.context_refiner:
            words = block(words, cos[split:], sin[split:])
        x = torch.cat([x, words.to(x.dtype)], 1)
        for block in self.layers:
            x = block(x, cos, sin, adaln)
        x = x[:, : rows * columns].float()
        scale = 1 + self.final_scale(F.silu(adaln))
        x = self.final(F.layer_norm(x, x.shape[-1:], eps=1e-6) * scale[:, None])
        x = x.view(batch, rows, columns, PATCH, PATCH, CHANNELS).permute(0, 5, 1, 3, 2, 4)
        return x.reshape(latents.shape).float()


class TextLayer(nn.Module):
    """One Qwen3 layer."""

    def __init__(self, shape: TextShape) -> None:
        """Create one layer."""
        super().__init__()
        self.norm1, self.norm2 = RMSNorm(shape.dim, 1e-6), RMSNorm(shape.dim, 1e-6)
        self.attention = Attention(shape.dim, shape.heads, shape.head_dim, 1e-6, causal=True)
        self.feed_forward = FeedForward(shape.dim, shape.hidden)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Map (batch, tokens, dim) to the same."""
        x = x + self.attention(self.norm1(x), cos, sin)
        return x + self.feed_forward(self.norm2(x))


class TextEncoder(nn.Module):
    """Compute Qwen3's `hidden_states[-2]`; padding follows the text, so no mask is needed."""

    def __init__(self, shape: TextShape) -> None:
        """Create all layers but the last, which the pipeline never reads."""
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.dim)
        nn.init.normal_(self.embedding.weight, std=0.3)
        self.layers = nn.ModuleList(TextLayer(shape) for _ in range(shape.layers - 1))
        self._tables: dict[int, tuple[Tensor, Tensor]] = {}

    def forward(self, tokens: Tensor) -> Tensor:
        """Encode (batch, tokens) int64 as (batch, tokens, dim)."""
        length = tokens.shape[1]
        if length not in self._tables:
            ids = torch.arange(length, device=tokens.device)[:, None]
            self._tables[length] = rotary_table(ids, (self.shape.head_dim,), self.shape.theta)
        x = self.embedding(tokens)
        for layer in self.layers:
            x = layer(x, *self._tables[length])
        return x
