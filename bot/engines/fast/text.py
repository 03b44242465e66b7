"""The text encoder over the weights of transformers' `Qwen3Model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses

from bot.engines.fast.operations import Heads, Operations, Rotation, Rows, linear
from bot.engines.fast.weights import fused, vector


@dataclass(frozen=True, kw_only=True)
class _Layer:
    heads: Heads
    attention_norm: torch.Tensor
    feed_forward_norm: torch.Tensor
    qkv: torch.Tensor
    out: torch.Tensor
    up: torch.Tensor
    down: torch.Tensor


class FastTextEncoder:
    """The states behind the last layer that is there, without a final norm."""

    def __init__(self, model: Any, operations: Operations) -> None:
        """Fuse the weights, layer by layer; the model keeps its parameters as views."""
        self._source, self._operations = model, operations
        self._eps = float(model.config.rms_norm_eps)
        self._layers = [_layer(each, self._eps) for each in model.layers]

    @torch.inference_mode()
    def encode(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the states (tokens, hidden size) of token ids (tokens,)."""
        operations, eps = self._operations, self._eps
        x: torch.Tensor = self._source.embed_tokens(ids).clone()
        rotation = self._rotation(len(ids))
        rows: Rows | None = operations.norm(x, self._layers[0].attention_norm, eps)
        for i, layer in enumerate(self._layers):
            assert rows is not None
            attended = self._attention(layer, rows, rotation)
            rows = operations.add_norm(x, attended, None, layer.feed_forward_norm, eps)
            assert rows is not None
            grown = operations.gate(linear(rows, layer.up))
            is_last = i + 1 == len(self._layers)
            following = None if is_last else self._layers[i + 1].attention_norm
            rows = operations.add_norm(x, linear(grown, layer.down), None, following, eps)
        return x

    def _attention(self, layer: _Layer, rows: Rows, rotation: Rotation) -> torch.Tensor:
        qkv = linear(rows, layer.qkv)
        heads = layer.heads
        self._operations.rotate(qkv, heads, rotation)
        parts = qkv.view(len(qkv), -1, heads.size).transpose(0, 1)  # (heads, tokens, size)
        q, k, v = torch.split(parts, [heads.query, heads.key, heads.key])
        found = F.scaled_dot_product_attention(
            q[None], k[None], v[None], is_causal=True, enable_gqa=heads.query != heads.key
        )
        return linear(found[0].transpose(0, 1).flatten(1), layer.out)

    def _rotation(self, tokens: int) -> Rotation:
        frequencies = self._source.rotary_emb.inv_freq.float()  # (head size / 2,)
        places = torch.arange(tokens, dtype=torch.float32, device=frequencies.device)
        angles = places[:, None] * frequencies
        return Rotation(cos=angles.cos(), sin=angles.sin(), is_interleaved=False)


def _layer(layer: Any, eps: float) -> _Layer:
    attention, feed_forward = layer.self_attn, layer.mlp
    size = attention.head_dim
    return _Layer(
        heads=Heads(
            query=attention.q_proj.out_features // size,
            key=attention.k_proj.out_features // size,
            size=size,
            query_norm=vector(attention.q_norm.weight),
            key_norm=vector(attention.k_norm.weight),
            eps=eps,
        ),
        attention_norm=vector(layer.input_layernorm.weight),
        feed_forward_norm=vector(layer.post_attention_layernorm.weight),
        qkv=fused(attention.q_proj, attention.k_proj, attention.v_proj),
        out=attention.o_proj.weight.data,
        up=fused(feed_forward.gate_proj, feed_forward.up_proj),
        down=feed_forward.down_proj.weight.data,
    )
