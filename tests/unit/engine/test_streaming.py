"""Weights that come in their turn draw the same pixels as weights that stay."""

from __future__ import annotations

import gc
import importlib.util
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Quality, Size
from bot.engine.placement import LEAST, Placement
from bot.errors import SettingsError
from bot.media.encoding import to_pillow
from bot.media.pixel_comparison import compare
from tests.support.later import imported_later
from tests.support.sampling import sampled

with imported_later():
    import torch

    from bot.engine.backends.fused.backend import FusedBackend
    from bot.engine.backends.fused.offload import HostBuffer, OffloadedLayer, going
    from bot.engine.backends.fused.quantised import choose_shrink
    from bot.engine.backends.fused.transformer_ops import Int4Weight, linear, quantise
    from bot.engine.backends.fused.weights import Matrices
    from bot.engine.hardware import check_precision
    from bot.engine.z_image import ZImageEngine

REQUEST = ImageRequest(
    prompt="红苹果", seed=3, size=Size(width=128, height=128), quality=Quality.DRAFT,
    guidance_scale=1.3,
)  # fmt: skip
OTHER = replace(REQUEST, prompt="a fox", seed=4, guidance_scale=0.0)
PLANS = {
    "nothing stays": LEAST,
    "one block and some text come": Placement(blocks=6, readers=1, text_layers=1, graphs=False),
    "three blocks come": Placement(blocks=4, readers=0, text_layers=0, table=False, graphs=False),
    "all stay": Placement(),
}


def new_engine(folder: Path, **options: str) -> ZImageEngine:
    return ZImageEngine(
        folder, model_id="demo", revision="test", device="cpu", path="fast", **options
    )


@pytest.fixture(scope="module")
def engine(demo_model: Path) -> Iterator[ZImageEngine]:
    engine = new_engine(demo_model)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def wanted(engine: ZImageEngine) -> list[str]:
    return [engine.draw(DrawTask(request=each)).image.pixel_sha256 for each in (REQUEST, OTHER)]


def settle(engine: ZImageEngine, plan: Placement, monkeypatch: pytest.MonkeyPatch) -> FusedBackend:
    """Let the engine keep to a plan, whatever room there is."""
    parts = engine._loaded()
    assert isinstance(parts.backends.now, FusedBackend)
    monkeypatch.setattr(engine._loaded().planner, "settled", lambda *_, **__: plan)
    parts.text._cache.clear()
    return parts.backends.now


@pytest.mark.parametrize("name", sampled(PLANS, first=1))
def test_whatever_comes_in_its_turn_the_pixels_stay_the_same(
    engine: ZImageEngine, wanted: list[str], monkeypatch: pytest.MonkeyPatch, name: str
):
    path = settle(engine, PLANS[name], monkeypatch)
    found = [engine.draw(DrawTask(request=each)).image.pixel_sha256 for each in (REQUEST, OTHER)]
    assert found == wanted
    assert path._transformer.layers.streams is (PLANS[name].blocks is not None)
    assert path._text.layers.streams is (PLANS[name].text_layers is not None)
    assert path.shares_all is (name == "all stay")


def test_a_plan_at_the_start_is_kept_while_loading(
    demo_model: Path, wanted: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.engine.memory.place", lambda *_: PLANS["three blocks come"])
    engine = new_engine(demo_model)
    engine.load()
    assert engine._loaded().backends.now._transformer.layers.streams
    assert engine.draw(DrawTask(request=REQUEST)).image.pixel_sha256 == wanted[0]
    engine.close()


def test_what_is_away_is_laid_out_as_it_was():
    scaled = quantise(torch.randn(16, 32))
    matrices = Matrices(torch.randn(9, 32), torch.randn(8, 8).bfloat16(), scaled, torch.ones(4, 4))
    away = OffloadedLayer(matrices, pinned=False)
    back = away.over(away.bytes.clone())
    assert torch.equal(back.qkv, matrices.qkv)
    assert torch.equal(back.out, matrices.out)
    assert torch.equal(back.up.values.float(), scaled.values.float())
    assert torch.equal(back.up.scale, scaled.scale)
    assert all(each.data_ptr() % 64 == 0 for each in (back.qkv, back.out, back.down))


def test_main_memory_outlives_what_reserved_it():
    view = HostBuffer(4096, pinned=False).bytes[:8]
    gc.collect()
    view.fill_(7)
    assert view.tolist() == [7] * 8


@pytest.mark.parametrize("layers", [1, 4, 30, 35])
def test_layers_that_leave_are_spread_and_more_of_them_hold_the_fewer(layers: int):
    sets = [set(going(layers, count)) for count in range(layers + 1)]
    assert [len(each) for each in sets] == list(range(layers + 1))
    assert all(fewer < more for fewer, more in itertools.pairwise(sets))
    if layers == 30:
        assert going(layers, 8) == [0, 4, 8, 12, 16, 20, 24, 28]


has_torchao = pytest.mark.skipif(
    not importlib.util.find_spec("torchao"), reason="torchao is not installed"
)


@has_torchao
@pytest.mark.parametrize(("precision", "most"), sampled([("int8", 4), ("int4", 20)], first=1))
@pytest.mark.nightly
def test_fewer_bits_draw_nearly_the_same_and_come_in_their_turn_too(
    demo_model: Path, engine: ZImageEngine, monkeypatch: pytest.MonkeyPatch,
    precision: str, most: int,
):  # fmt: skip
    small = new_engine(demo_model, precision=precision)
    drawing = small.draw(DrawTask(request=OTHER))
    assert str(drawing.conditions["quantization"]).startswith(f"{precision} weights ")
    difference = compare(
        to_pillow(engine.draw(DrawTask(request=OTHER)).image), to_pillow(drawing.image)
    )
    assert difference is not None
    assert 0 < difference.mean < most  # of 255
    settle(small, LEAST, monkeypatch)
    assert small.draw(DrawTask(request=OTHER)).image.pixel_sha256 == drawing.image.pixel_sha256
    assert not small._loaded().backends.now.shares_all
    small.close()


@has_torchao
@pytest.mark.parametrize("columns", [336, 896])
def test_four_bits_are_as_far_off_as_four_bits_are(columns: int):
    matrix = torch.randn((48, columns), generator=torch.Generator().manual_seed(5))
    shrink = choose_shrink("int4")
    assert shrink is not None
    small = shrink(matrix)
    assert isinstance(small, Int4Weight)
    assert small.values.nbytes == matrix.numel() // 2
    apart = (small.plain() - matrix).abs()
    step = small.scale.expand(-1, -1, columns // small.scale.shape[1]).flatten(1)
    assert (apart <= step * 0.51).all()
    rows = torch.randn((3, columns), generator=torch.Generator().manual_seed(6))
    assert torch.equal(linear(rows, small), rows @ small.plain().T)


@pytest.mark.parametrize(
    ("precision", "is_fast", "why"),
    [
        ("int8", False, "it needs the fast path; set ENGINE_PATH=fast"),
        ("fp8", True, "compute capability 8.9"),
        ("fp8", False, "compute capability 8.9"),  # no other path would help
        ("int4", False, "it needs the fast path; set ENGINE_PATH=fast"),
    ],
)
def test_a_precision_that_is_not_here_is_refused(precision: str, why: str, *, is_fast: bool):
    with pytest.raises(SettingsError, match=f"PRECISION '{precision}' does not work here.*({why})"):
        check_precision(precision, torch.device("cpu"), torch.float32, is_fast=is_fast)
