"""LoRAs on a GPU: every precision and memory tier, with recorded graphs and without."""

from __future__ import annotations

import gc
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bot.domain.requests import Adapter, Size
from bot.engine.placement import LEAST, Placement
from tests.support.lora_engines import LoraFiles, draw, keep_to, weights_hash

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]
PLANS = (
    LEAST,
    Placement(blocks=3, readers=0, text_layers=1, table=False, graphs=False),
    Placement(),
)
FORMS = ("kohya or musubi, fused qkv", "LoHa", "both parts, kohya", "differences, norms and biases")
SIZE = Size(width=128, height=128)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    gc.collect()
    torch.cuda.empty_cache()


@pytest.fixture
def files(demo_model: Path, tmp_path: Path) -> LoraFiles:
    return LoraFiles(demo_model, tmp_path)


@pytest.fixture
def loras(files: LoraFiles) -> list[Adapter]:
    return [files.make(form, seed=i, size=0.03) for i, form in enumerate(FORMS)]


def is_here(precision: str) -> bool:
    if precision == "fp8":
        return torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 9)
    return precision == "full" or importlib.util.find_spec("torchao") is not None


@pytest.mark.parametrize("precision", ["full", "fp8", "int8", "int4"])
def test_weights_come_back_bit_for_bit_and_images_repeat(
    files: LoraFiles, loras: list[Adapter], precision: str
):
    if not is_here(precision):
        pytest.skip(f"{precision} cannot be drawn with here")
    engine = files.engine(device="cuda", precision=precision)
    plain = draw(engine, size=SIZE)
    clean = weights_hash(engine)
    first = [draw(engine, each, size=SIZE) for each in loras]
    assert draw(engine, size=SIZE) == plain
    assert weights_hash(engine) == clean
    again = [draw(engine, each, size=SIZE) for each in reversed(loras)]
    assert again[::-1] == first
    assert len({plain, *first}) == len(first) + 1
    assert draw(engine, *loras[:3], size=SIZE) == draw(engine, *loras[:3], size=SIZE)
    draw(engine, size=SIZE)
    assert weights_hash(engine) == clean
    engine.close()


@pytest.mark.parametrize("precision", ["full", "fp8", "int8", "int4"])
def test_tiers_draw_the_same_and_weights_move_while_they_are_changed(
    files: LoraFiles, loras: list[Adapter], precision: str
):
    if not is_here(precision):
        pytest.skip(f"{precision} cannot be drawn with here")
    engine = files.engine(device="cuda", precision=precision)
    plain = draw(engine, size=SIZE)
    wanted = [draw(engine, each, size=SIZE) for each in loras]
    last = -1
    for i, plan in enumerate((*PLANS, *reversed(PLANS))):
        keep_to(engine, plan)
        assert draw(engine, loras[last], size=SIZE) == wanted[last]  # moved as it was merged
        assert draw(engine, size=SIZE) == plain
        assert [draw(engine, each, size=SIZE) for each in loras] == wanted
        last = i % len(loras)
        draw(engine, loras[last], size=SIZE)
    engine.close()


def test_copies_move_off_the_device_and_the_weights_stay_right(
    files: LoraFiles, loras: list[Adapter]
):
    engine = files.engine(device="cuda")
    plain = draw(engine, size=SIZE)
    wanted = draw(engine, loras[0], size=SIZE)
    clean = engine._loaded().adapters._clean
    assert clean._here
    assert not clean._away
    clean.keep_within(0)
    assert not clean._here
    assert clean._away
    assert all(tensor.is_pinned() for _, tensor in clean._away.values())
    assert draw(engine, size=SIZE) == plain
    assert draw(engine, loras[0], size=SIZE) == wanted
    clean._away.clear()  # then the model's files have them
    assert draw(engine, size=SIZE) == plain
    engine.close()


def test_both_paths_take_the_same_loras(files: LoraFiles, loras: list[Adapter]):
    engine = files.engine(device="cuda", path="reference")
    plain = draw(engine, size=SIZE)
    clean = weights_hash(engine)
    first = [draw(engine, each, size=SIZE) for each in loras]
    assert draw(engine, size=SIZE) == plain
    assert weights_hash(engine) == clean
    assert [draw(engine, each, size=SIZE) for each in loras] == first
    engine.close()


def test_the_reference_path_takes_them_from_main_memory(
    files: LoraFiles, loras: list[Adapter], monkeypatch: pytest.MonkeyPatch
):
    whole = files.engine(device="cuda", path="reference")
    wanted = [draw(whole, each, size=SIZE) for each in loras]
    plain = draw(whole, size=SIZE)
    whole.close()
    monkeypatch.setattr("bot.engine.memory.place", lambda *_: LEAST)
    engine = files.engine(device="cuda", path="reference")
    assert [draw(engine, each, size=SIZE) for each in loras] == wanted
    assert draw(engine, size=SIZE) == plain
    engine.close()
