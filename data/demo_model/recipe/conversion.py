"""Carry weights between the training networks and the real classes, in both directions, exactly.

The training networks fuse projections and rotate channels that lie half a head apart; the real
classes keep projections apart and rotate neighbours. Both hold the same numbers in another order.
"""

from __future__ import annotations

from typing import Any

import torch
from networks import TextEncoder, Transformer
from shapes import TextShape, TransformerShape
from torch import Tensor

# Beginnings of names: ours, and those of `ZImageTransformer2DModel`.
TRANSFORMER_NAMES = {
    "x_embedder.": "all_x_embedder.2-1.",
    "cap_norm.": "cap_embedder.0.",
    "cap_linear.": "cap_embedder.1.",
    "time_in.": "t_embedder.mlp.0.",
    "time_out.": "t_embedder.mlp.2.",
    "final_scale.": "all_final_layer.2-1.adaLN_modulation.1.",
    "final.": "all_final_layer.2-1.linear.",
}
# Parts of a layer: ours, and those of `Qwen3Model`.
TEXT_NAMES = {
    "norm1": "input_layernorm",
    "norm2": "post_attention_layernorm",
    "attention.out": "self_attn.o_proj",
    "attention.norm_q": "self_attn.q_norm",
    "attention.norm_k": "self_attn.k_norm",
    "feed_forward.w2": "mlp.down_proj",
}


def interleave(weight: Tensor, head_dim: int) -> Tensor:
    """Reorder rows from halves to neighbouring pairs, the order diffusers rotates in."""
    halves = weight.view(-1, 2, head_dim // 2, *weight.shape[1:])
    return halves.transpose(1, 2).reshape(weight.shape).contiguous()


def diffusers_state(network: Transformer) -> dict[str, Tensor]:
    """Return the weights under `ZImageTransformer2DModel`'s names."""
    state = {key: value.detach() for key, value in network.state_dict().items()}
    return renamed_state(state, network.shape.dim // network.shape.heads)


def renamed_state(state: dict[str, Tensor], head_dim: int) -> dict[str, Tensor]:
    """Return weights of blocks, and of what is around them, under diffusers' names."""
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        if key.endswith("attention.qkv.weight"):
            query, keys, values = value.chunk(3)
            base = key.removesuffix("qkv.weight")
            renamed[f"{base}to_q.weight"] = interleave(query, head_dim)
            renamed[f"{base}to_k.weight"] = interleave(keys, head_dim)
            renamed[f"{base}to_v.weight"] = values
        elif key.endswith("w13.weight"):
            base = key.removesuffix("w13.weight")
            renamed[f"{base}w1.weight"], renamed[f"{base}w3.weight"] = value.chunk(2)
        elif key.endswith(("norm_q.weight", "norm_k.weight")):
            renamed[key] = interleave(value, head_dim)
        else:
            name = key.replace("attention.out.", "attention.to_out.0.")
            name = name.replace(".modulation.", ".adaLN_modulation.0.")
            for old, new in TRANSFORMER_NAMES.items():
                name = new + name.removeprefix(old) if name.startswith(old) else name
            renamed[name] = value
    return renamed


def transformers_state(network: TextEncoder) -> dict[str, Tensor]:
    """Return the weights under `Qwen3Model`'s names; the unused last layer repeats its neighbour."""
    state = {key: value.detach() for key, value in network.state_dict().items()}
    last = network.shape.layers - 1
    for key in [key for key in state if key.startswith(f"layers.{last - 1}.")]:
        state[key.replace(f"layers.{last - 1}.", f"layers.{last}.")] = state[key]
    renamed = {"embed_tokens.weight": state.pop("embedding.weight")}
    renamed["norm.weight"] = torch.ones(
        network.shape.dim, device=renamed["embed_tokens.weight"].device
    )
    for key, value in state.items():
        layer, inner = key.removesuffix(".weight").split(".", 2)[1:]
        base = f"layers.{layer}."
        if inner == "attention.qkv":
            for name, part in zip("qkv", value.chunk(3), strict=True):
                renamed[f"{base}self_attn.{name}_proj.weight"] = part
        elif inner == "feed_forward.w13":
            renamed[f"{base}mlp.gate_proj.weight"], renamed[f"{base}mlp.up_proj.weight"] = (
                value.chunk(2)
            )
        else:
            renamed[f"{base}{TEXT_NAMES[inner]}.weight"] = value
    return renamed


def neighbours_to_halves(weight: Tensor, head_dim: int) -> Tensor:
    """Undo `interleave`."""
    pairs = weight.view(-1, head_dim // 2, 2, *weight.shape[1:])
    return pairs.transpose(1, 2).reshape(weight.shape).contiguous()


def transformer_of(state: dict[str, Tensor], config: dict[str, Any]) -> Transformer:
    """Build the training network from the state and the config of `ZImageTransformer2DModel`."""
    shape = TransformerShape(
        dim=config["dim"],
        heads=config["n_heads"],
        layers=config["n_layers"],
        refiner_layers=config["n_refiner_layers"],
        text_dim=config["cap_feat_dim"],
        axes=tuple(config["axes_dims"]),
        theta=config["rope_theta"],
    )
    network = Transformer(shape)
    head_dim = shape.dim // shape.heads
    network.load_state_dict({key: _ours(key, state, head_dim) for key in network.state_dict()})
    return network


def _ours(key: str, state: dict[str, Tensor], head_dim: int) -> Tensor:
    """Return one weight of the training transformer from the real class's state."""
    if key.endswith("attention.qkv.weight"):
        base = key.removesuffix("qkv.weight")
        query, keys, values = (state[f"{base}to_{part}.weight"] for part in "qkv")
        rotated = (neighbours_to_halves(weight, head_dim) for weight in (query, keys))
        return torch.cat([*rotated, values])
    if key.endswith("w13.weight"):
        base = key.removesuffix("w13.weight")
        return torch.cat([state[f"{base}w1.weight"], state[f"{base}w3.weight"]])
    name = key.replace("attention.out.", "attention.to_out.0.")
    name = name.replace(".modulation.", ".adaLN_modulation.0.")
    for old, new in TRANSFORMER_NAMES.items():
        name = new + name.removeprefix(old) if name.startswith(old) else name
    if key.endswith(("norm_q.weight", "norm_k.weight")):
        return neighbours_to_halves(state[name], head_dim)
    return state[name]


def text_encoder_of(state: dict[str, Tensor], config: dict[str, Any]) -> TextEncoder:
    """Build the training network from the state and the config of `Qwen3Model`."""
    rope = config.get("rope_parameters") or config  # transformers 5 keeps theta in there
    shape = TextShape(
        vocabulary=config["vocab_size"],
        dim=config["hidden_size"],
        heads=config["num_attention_heads"],
        head_dim=config["head_dim"],
        hidden=config["intermediate_size"],
        layers=config["num_hidden_layers"],
        theta=rope["rope_theta"],
    )
    network = TextEncoder(shape)
    network.load_state_dict({key: _our_text(key, state) for key in network.state_dict()})
    return network


def _our_text(key: str, state: dict[str, Tensor]) -> Tensor:
    """Return one weight of the training text encoder from the real class's state."""
    if key == "embedding.weight":
        return state["embed_tokens.weight"]
    number, inner = key.removesuffix(".weight").split(".", 2)[1:]
    base = f"layers.{number}."
    if inner == "attention.qkv":
        return torch.cat([state[f"{base}self_attn.{part}_proj.weight"] for part in "qkv"])
    if inner == "feed_forward.w13":
        return torch.cat([state[f"{base}mlp.{part}_proj.weight"] for part in ("gate", "up")])
    return state[f"{base}{TEXT_NAMES[inner]}.weight"]
