"""The work between the decoder's convolutions as Triton kernels.

Cells lie channels last: (cells, channels). As everywhere on this path nothing is tuned at run time.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def group_parts(
    x_ptr, added_ptr, bias_ptr, means_ptr, squares_ptr, cells, tiles,
    CHANNELS: tl.constexpr, GROUPS: tl.constexpr, ROWS: tl.constexpr,
    ADDED: tl.constexpr, BIASED: tl.constexpr, KEPT: tl.constexpr,
):  # fmt: skip
    """Add up `tiles` times ROWS cells; take each group's mean and squared deviations in them."""
    part = tl.program_id(0).to(tl.int64)
    channel = tl.arange(0, CHANNELS)[None, :]
    each: tl.constexpr = CHANNELS // GROUPS
    count = 0.0
    means = tl.zeros((GROUPS,), tl.float32)
    squares = tl.zeros((GROUPS,), tl.float32)
    for tile in range(tiles):
        first = (part * tiles + tile) * ROWS
        cell = first + tl.arange(0, ROWS)
        inside = (cell < cells)[:, None]
        at = cell[:, None] * CHANNELS + channel
        x = tl.load(x_ptr + at, mask=inside, other=0.0).to(tl.float32)
        if ADDED:
            x += tl.load(added_ptr + at, mask=inside, other=0.0).to(tl.float32)
        if BIASED:
            x += tl.load(bias_ptr + channel).to(tl.float32)
        if KEPT:
            kept = x.to(x_ptr.dtype.element_ty)
            tl.store(x_ptr + at, kept, mask=inside)
            x = kept.to(tl.float32)
        x = tl.reshape(tl.where(inside, x, 0.0), (ROWS, GROUPS, each))
        here = (tl.maximum(tl.minimum(cells - first, ROWS), 0) * each).to(tl.float32)
        mean = tl.sum(tl.sum(x, axis=2), axis=0) / tl.maximum(here, 1.0)
        apart = tl.where(inside[:, :, None], x - mean[None, :, None], 0.0)
        total = count + here
        delta = mean - means
        share = here / tl.maximum(total, 1.0)
        means += delta * share
        squares += tl.sum(tl.sum(apart * apart, axis=2), axis=0) + delta * delta * count * share
        count = total
    at_group = part * GROUPS + tl.arange(0, GROUPS)
    tl.store(means_ptr + at_group, means)
    tl.store(squares_ptr + at_group, squares)


@triton.jit
def group_whole(
    means_ptr, squares_ptr, weight_ptr, bias_ptr, before_ptr, scale_ptr, shift_ptr,
    cells, parts, span, eps,
    CHANNELS: tl.constexpr, GROUPS: tl.constexpr, BLOCK: tl.constexpr, BIASED: tl.constexpr,
):  # fmt: skip
    """Put a group's parts of `span` cells together: what its channels are scaled and moved by.

    With BIASED, `before` is what is still to be added to each channel before that.
    """
    group = tl.program_id(0)
    each: tl.constexpr = CHANNELS // GROUPS
    total = tl.zeros((BLOCK,), tl.float64)
    for start in range(0, parts, BLOCK):
        part = start + tl.arange(0, BLOCK)
        count = tl.maximum(tl.minimum(cells - part * span, span), 0) * each
        mean = tl.load(means_ptr + part * GROUPS + group, mask=part < parts, other=0.0)
        total += mean.to(tl.float64) * count
    whole_mean = tl.sum(total) / (cells.to(tl.float64) * each)
    total = tl.zeros((BLOCK,), tl.float64)
    for start in range(0, parts, BLOCK):
        part = start + tl.arange(0, BLOCK)
        count = tl.maximum(tl.minimum(cells - part * span, span), 0) * each
        mean = tl.load(means_ptr + part * GROUPS + group, mask=part < parts, other=0.0)
        squares = tl.load(squares_ptr + part * GROUPS + group, mask=part < parts, other=0.0)
        apart = mean.to(tl.float64) - whole_mean
        total += squares.to(tl.float64) + tl.where(part < parts, apart * apart * count, 0.0)
    variance = (tl.sum(total) / (cells.to(tl.float64) * each)).to(tl.float32)
    inverse = tl.rsqrt(variance + eps)
    channel = group * each + tl.arange(0, each)
    scale = tl.load(weight_ptr + channel).to(tl.float32) * inverse
    away = 0.0 - whole_mean.to(tl.float32)
    if BIASED:
        away += tl.load(before_ptr + channel).to(tl.float32)
    tl.store(scale_ptr + channel, scale)
    tl.store(shift_ptr + channel, tl.load(bias_ptr + channel).to(tl.float32) + away * scale)


@triton.jit
def scaled(
    x_ptr, scale_ptr, shift_ptr, out_ptr, cells,
    CHANNELS: tl.constexpr, ROWS: tl.constexpr, SILU: tl.constexpr,
):  # fmt: skip
    """Scale and move each channel, then silu."""
    cell = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)[:, None]
    channel = tl.arange(0, CHANNELS)[None, :]
    mask = (cell < cells) & (channel < CHANNELS)
    x = tl.load(x_ptr + cell * CHANNELS + channel, mask=mask, other=0.0).to(tl.float32)
    x = x * tl.load(scale_ptr + channel) + tl.load(shift_ptr + channel)
    if SILU:
        x = x * tl.sigmoid(x)
    tl.store(out_ptr + cell * CHANNELS + channel, x.to(out_ptr.dtype.element_ty), mask=mask)


@triton.jit
def double(
    x_ptr, added_ptr, bias_ptr, out_ptr, cells, width,
    CHANNELS: tl.constexpr, ROWS: tl.constexpr, ADDED: tl.constexpr, BIASED: tl.constexpr,
):  # fmt: skip
    """Add up cells and write each of them four times."""
    cell = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)[:, None]
    channel = tl.arange(0, CHANNELS)[None, :]
    mask = (cell < cells) & (channel < CHANNELS)
    x = tl.load(x_ptr + cell * CHANNELS + channel, mask=mask, other=0.0).to(tl.float32)
    if ADDED:
        x += tl.load(added_ptr + cell * CHANNELS + channel, mask=mask, other=0.0).to(tl.float32)
    if BIASED:
        x += tl.load(bias_ptr + channel).to(tl.float32)
    x = x.to(out_ptr.dtype.element_ty)
    row, column = cell // width, cell % width
    first = out_ptr + (4 * row * width + 2 * column) * CHANNELS + channel
    tl.store(first, x, mask=mask)
    tl.store(first + CHANNELS, x, mask=mask)
    tl.store(first + 2 * width * CHANNELS, x, mask=mask)
    tl.store(first + 2 * width * CHANNELS + CHANNELS, x, mask=mask)


@triton.jit
def attend(
    q_ptr, k_ptr, v_ptr, out_ptr, cells, stride, scale,
    SIZE: tl.constexpr, QUERIES: tl.constexpr, KEYS: tl.constexpr,
):  # fmt: skip
    """Attention of one wide head, QUERIES cells a program; `stride` is that of q, k and v.

    `scale` holds log2(e), as powers of two are what the hardware computes.
    """
    query = tl.program_id(0) * QUERIES + tl.arange(0, QUERIES)
    column = tl.arange(0, SIZE)
    is_query = (query < cells)[:, None]
    q = tl.load(q_ptr + query[:, None] * stride + column[None, :], mask=is_query, other=0.0)
    largest = tl.full((QUERIES,), float("-inf"), tl.float32)
    weights = tl.zeros((QUERIES,), tl.float32)
    total = tl.zeros((QUERIES, SIZE), tl.float32)
    for start in range(0, cells, KEYS):
        key = start + tl.arange(0, KEYS)
        is_key = (key < cells)[:, None]
        at = key[:, None] * stride + column[None, :]
        k = tl.load(k_ptr + at, mask=is_key, other=0.0)
        score = tl.dot(q, tl.trans(k)) * scale
        score = tl.where((key < cells)[None, :], score, float("-inf"))
        now = tl.maximum(largest, tl.max(score, axis=1))
        weight = tl.exp2(score - now[:, None])
        kept = tl.exp2(largest - now)
        weights = weights * kept + tl.sum(weight, axis=1)
        v = tl.load(v_ptr + at, mask=is_key, other=0.0)
        total = tl.dot(weight.to(v.dtype), v, total * kept[:, None])
        largest = now
    found = (total / weights[:, None]).to(out_ptr.dtype.element_ty)
    tl.store(out_ptr + query[:, None] * SIZE + column[None, :], found, mask=is_query)
