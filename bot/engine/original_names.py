"""What other programs call Z-Image's tensors, and what diffusers calls them; without torch.

Z-Image's own code and ComfyUI keep query, key and value in one matrix, the VAE has the names of the
code it was first published with, and llama.cpp has its own names for language models. Whatever is
called as in diffusers already keeps its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

_Rule = tuple[str, str]

_TRANSFORMER: Final[Sequence[_Rule]] = (
    (r"^x_embedder\.", "all_x_embedder.2-1."),
    (r"^final_layer\.", "all_final_layer.2-1."),
    (r"\.attention\.out\.", ".attention.to_out.0."),
    (r"\.attention\.([qk])_norm\.", r".attention.norm_\1."),
)
_FUSED: Final = ".attention.qkv."
_NO_TRANSFORMER: Final = ("norm_final.weight",)  # Lumina's; no code of Z-Image multiplies by it

_VAE: Final[Sequence[_Rule]] = (
    (r"\.norm_out\.", ".conv_norm_out."),
    (r"\.nin_shortcut\.", ".conv_shortcut."),
    (r"\.down\.(\d+)\.block\.", r".down_blocks.\1.resnets."),
    (r"\.down\.(\d+)\.downsample\.", r".down_blocks.\1.downsamplers.0."),
    (r"\.mid\.block_1\.", ".mid_block.resnets.0."),
    (r"\.mid\.block_2\.", ".mid_block.resnets.1."),
    (r"\.mid\.attn_1\.norm\.", ".mid_block.attentions.0.group_norm."),
    (r"\.mid\.attn_1\.([qkv])\.", r".mid_block.attentions.0.to_\1."),
    (r"\.mid\.attn_1\.proj_out\.", ".mid_block.attentions.0.to_out.0."),
)
_VAE_UP: Final = re.compile(r"\.up\.(\d+)\.(block|upsample)\.")

_TEXT: Final[Sequence[_Rule]] = (
    (r"^token_embd\.", "embed_tokens."),
    (r"^output_norm\.", "norm."),
    (r"^output\.", "lm_head."),
)
_TEXT_LAYER: Final = re.compile(r"blk\.(\d+)\.(\w+)\.(\w+)")
_TEXT_MODULES: Final[Mapping[str, str]] = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def diffusers_names(original: str) -> tuple[str, ...]:
    """Return diffusers' names for a tensor of the transformer, or of a layer of it.

    `layers.0.attention.qkv.weight` becomes three, for equal shares of its rows in this order; what
    nothing reads becomes none.
    """
    if original in _NO_TRANSFORMER:
        return ()
    if _FUSED in original:
        return tuple(original.replace(_FUSED, f".attention.to_{each}.") for each in "qkv")
    return (_replaced(original, _TRANSFORMER),)


def vae_names(original: str, *, blocks: int) -> tuple[str, ...]:
    """Return diffusers' name for a tensor of a VAE with so many blocks on the way up.

    Its own code counts them from the pixels, diffusers from the latents.
    """
    name = _VAE_UP.sub(
        lambda found: (
            f".up_blocks.{blocks - 1 - int(found[1])}."
            + ("resnets." if found[2] == "block" else "upsamplers.0.")
        ),
        original,
    )
    return (_replaced(name, _VAE),)


def text_names(original: str) -> tuple[str, ...]:
    """Return the name in transformers for a tensor of a Qwen3 that llama.cpp named."""
    if (found := _TEXT_LAYER.fullmatch(original)) and found[2] in _TEXT_MODULES:
        return (f"layers.{found[1]}.{_TEXT_MODULES[found[2]]}.{found[3]}",)
    return (_replaced(original, _TEXT),)


def _replaced(name: str, rules: Sequence[_Rule]) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name
