"""How much of a model stays on a GPU, by arithmetic: the real model's sizes, every tier."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.requests import Size
from bot.engine.placement import GIB, LEAST, Footprint, Placement, described, place
from bot.errors import SettingsError
from tests.support.later import imported_later

with imported_later():
    import torch

    from bot.engine.checked_model import open_checked_model
    from bot.engine.memory import MemoryPlanner
    from bot.engine.parts import LoadOptions, measure

# What `measure` finds for Z-Image-Turbo in bfloat16 on a GPU; 20.4 GB of weights.
TURBO = Footprint(
    rest=544_138_188, block=353_894_400, blocks=32, readers=2, text_layer=201_850_880,
    text_layers=35, table=777_912_320, token=115_200, pixel=2_048, tile=1024,
)  # fmt: skip
EIGHT_BITS = replace(TURBO, block=TURBO.block // 2, text_layer=TURBO.text_layer // 2)
NATIVE = TURBO.work(width=1024, height=1024, tiled=False)


class Budget:
    """So many bytes, whatever the machine has."""

    def __init__(self, size_bytes: int) -> None:
        self.bytes = size_bytes

    def now(self) -> int:
        return self.bytes


def used(model: Footprint, plan: Placement) -> int:
    """Return the bytes that a plan takes on the device, with the two buffers of what comes."""
    streams = [
        size
        for size, kept in ((model.block, plan.blocks), (model.text_layer, plan.text_layers))
        if kept is not None
    ]
    graphs = model.graphs if plan.graphs else 0
    return model.weights - model.away(plan) + 2 * max(streams, default=0) + graphs


@pytest.mark.parametrize("model", [TURBO, EIGHT_BITS])
@pytest.mark.parametrize("gib", [80, 24, 16, 12, 8])
def test_what_stays_fits_every_tier_and_little_room_is_wasted(gib: int, model: Footprint):
    room = gib * GIB - NATIVE
    plan = place(model, room)
    assert plan is not None
    assert used(model, plan) <= room
    if model.away(plan) > model.table:
        assert used(model, plan) + 3 * model.block > room


def test_what_is_used_seldom_leaves_first():
    plans = [place(TURBO, TURBO.weights - missing * GIB) for missing in (-4, -1, 0.5, 3, 8, 12)]
    assert plans[0] == Placement()
    assert plans[1] == Placement(graphs=False)
    assert plans[2] == Placement(table=False, graphs=False)
    assert [(plan.blocks, plan.text_layers) for plan in plans[3:]] == [
        (None, 20), (29, 0), (17, 0),
    ]  # fmt: skip
    assert place(TURBO, TURBO.rest) is None
    assert place(TURBO, TURBO.rest + 2 * TURBO.block) == LEAST


def test_tiles_keep_a_large_image_as_cheap_as_a_native_one():
    large = {"width": 2048, "height": 2048}
    assert TURBO.work(**large, tiled=True) == NATIVE
    assert TURBO.work(**large, tiled=False) > 3 * NATIVE


def test_weights_leave_for_a_large_image_and_come_back_only_for_a_good_reason():
    budget = Budget(16 * GIB)
    room = MemoryPlanner(TURBO, budget)
    usual, large = Size(width=1024, height=1024), Size(width=1536, height=1536)
    first = room.settled(usual, tiled=False)
    for_large = room.settled(large, tiled=False)
    again = room.settled(usual, tiled=False)
    assert TURBO.away(first) <= TURBO.away(again) < TURBO.away(for_large)
    budget.bytes -= GIB  # another program begins
    less = room.settled(usual, tiled=False)
    assert TURBO.away(less) > TURBO.away(first)
    budget.bytes += GIB // 4
    assert room.settled(usual, tiled=False) == less
    budget.bytes += GIB
    assert TURBO.away(room.settled(usual, tiled=False)) < TURBO.away(less)


def test_what_ran_out_once_is_planned_with_less():
    room = MemoryPlanner(TURBO, Budget(round(23.4 * GIB)))
    usual = Size(width=1024, height=1024)
    first = room.settled(usual, tiled=False)
    room.ran_out()
    second = room.settled(usual, tiled=False)
    assert (first.graphs, second.graphs) == (True, False)
    for _ in range(20):
        room.ran_out()
    assert room.settled(usual, tiled=False).blocks is None  # it does not starve itself


def test_copies_of_clean_weights_get_what_nothing_else_takes():
    native, large = Size(width=1024, height=1024), Size(width=1536, height=1536)
    room = MemoryPlanner(TURBO, Budget(80 * GIB))
    spare = room.spare(native, tiled=False)
    assert spare == 80 * GIB - TURBO.weights - TURBO.graphs - NATIVE
    assert room.spare(large, tiled=False) < spare
    assert room.spare(native, tiled=False, beside=GIB) == spare - GIB
    room.ran_out()
    assert room.spare(native, tiled=False) == spare - GIB // 2
    for gib in (8, 16):  # there weights themselves are away
        assert MemoryPlanner(TURBO, Budget(gib * GIB)).spare(native, tiled=False) == 0


def test_main_memory_that_is_too_small_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bot.engine.memory.free_main_memory", lambda: 12 * GIB)
    with pytest.raises(SettingsError, match=r"14\.6 GiB .* 12\.0 GiB are free .* PRECISION=int8"):
        MemoryPlanner(TURBO, Budget(round(7.4 * GIB)))
    assert MemoryPlanner(EIGHT_BITS, Budget(round(7.4 * GIB))).plan.blocks is not None
    whole = MemoryPlanner(TURBO, Budget(80 * GIB))
    assert whole.least() == Placement(graphs=False)  # there is no room beside it


def test_a_plan_is_told_in_one_line():
    told = described(TURBO, place(TURBO, 12 * GIB - NATIVE))
    assert told.startswith("on the device stay 26 of 32 blocks, 0 of 2 caption refiners, 0 of 35")
    assert described(TURBO, Placement()) == "all weights on the device, 19.0 GiB"


def test_sizes_are_read_from_the_configurations_alone(demo_model: Path):
    choices = LoadOptions(
        device=torch.device("cpu"), dtype=torch.float32, is_fast=True, precision="full"
    )
    found = measure(open_checked_model(demo_model), choices)
    files = sum(path.stat().st_size for path in demo_model.glob("*/*.safetensors"))
    assert files / 2 < found.weights < files * 2.5  # the files are bfloat16; one text layer is cut
    assert (found.blocks, found.readers, found.tile) == (7, 1, 256)
