"""Control on a GPU: as diffusers draws it, the same each time, streamed or not, in 8 bits too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Size
from bot.engine.control.file import ControlFile
from bot.engine.hardware import make_deterministic
from bot.engine.placement import Placement
from bot.engine.z_image import ZImageEngine
from bot.settings import DEMO_MODEL_DIR
from tests.benchmarks.controls import compare, task_of
from tests.gpu.test_gpu import report
from tests.support.control_files import write_control

SIZE = Size(width=256, height=256)

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> ControlFile:
    make_deterministic()
    path = tmp_path_factory.mktemp("control") / "full.safetensors"
    return write_control(DEMO_MODEL_DIR, path, "full")


@pytest.fixture
def engine(control: ControlFile, request: pytest.FixtureRequest) -> Iterator[ZImageEngine]:
    options: dict[str, Any] = getattr(request, "param", {})
    engine = ZImageEngine(
        DEMO_MODEL_DIR, model_id="demo", revision="test", device="cuda", control=control, **options
    )
    yield engine
    engine.close()


@pytest.mark.parametrize("kind", ["full", "lite"])
def test_it_is_no_farther_from_float32_than_diffusers(kind: str, tmp_path: Path):
    weights = write_control(DEMO_MODEL_DIR, tmp_path / f"{kind}.safetensors", kind)
    for line in compare(DEMO_MODEL_DIR, weights, kind, "cuda", SIZE, seeds=8):
        report(what="control beside diffusers", **line)
        assert float(str(line["float32"])) < 1e-4
        assert float(str(line["float32_fast"])) < 1e-4
        assert float(str(line["ratio_reference"])) <= 1.1
        assert float(str(line["ratio_fast"])) <= 1.1


@pytest.mark.parametrize("engine", [{}, {"precision": "fp8"}], indirect=True, ids=["full", "fp8"])
def test_graphs_with_and_without_a_map_are_told_apart(engine: ZImageEngine):
    strong, weak = task_of("text", SIZE, 1), task_of("text", SIZE, 1, scale=0.3)
    plain = DrawTask(request=ImageRequest(prompt=strong.request.prompt, seed=1, size=SIZE))
    first = [engine.draw(each).image.pixel_sha256 for each in (strong, weak, plain)]
    again = [engine.draw(each).image.pixel_sha256 for each in (strong, weak, plain)]
    assert first == again
    assert len(set(first)) == 3


def test_what_comes_in_its_turn_draws_the_same(engine: ZImageEngine):
    task = task_of("text", SIZE, 1)
    usual = engine.draw(task).image.pixel_sha256
    parts = engine._loaded()
    for plan in (Placement(control=0), Placement(control=1, blocks=2, graphs=False)):
        parts.planner.settled = lambda *_, plan=plan, **__: plan
        assert engine.draw(task).image.pixel_sha256 == usual
    parts.planner.settled = lambda *_, **__: Placement()
    assert engine.draw(task).image.pixel_sha256 == usual
