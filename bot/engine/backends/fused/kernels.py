"""The work between matrix products as Triton kernels: one pass over memory each.

No kernel is tuned at run time: what it computes must not depend on a race between candidates. Each
is compiled once a machine (a second or two) and serves every image size.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _store_rows(
    values, rows_ptr, scales_ptr, row, columns, col, mask,
    QUANTISED: tl.constexpr, MAX: tl.constexpr, LEAST: tl.constexpr,
):  # fmt: skip
    """Write a row, in 8 bits by its largest value where that is asked for."""
    if QUANTISED:
        largest = tl.max(tl.where(mask, tl.abs(values), 0.0))
        scale = tl.maximum(largest, LEAST) / MAX
        tl.store(scales_ptr + row, scale)
        values = values / scale
    tl.store(rows_ptr + row * columns + col, values.to(rows_ptr.dtype.element_ty), mask=mask)


@triton.jit
def norm(
    x_ptr, scale_ptr, rows_ptr, scales_ptr, columns, eps,
    BLOCK: tl.constexpr, QUANTISED: tl.constexpr, MAX: tl.constexpr, LEAST: tl.constexpr,
):  # fmt: skip
    """Normalise a row by its root mean square and scale it."""
    row = tl.program_id(0).to(tl.int64)
    col = tl.arange(0, BLOCK)
    mask = col < columns
    x = tl.load(x_ptr + row * columns + col, mask=mask, other=0.0).to(tl.float32)
    h = x * tl.rsqrt(tl.sum(x * x) / columns + eps) * tl.load(scale_ptr + col, mask=mask, other=0.0)
    _store_rows(h, rows_ptr, scales_ptr, row, columns, col, mask, QUANTISED, MAX, LEAST)


@triton.jit
def add_norm(
    x_ptr, y_ptr, gate_ptr, scale_ptr, rows_ptr, scales_ptr, columns, eps,
    BLOCK: tl.constexpr, GATED: tl.constexpr, NORMED: tl.constexpr,
    QUANTISED: tl.constexpr, MAX: tl.constexpr, LEAST: tl.constexpr,
):  # fmt: skip
    """Add one row to another, normalised and gated or as it is, and normalise the sum."""
    row = tl.program_id(0).to(tl.int64)
    col = tl.arange(0, BLOCK)
    mask = col < columns
    x = tl.load(x_ptr + row * columns + col, mask=mask, other=0.0).to(tl.float32)
    y = tl.load(y_ptr + row * columns + col, mask=mask, other=0.0).to(tl.float32)
    if GATED:
        gate = tl.load(gate_ptr + col, mask=mask, other=0.0)
        y = y * tl.rsqrt(tl.sum(y * y) / columns + eps) * gate
    total = (x + y).to(x_ptr.dtype.element_ty)
    tl.store(x_ptr + row * columns + col, total, mask=mask)
    if NORMED:
        x = total.to(tl.float32)
        scale = tl.load(scale_ptr + col, mask=mask, other=0.0)
        h = x * tl.rsqrt(tl.sum(x * x) / columns + eps) * scale
        _store_rows(h, rows_ptr, scales_ptr, row, columns, col, mask, QUANTISED, MAX, LEAST)


@triton.jit
def rotate(
    qkv_ptr, query_norm_ptr, key_norm_ptr, cos_ptr, sin_ptr, columns, eps,
    QUERIES: tl.constexpr, KEYS: tl.constexpr, SIZE: tl.constexpr,
    HEADS: tl.constexpr, PAIRS: tl.constexpr, INTERLEAVED: tl.constexpr,
):  # fmt: skip
    """Normalise and turn all heads of one token; its queries and keys lie side by side."""
    token = tl.program_id(0).to(tl.int64)
    head = tl.arange(0, HEADS)[:, None]
    pair = tl.arange(0, PAIRS)[None, :]
    is_pair = (head < QUERIES + KEYS) & (pair < SIZE // 2)
    base = qkv_ptr + token * columns + head * SIZE
    if INTERLEAVED:
        both = tl.arange(0, 2 * PAIRS)[None, :]
        is_value = (head < QUERIES + KEYS) & (both < SIZE)
        loaded = tl.load(base + both, mask=is_value, other=0.0).to(tl.float32)
        first, second = tl.split(tl.reshape(loaded, (HEADS, PAIRS, 2)))
        first_at, second_at = 2 * pair, 2 * pair + 1
    else:
        first_at, second_at = pair, pair + SIZE // 2
        first = tl.load(base + first_at, mask=is_pair, other=0.0).to(tl.float32)
        second = tl.load(base + second_at, mask=is_pair, other=0.0).to(tl.float32)
    inside = pair < SIZE // 2
    is_query = head < QUERIES
    first_norm = tl.where(
        is_query,
        tl.load(query_norm_ptr + first_at, mask=inside, other=0.0),
        tl.load(key_norm_ptr + first_at, mask=inside, other=0.0),
    )
    second_norm = tl.where(
        is_query,
        tl.load(query_norm_ptr + second_at, mask=inside, other=0.0),
        tl.load(key_norm_ptr + second_at, mask=inside, other=0.0),
    )
    squares = tl.sum(first * first + second * second, axis=1)[:, None]
    inverse = tl.rsqrt(squares / SIZE + eps)
    first = first * inverse * first_norm
    second = second * inverse * second_norm
    cos = tl.load(cos_ptr + token * (SIZE // 2) + pair, mask=inside, other=0.0)
    sin = tl.load(sin_ptr + token * (SIZE // 2) + pair, mask=inside, other=0.0)
    turned_first = (first * cos - second * sin).to(qkv_ptr.dtype.element_ty)
    turned_second = (first * sin + second * cos).to(qkv_ptr.dtype.element_ty)
    if INTERLEAVED:
        turned = tl.reshape(tl.join(turned_first, turned_second), (HEADS, 2 * PAIRS))
        tl.store(base + both, turned, mask=is_value)
    else:
        tl.store(base + first_at, turned_first, mask=is_pair)
        tl.store(base + second_at, turned_second, mask=is_pair)


@triton.jit
def gate(
    both_ptr, rows_ptr, scales_ptr, columns,
    BLOCK: tl.constexpr, QUANTISED: tl.constexpr, MAX: tl.constexpr, LEAST: tl.constexpr,
):  # fmt: skip
    """Multiply silu of a row's first half with its second half."""
    row = tl.program_id(0).to(tl.int64)
    col = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    mask = col < columns
    left = tl.load(both_ptr + row * 2 * columns + col, mask=mask, other=0.0).to(tl.float32)
    right = tl.load(both_ptr + (row * 2 + 1) * columns + col, mask=mask, other=0.0).to(tl.float32)
    h = left * tl.sigmoid(left) * right
    _store_rows(h, rows_ptr, scales_ptr, row, columns, col, mask, QUANTISED, MAX, LEAST)


@triton.jit
def quantise(
    x_ptr, rows_ptr, scales_ptr, columns,
    BLOCK: tl.constexpr, MAX: tl.constexpr, LEAST: tl.constexpr,
):  # fmt: skip
    """Bring a row to 8 bits."""
    row = tl.program_id(0).to(tl.int64)
    col = tl.arange(0, BLOCK)
    mask = col < columns
    x = tl.load(x_ptr + row * columns + col, mask=mask, other=0.0).to(tl.float32)
    _store_rows(x, rows_ptr, scales_ptr, row, columns, col, mask, True, MAX, LEAST)
