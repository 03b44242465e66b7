"""GGUF files, as llama.cpp and ComfyUI-GGUF write them.

The package that reads them writes all types but those of 256 values a block, whose layout its
reader documents: these are encoded here, plainly and without llama.cpp's search for better scales.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tests.support.later import imported_later
from tests.support.weight_formats.original import Weights

with imported_later():
    import gguf
    import torch

TYPES: Final = (
    "F32",
    "F16",
    "BF16",
    "Q8_0",
    "Q6_K",
    "Q5_K",
    "Q5_1",
    "Q5_0",
    "Q4_K",
    "Q4_1",
    "Q4_0",
)
_BLOCK: Final = 256
_TEXT: Final = (
    (r"^model\.embed_tokens\.", "token_embd."),
    (r"^model\.norm\.", "output_norm."),
    (r"^model\.layers\.", "blk."),
    (r"\.self_attn\.([qkv])_proj\.", r".attn_\1."),
    (r"\.self_attn\.o_proj\.", ".attn_output."),
    (r"\.self_attn\.([qk])_norm\.", r".attn_\1_norm."),
    (r"\.input_layernorm\.", ".attn_norm."),
    (r"\.post_attention_layernorm\.", ".ffn_norm."),
    (r"\.mlp\.(gate|up|down)_proj\.", r".ffn_\1."),
)
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


def llama_names(weights: Weights) -> Weights:
    """Return a text encoder's tensors under llama.cpp's names."""
    found: Weights = {}
    for name, tensor in weights.items():
        plain = name
        for pattern, replacement in _TEXT:
            plain = re.sub(pattern, replacement, plain)
        found[plain] = tensor
    return found


def write_gguf(path: Path, weights: Weights, kind: str, architecture: str | None) -> Path:
    """Write a file whose matrices are of one type; the rest stays in float32 as llama.cpp has it.

    Matrices whose rows are no multiples of a block are written in rows of 256, as ComfyUI-GGUF
    does, which says so in the metadata.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without an architecture the writer has no header: then one of nobody's is named.
    writer = gguf.GGUFWriter(path, architecture or "nobody")
    for name, tensor in weights.items():
        values = tensor.float().numpy()
        own = gguf.GGMLQuantizationType[kind if tensor.ndim > 1 else "F32"]
        size, _ = gguf.GGML_QUANT_SIZES[own]
        if values.shape[-1:] and values.shape[-1] % size:
            if values.size % _BLOCK:
                own = gguf.GGMLQuantizationType.F32
            else:
                writer.add_array(f"comfy.gguf.orig_shape.{name}", [int(n) for n in values.shape])
                values = values.reshape(-1, _BLOCK)
        writer.add_tensor(name, quantised(values, own), raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def quantised(values: Floats, kind: Any) -> NDArray[Any]:
    """Return the bytes of a matrix in a type."""
    encoder = {"Q4_K": _q4_k, "Q5_K": _q5_k, "Q6_K": _q6_k}.get(kind.name)
    if encoder is None:
        return np.ascontiguousarray(gguf.quants.quantize(values, kind))
    blocks = encoder(values.reshape(-1, _BLOCK).astype(np.float32))
    return blocks.reshape(*values.shape[:-1], -1)


def dequantised(values: torch.Tensor, kind: str) -> torch.Tensor:
    """Return what the package's own reference makes of a matrix, in float32.

    Blocks are counted through the whole matrix: only for types that divide its rows, or of 256.
    """
    own = gguf.GGMLQuantizationType[kind]
    size, _ = gguf.GGML_QUANT_SIZES[own]
    flat = values.float().numpy()
    if flat.ndim < 2 or (flat.shape[-1] % size and flat.size % _BLOCK):
        return values.float()
    rows = flat if flat.shape[-1] % size == 0 else flat.reshape(-1, _BLOCK)
    made = gguf.quants.dequantize(quantised(rows, own), own)
    return torch.from_numpy(np.array(made)).reshape(values.shape)


def _half(values: Floats) -> Bytes:
    return values.astype(np.float16)[:, None].view(np.uint8)


def _with_minimum(blocks: Floats, most: int) -> tuple[Bytes, Bytes, NDArray[np.uint8]]:
    """Return d and dmin, the 12 bytes of 6-bit scales, and the values (n, 8, 32)."""
    parts = blocks.reshape(-1, 8, 32)
    low = np.minimum(parts.min(2), 0)
    spread = (parts.max(2) - low) / most
    d = (spread.max(1) / 63).astype(np.float16).astype(np.float32)
    minimum = (-low.min(1) / 63).astype(np.float16).astype(np.float32)
    scale = np.rint(spread / np.maximum(d, 1e-12)[:, None]).clip(0, 63)
    offset = np.rint(-low / np.maximum(minimum, 1e-12)[:, None]).clip(0, 63)
    step = (d[:, None] * scale)[:, :, None]
    shifted = parts + (minimum[:, None] * offset)[:, :, None]
    values = np.rint(np.divide(shifted, step, out=np.zeros_like(shifted), where=step > 0))
    s, m = scale.astype(np.uint8), offset.astype(np.uint8)
    packed = np.concatenate(
        [
            s[:, :4] | (s[:, 4:] >> 4) << 6,
            m[:, :4] | (m[:, 4:] >> 4) << 6,
            (s[:, 4:] & 15) | (m[:, 4:] & 15) << 4,
        ],
        axis=1,
    )
    head = np.concatenate([_half(d), _half(minimum)], axis=1)
    return head, packed, values.clip(0, most).astype(np.uint8)


def _nibbles(values: NDArray[np.uint8]) -> Bytes:
    """Pack (n, 8, 32) values of 4 bits: of 64 values, the first 32 are the low halves."""
    pairs = values.reshape(-1, 4, 2, 32)
    return (pairs[:, :, 0] | pairs[:, :, 1] << 4).reshape(-1, 128)


def _q4_k(blocks: Floats) -> Bytes:
    head, scales, values = _with_minimum(blocks, 15)
    return np.concatenate([head, scales, _nibbles(values)], axis=1)


def _q5_k(blocks: Floats) -> Bytes:
    head, scales, values = _with_minimum(blocks, 31)
    fifth = (values >> 4) << np.arange(8, dtype=np.uint8)[None, :, None]
    high = np.bitwise_or.reduce(fifth, axis=1)
    return np.concatenate([head, scales, high, _nibbles(values & 15)], axis=1)


def _q6_k(blocks: Floats) -> Bytes:
    parts = blocks.reshape(-1, 16, 16)
    spread = np.abs(parts).max(2) / 31
    d = (spread.max(1) / 127).astype(np.float16).astype(np.float32)
    scale = np.rint(spread / np.maximum(d, 1e-12)[:, None]).clip(0, 127)
    step = (d[:, None] * scale)[:, :, None]
    signed = np.rint(np.divide(parts, step, out=np.zeros_like(parts), where=step > 0))
    values = (signed.clip(-32, 31) + 32).astype(np.uint8).reshape(-1, 2, 4, 32)
    low = values & 15
    pairs = np.stack([low[:, :, 0] | low[:, :, 2] << 4, low[:, :, 1] | low[:, :, 3] << 4], axis=2)
    high = values >> 4
    bits = high[:, :, 0] | high[:, :, 1] << 2 | high[:, :, 2] << 4 | high[:, :, 3] << 6
    return np.concatenate(
        [
            pairs.reshape(-1, 128),
            bits.reshape(-1, 64),
            scale.astype(np.int8).view(np.uint8),
            _half(d),
        ],
        axis=1,
    )
