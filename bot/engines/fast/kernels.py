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


@triton.jit
def group_parts(
    x_ptr, means_ptr, squares_ptr, cells,
    CHANNELS: tl.constexpr, GROUPS: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """Take mean and squared deviations of each group in ROWS cells, (parts, groups)."""
    part = tl.program_id(0).to(tl.int64)
    cell = part * ROWS + tl.arange(0, ROWS)[:, None]
    channel = tl.arange(0, CHANNELS)[None, :]
    mask = (cell < cells) & (channel < CHANNELS)
    x = tl.load(x_ptr + cell * CHANNELS + channel, mask=mask, other=0.0).to(tl.float32)
    x = tl.reshape(x, (ROWS, GROUPS, CHANNELS // GROUPS))
    count = tl.minimum(cells - part * ROWS, ROWS) * (CHANNELS // GROUPS)
    mean = tl.sum(tl.sum(x, axis=2), axis=0) / count
    inside = (part * ROWS + tl.arange(0, ROWS)) < cells
    apart = tl.where(inside[:, None, None], x - mean[None, :, None], 0.0)
    squares = tl.sum(tl.sum(apart * apart, axis=2), axis=0)
    at = part * GROUPS + tl.arange(0, GROUPS)
    tl.store(means_ptr + at, mean)
    tl.store(squares_ptr + at, squares)


@triton.jit
def group_whole(
    means_ptr, squares_ptr, weight_ptr, bias_ptr, scale_ptr, shift_ptr, cells, parts, eps,
    CHANNELS: tl.constexpr, GROUPS: tl.constexpr, ROWS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Put a group's parts together: what its channels are multiplied by and moved by."""
    group = tl.program_id(0)
    each: tl.constexpr = CHANNELS // GROUPS
    total = tl.zeros((BLOCK,), tl.float64)
    for start in range(0, parts, BLOCK):
        part = start + tl.arange(0, BLOCK)
        count = tl.maximum(tl.minimum(cells - part * ROWS, ROWS), 0) * each
        mean = tl.load(means_ptr + part * GROUPS + group, mask=part < parts, other=0.0)
        total += mean.to(tl.float64) * count
    whole_mean = tl.sum(total) / (cells * each)
    total = tl.zeros((BLOCK,), tl.float64)
    for start in range(0, parts, BLOCK):
        part = start + tl.arange(0, BLOCK)
        count = tl.maximum(tl.minimum(cells - part * ROWS, ROWS), 0) * each
        mean = tl.load(means_ptr + part * GROUPS + group, mask=part < parts, other=0.0)
        squares = tl.load(squares_ptr + part * GROUPS + group, mask=part < parts, other=0.0)
        apart = mean.to(tl.float64) - whole_mean
        total += squares.to(tl.float64) + tl.where(part < parts, apart * apart * count, 0.0)
    variance = (tl.sum(total) / (cells * each)).to(tl.float32)
    inverse = tl.rsqrt(variance + eps)
    channel = group * each + tl.arange(0, each)
    scale = tl.load(weight_ptr + channel).to(tl.float32) * inverse
    tl.store(scale_ptr + channel, scale)
    bias = tl.load(bias_ptr + channel).to(tl.float32)
    tl.store(shift_ptr + channel, bias - whole_mean.to(tl.float32) * scale)


@triton.jit
def scale_silu(
    x_ptr, scale_ptr, shift_ptr, out_ptr, cells,
    CHANNELS: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """Scale and move each channel, then silu."""
    cell = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)[:, None]
    channel = tl.arange(0, CHANNELS)[None, :]
    mask = (cell < cells) & (channel < CHANNELS)
    x = tl.load(x_ptr + cell * CHANNELS + channel, mask=mask, other=0.0).to(tl.float32)
    x = x * tl.load(scale_ptr + channel) + tl.load(shift_ptr + channel)
    x = x * tl.sigmoid(x)
    tl.store(out_ptr + cell * CHANNELS + channel, x.to(out_ptr.dtype.element_ty), mask=mask)
