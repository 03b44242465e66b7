"""A GPU with little room: weights come in their turn, and the pixels stay the same."""

from __future__ import annotations

import gc
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Size
from bot.engine.backends.fused.backend import FusedBackend
from bot.engine.backends.fused.offload import HostBuffer, Layers, OffloadedLayer, StagingBuffers
from bot.engine.backends.fused.weights import Matrices
from bot.engine.placement import LEAST, Placement
from bot.engine.z_image import ZImageEngine
from tests.gpu.test_gpu import request

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]
SIDES = (128, 256, 512)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    gc.collect()
    torch.cuda.empty_cache()


def new_engine(folder: Path, **options: str) -> ZImageEngine:
    return ZImageEngine(folder, model_id="demo", revision="test", device="cuda", **options)


def hashes(engine: ZImageEngine) -> list[str]:
    wanted = [request(side) for side in SIDES]
    wanted.append(
        ImageRequest(prompt="红苹果", seed=1, size=Size(width=256, height=128), guidance_scale=1.4)
    )
    return [engine.draw(DrawTask(request=each)).image.pixel_sha256 for each in wanted]


def keep_to(engine: ZImageEngine, plan: Placement, monkeypatch: pytest.MonkeyPatch) -> FusedBackend:
    parts = engine._loaded()
    monkeypatch.setattr(engine._loaded().planner, "settled", lambda *_, **__: plan)
    parts.text._cache.clear()
    assert isinstance(parts.backends.now, FusedBackend)
    return parts.backends.now


def test_weights_that_come_in_their_turn_draw_the_same_pixels(
    demo_model: Path, monkeypatch: pytest.MonkeyPatch
):
    engine = new_engine(demo_model)
    wanted = hashes(engine)
    for plan in (
        LEAST,
        Placement(blocks=3, readers=0, text_layers=0, table=False, graphs=False),
        Placement(text_layers=1, table=False, graphs=False),
        Placement(table=False),
        Placement(),
    ):
        path = keep_to(engine, plan, monkeypatch)
        assert hashes(engine) == wanted
        assert hashes(engine) == wanted  # from what the last image left in the buffers
        assert path._transformer.layers.streams is (plan.blocks is not None)


def test_a_small_budget_at_the_start_is_kept_and_draws_the_same(
    demo_model: Path, monkeypatch: pytest.MonkeyPatch
):
    wanted = hashes(new_engine(demo_model))
    monkeypatch.setattr("bot.engine.memory.place", lambda *_: LEAST)
    engine = new_engine(demo_model)
    engine.load()
    path = engine._loaded().backends.now
    assert path._transformer.layers.streams
    assert path._text.layers.streams
    assert hashes(engine) == wanted


def test_the_reference_path_draws_the_same_from_main_memory(
    demo_model: Path, monkeypatch: pytest.MonkeyPatch
):
    wanted = hashes(new_engine(demo_model, path="reference"))
    monkeypatch.setattr("bot.engine.memory.place", lambda *_: LEAST)
    engine = new_engine(demo_model, path="reference")
    assert hashes(engine) == wanted
    assert engine._loaded().transformer.layers[0].attention.to_q.weight.device.type == "cpu"


@pytest.mark.parametrize("precision", ["int8", "int4"])
@pytest.mark.skipif(not importlib.util.find_spec("torchao"), reason="torchao is not installed")
def test_fewer_bits_draw_and_come_in_their_turn(
    demo_model: Path, monkeypatch: pytest.MonkeyPatch, precision: str
):
    engine = new_engine(demo_model, precision=precision)
    wanted = hashes(engine)
    assert len(set(wanted)) == len(wanted)
    keep_to(engine, LEAST, monkeypatch)
    assert hashes(engine) == wanted


def test_main_memory_is_pinned_and_let_go():
    buffer = HostBuffer(1 << 20, pinned=True)
    assert buffer.bytes.is_pinned()
    again = buffer.bytes
    del buffer
    gc.collect()
    assert not again.is_pinned()


def test_copies_never_overtake_what_reads_the_buffers():
    """Layers that only one full buffer's values can be right for, far more than there are slots."""
    device, size = torch.device("cuda"), 1024
    slots = StagingBuffers(device)
    layers = Layers(slots)
    for i in range(7):
        whole = torch.full((size, size), float(i + 1), device=device)
        small = torch.ones((8, 8), device=device)
        layers.add(Matrices(whole, small, small, small), ((), (), (), ()), stays=False)
    slots.reserve(layers.largest)
    ones = torch.ones((size, size), device=device)
    for _ in range(20):
        sums = []
        for weights in layers.walk():
            product = ones
            for _ in range(4):  # long enough for the next copies to be there before it ends
                product = product @ weights.qkv / weights.qkv[0, 0] / size
            sums.append((product * weights.qkv[0, 0]).mean())
        assert torch.stack(sums).tolist() == pytest.approx([1, 2, 3, 4, 5, 6, 7], rel=1e-3)


def test_what_is_away_needs_its_size_only():
    matrices = Matrices(*(torch.ones((100, 100), device="cuda") for _ in range(4)))
    assert OffloadedLayer(matrices, pinned=True).size == 4 * 40_448  # 40,000 bytes, aligned to 512
