"""The text encoder over the weights of transformers' `Qwen3Model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses

from bot.engine.backends.fused.offload import Layers, StagingBuffers, going
from bot.engine.backends.fused.quantised import Shrink
from bot.engine.backends.fused.transformer_ops import Heads, Rotation, Rows, TransformerOps, linear
from bot.engine.backends.fused.weights import Matrices, fused_layer, vector
from bot.engine.placement import Placement


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """What is small of one layer; its matrices are elsewhere."""

    heads: Heads
    attention_norm: torch.Tensor
    feed_forward_norm: torch.Tensor


class FusedTextEncoder:
    """The states behind the last layer that is there, without a final norm.

    Args:
        model: A loaded `Qwen3Model`, wherever it is; its weights are shared, and moved to the
            device layer by layer.
        operations: The work between the products.
        staging: Where what does not stay on the device is copied to.
        placement: What stays there; all where there is none.
        shrink: What brings the weights to fewer bits.

    Attributes:
        layers: The matrices of the layers.

    """

    def __init__(
        self,
        model: Any,
        operations: TransformerOps,
        *,
        staging: StagingBuffers | None = None,
        placement: Placement | None = None,
        shrink: Shrink | None = None,
    ) -> None:
        """Take the weights, layer by layer; the model keeps its parameters as views."""
        self._source, self._operations = model, operations
        staging = staging or StagingBuffers(model.device)
        self._device = staging.device
        self._eps = float(model.config.rms_norm_eps)
        plan, count = placement or Placement(), len(model.layers)
        leaving = going(count, 0 if plan.text_layers is None else count - plan.text_layers)
        self.layers = Layers(staging, shrink)
        self._layers = [
            self._take(each, shrink, stays=i not in leaving) for i, each in enumerate(model.layers)
        ]
        model.rotary_emb.to(self._device)
        self.keep_table(here=plan.table)

    def _take(self, layer: Any, shrink: Shrink | None, *, stays: bool) -> _Layer:
        layer.to(self._device)
        attention, feed_forward = layer.self_attn, layer.mlp
        owners = (
            (attention.q_proj, attention.k_proj, attention.v_proj),
            (attention.o_proj,),
            (feed_forward.gate_proj, feed_forward.up_proj),
            (feed_forward.down_proj,),
        )
        self.layers.add(fused_layer(owners, shrink), owners, stays=stays)
        return _small(layer, self._eps)

    def reread(self) -> None:
        """Read again what was copied of weights that have changed, into the same places."""
        for own, layer in zip(self._layers, self._source.layers, strict=True):
            new = _small(layer, self._eps)
            own.attention_norm.copy_(new.attention_norm)
            own.feed_forward_norm.copy_(new.feed_forward_norm)
            own.heads.query_norm.copy_(new.heads.query_norm)
            own.heads.key_norm.copy_(new.heads.key_norm)

    def keep_table(self, *, here: bool) -> None:
        """Keep the table of embeddings on the device, or in main memory."""
        self._source.embed_tokens.to(self._device if here else "cpu")

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the embeddings (tokens, hidden size) of token ids (tokens,), on the device."""
        table = self._source.embed_tokens
        found: torch.Tensor = table(ids.to(table.weight.device))
        return found.to(self._device)

    @torch.inference_mode()
    def states(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Return the states (tokens, hidden size) of embeddings of that shape."""
        operations, eps = self._operations, self._eps
        x = embeddings.clone()
        rotation = self._rotation(len(x))
        rows: Rows | None = operations.norm(x, self._layers[0].attention_norm, eps)
        for i, weights in enumerate(self.layers.walk()):
            assert rows is not None
            layer = self._layers[i]
            attended = self._attention(layer, weights, rows, rotation)
            rows = operations.add_norm(x, attended, None, layer.feed_forward_norm, eps)
            assert rows is not None
            grown = operations.gate(linear(rows, weights.up))
            is_last = i + 1 == len(self._layers)
            following = None if is_last else self._layers[i + 1].attention_norm
            rows = operations.add_norm(x, linear(grown, weights.down), None, following, eps)
        return x

    def _attention(
        self, layer: _Layer, weights: Matrices, rows: Rows, rotation: Rotation
    ) -> torch.Tensor:
        qkv = linear(rows, weights.qkv)
        heads = layer.heads
        self._operations.rotate(qkv, heads, rotation)
        parts = qkv.view(len(qkv), -1, heads.size).transpose(0, 1)  # (heads, tokens, size)
        q, k, v = torch.split(parts, [heads.query, heads.key, heads.key])
        found = F.scaled_dot_product_attention(
            q[None], k[None], v[None], is_causal=True, enable_gqa=heads.query != heads.key
        )
        return linear(found[0].transpose(0, 1).flatten(1), weights.out)

    def _rotation(self, tokens: int) -> Rotation:
        frequencies = self._source.rotary_emb.inv_freq.float()  # (head size / 2,)
        places = torch.arange(tokens, dtype=torch.float32, device=frequencies.device)
        angles = places[:, None] * frequencies
        return Rotation(cos=angles.cos(), sin=angles.sin(), is_interleaved=False)


def _small(layer: Any, eps: float) -> _Layer:
    attention = layer.self_attn
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
    )
