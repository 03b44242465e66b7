"""The fast path on a GPU: as close to float32 as plain bfloat16, and the same bits each time."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from bot.engine.backends.fused.attention import choose_attention
from bot.engine.backends.fused.backend import FusedBackend, choose_operations
from bot.engine.backends.fused.decoder import FusedDecoder
from bot.engine.backends.fused.decoder_ops import DeferredAdd, TorchDecoderOps
from bot.engine.backends.fused.graphs import Graphs
from bot.engine.backends.fused.transformer_ops import Heads, Rotation, TorchTransformerOps, quantise
from bot.engine.backends.reference import ReferenceBackend
from bot.engine.hardware import make_deterministic
from tests.benchmarks.baseline import random_model
from tests.gpu.test_gpu import report

# Triton is where torch came with CUDA; elsewhere these tests are not even read.
triton_decoder_ops = pytest.importorskip("bot.engine.backends.fused.triton_decoder_ops")

TOKENS = (9, 31, 60, 77, 130)  # of five prompts
SEEDS = range(5)
SIDES = ((32, 32), (48, 40), (64, 64), (46, 90))  # height, width in latent cells
SIGMAS = (1.0, 0.75, 0.375)
WORST_RATIO = 1.1

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]


@pytest.fixture(scope="module")
def networks() -> Iterator[dict[str, Any]]:
    make_deterministic()
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("cuda"):
            plain = random_model.make_transformer().eval().requires_grad_(requires_grad=False)
            vae = random_model.make_vae().eval().requires_grad_(requires_grad=False)
    finally:
        torch.set_default_dtype(torch.float32)
    yield {"plain": plain, "exact": copy.deepcopy(plain).float(), "vae": vae}
    torch.cuda.empty_cache()


def apart(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found.double() - wanted.double()).norm() / wanted.double().norm())


@torch.inference_mode()
def test_the_fast_path_is_no_farther_from_float32_than_plain_bfloat16(networks: dict[str, Any]):
    exact = ReferenceBackend(networks["exact"], dtype=torch.float32)
    plain = ReferenceBackend(networks["plain"], dtype=torch.bfloat16)
    fast = FusedBackend(networks["plain"], networks["vae"], dtype=torch.bfloat16)
    errors: dict[str, list[float]] = {"plain": [], "fast": []}
    for (height, width), tokens, seed in itertools.product(SIDES, TOKENS, SEEDS):
        generator = torch.Generator("cpu").manual_seed(1000 * tokens + seed)
        embedding = torch.randn((tokens, 2560), generator=generator).cuda().bfloat16()
        latents = torch.randn((1, 16, height, width), generator=generator).cuda()
        shape = {"height": height, "width": width}
        i = seed % len(SIGMAS)
        wanted = exact.velocity(embedding.float(), SIGMAS, **shape)(latents, i)
        for name, path in (("plain", plain), ("fast", fast)):
            found = path.velocity(embedding, SIGMAS, **shape)(latents, i)
            errors[name].append(apart(found, wanted))
            again = path.velocity(embedding, SIGMAS, **shape)(latents, i)
            assert torch.equal(found, again)
    ratios = [one / other for one, other in zip(errors["fast"], errors["plain"], strict=True)]
    mean = sum(errors["fast"]) / sum(errors["plain"])
    report(
        what="fast path's error to float32 over plain bfloat16's",
        mean=mean, worst=max(ratios), cases=len(ratios), conditions=fast.conditions,
    )  # fmt: skip
    assert mean <= WORST_RATIO
    assert max(ratios) <= WORST_RATIO


@torch.inference_mode()
def test_a_replayed_graph_gives_the_bits_of_a_launch(networks: dict[str, Any]):
    fast = FusedBackend(networks["plain"], networks["vae"], dtype=torch.bfloat16)
    embedding = torch.randn((40, 2560), device="cuda", dtype=torch.bfloat16)
    latents = torch.randn((1, 16, 64, 64), device="cuda")
    velocity = fast.velocity(embedding, SIGMAS, height=64, width=64)
    replayed = [velocity(latents, i) for i in range(len(SIGMAS))]
    fast._graphs = Graphs(torch.device("cpu"))  # one that only calls
    launched = [velocity(latents, i) for i in range(len(SIGMAS))]
    for one, other in zip(replayed, launched, strict=True):
        assert torch.equal(one, other)


@torch.inference_mode()
def test_every_kernel_is_what_torch_computes():
    device = torch.device("cuda")
    triton, plain = choose_operations(device, quantised=False), TorchTransformerOps()
    assert triton.name.startswith("triton")
    x, y = torch.randn((2, 37, 3840), device=device, dtype=torch.bfloat16)
    scale, gate = torch.randn((2, 3840), device=device)
    assert apart(triton.norm(x, scale, 1e-5), plain.norm(x, scale, 1e-5)) < 1e-3
    for g, s in ((gate, scale), (None, scale), (gate, None)):
        sums, rows = [x.clone(), x.clone()], []
        for operations, total in zip((triton, plain), sums, strict=True):
            rows.append(operations.add_norm(total, y, g, s, 1e-5))
        assert apart(*sums) < 1e-3
        assert (rows[0] is None) == (s is None)
        assert s is None or apart(*rows) < 1e-3
    both = torch.randn((37, 20480), device=device, dtype=torch.bfloat16)
    assert apart(triton.gate(both), plain.gate(both)) < 1e-3
    for is_interleaved, query, key in ((True, 30, 30), (False, 32, 8), (True, 6, 6)):
        size = 56 if query == 6 else 128
        heads = Heads(
            query=query, key=key, size=size, eps=1e-6,
            query_norm=torch.randn(size, device=device), key_norm=torch.randn(size, device=device),
        )  # fmt: skip
        angle = torch.randn((37, size // 2), device=device)
        rotation = Rotation(cos=angle.cos(), sin=angle.sin(), is_interleaved=is_interleaved)
        columns = (query + 2 * key) * size
        one = torch.randn((37, columns), device=device, dtype=torch.bfloat16)
        other = one.clone()
        triton.rotate(one, heads, rotation)
        plain.rotate(other, heads, rotation)
        assert apart(one, other) < 1e-3
    rows = choose_operations(device, quantised=True).rows(x)
    wanted = quantise(x)
    assert torch.equal(rows.scale, wanted.scale)
    assert apart(rows.values.float(), wanted.values.float()) < 1e-2


@torch.inference_mode()
def test_every_kernel_of_the_decoder_is_what_torch_computes():
    device, dtype = torch.device("cuda"), torch.bfloat16
    norm = torch.nn.GroupNorm(32, 256, eps=1e-6)
    for parameter in norm.parameters():
        torch.nn.init.normal_(parameter)
    norm = norm.to(device)
    bias = torch.randn(256, device=device, dtype=dtype)
    for height, width in ((24, 40), (301, 517)):  # one tile of cells a program, and several
        shape = (1, 256, height, width)
        image, added = (_cells(torch.randn(shape, device=device, dtype=dtype) + 5) for _ in "ab")
        for a, b, kept in ((None, None, True), (added, bias, True), (None, bias, False)):
            sums = [image.clone(), image.float()]
            found = triton_decoder_ops.TritonDecoderOps(torch.device("cuda")).normalised(
                DeferredAdd(x=sums[0], added=a, bias=b), norm.to(dtype), silu=True, kept=kept
            )
            exact = TorchDecoderOps().normalised(
                DeferredAdd(x=sums[1], added=a, bias=b), norm.float(), silu=True, kept=kept
            )
            assert apart(found, exact) < 1e-2  # the sum is rounded before it is normalised
            assert apart(*sums) < 4e-3
            doubled = triton_decoder_ops.TritonDecoderOps(torch.device("cuda")).doubled(
                DeferredAdd(x=image, added=a, bias=b)
            )
            assert (
                apart(
                    doubled,
                    TorchDecoderOps().doubled(DeferredAdd(x=image.float(), added=a, bias=b)),
                )
                < 4e-3
            )
    q, k, v = torch.randn((3, 1000, 512), device=device, dtype=dtype)
    wanted = TorchDecoderOps().attended(q.float(), k.float(), v.float())
    plain = apart(TorchDecoderOps().attended(q, k, v), wanted)
    assert (
        apart(triton_decoder_ops.TritonDecoderOps(torch.device("cuda")).attended(q, k, v), wanted)
        < 2 * plain
    )


@torch.inference_mode()
def test_the_decoder_is_no_farther_from_float32_than_diffusers_own(networks: dict[str, Any]):
    own = networks["vae"].decoder
    fast = FusedDecoder(
        own, triton_decoder_ops.TritonDecoderOps(torch.device("cuda")), Graphs(torch.device("cuda"))
    )
    exact = copy.deepcopy(own).float()
    for height, width in ((64, 64), (90, 46), (128, 144)):
        latents = torch.randn((1, 16, height, width), device="cuda")
        wanted = exact(latents)
        plain, found = apart(own(latents.bfloat16()), wanted), fast(latents.bfloat16())
        report(what="decoder's error to float32", plain=plain, fast=apart(found, wanted))
        assert apart(found, wanted) <= WORST_RATIO * plain
        assert torch.equal(found, fast(latents.bfloat16()))


def _cells(x: torch.Tensor) -> torch.Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def test_a_hopper_gpu_has_its_own_attention():
    name, attend = choose_attention(torch.device("cuda"), torch.bfloat16)
    q = torch.randn((3, 70, 4, 128), device="cuda", dtype=torch.bfloat16).unbind(0)
    _, plain = choose_attention(torch.device("cpu"), torch.float32)
    wanted = plain(*(each.float().cpu() for each in q))
    report(what="attention", name=name)
    assert apart(attend(*q).cpu(), wanted) < 5e-3
