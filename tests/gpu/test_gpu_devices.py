"""A machine with two GPUs: either one draws the same pixels, and leaves the other alone."""

from __future__ import annotations

import gc
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bot.domain.drawing import DrawTask, PreviewKind
from bot.domain.requests import ImageRequest, Quality, Size
from bot.engine.placement import LEAST, Placement
from bot.engine.z_image import ZImageEngine
from tests.benchmarks.baseline.plain import PlainEngine
from tests.gpu.test_gpu import full_size_model, python, report, request

__all__ = ["full_size_model"]  # a fixture
DEVICES = ("cuda:0", "cuda:1")
SECOND = """
import sys, threading
from pathlib import Path
import torch
from bot.engine.z_image import ZImageEngine
from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Size
free, _ = torch.cuda.mem_get_info(0)  # makes a context there, which every reading after has too
size = Size(width=256, height=256)
def draw():
    engine = ZImageEngine(
        Path(sys.argv[1]), model_id="demo", revision="test", device="cuda:1", memory=sys.argv[2]
    )
    engine.warm(size, cancel=threading.Event())
    request = ImageRequest(prompt="一只 orange cat", seed=42, size=size)
    drawing = engine.draw(DrawTask(request=request))
    print(drawing.image.pixel_sha256)
    engine.close()
thread = threading.Thread(target=draw)
thread.start()
thread.join()
print(torch.cuda.memory_reserved(0), free - torch.cuda.mem_get_info(0)[0])
"""

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(torch.cuda.device_count() < 2, reason="torch finds fewer than two GPUs"),
]


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    gc.collect()
    for device in DEVICES:
        with torch.cuda.device(device):
            torch.cuda.empty_cache()


def new_engine(folder: Path, device: str, **options: str) -> ZImageEngine:
    return ZImageEngine(folder, model_id=folder.name, revision="test", device=device, **options)


def requests() -> list[ImageRequest]:
    guided = ImageRequest(
        prompt="红苹果",
        seed=1,
        size=Size(width=256, height=128),
        guidance_scale=1.4,
        quality=Quality.DRAFT,
    )
    return [request(256), request(512), guided]


def hashes(engine: ZImageEngine) -> list[str]:
    return [engine.draw(DrawTask(request=each)).image.pixel_sha256 for each in requests()]


@pytest.mark.parametrize("path", ["fast", "reference"])
def test_both_gpus_draw_the_same_in_turns_in_one_process(demo_model: Path, path: str):
    """Graphs, events and kernels of one engine must not end up on the other one's GPU."""
    engines = [new_engine(demo_model, device, path=path) for device in DEVICES]
    first = [hashes(engine) for engine in engines]
    again = [hashes(engine) for engine in reversed(engines)]
    assert first[0] == first[1] == again[0] == again[1]
    assert torch.cuda.current_device() == 0


@pytest.mark.parametrize("precision", ["fp8", "int8", "int4"])
def test_both_gpus_draw_the_same_with_fewer_bits(demo_model: Path, precision: str):
    if precision != "fp8" and not importlib.util.find_spec("torchao"):
        pytest.skip("torchao is not installed")
    found = [hashes(new_engine(demo_model, device, precision=precision)) for device in DEVICES]
    assert found[0] == found[1]


@pytest.mark.parametrize("plan", [LEAST, Placement(text_layers=1, table=False, graphs=False)])
def test_weights_come_in_their_turn_to_either_gpu(
    demo_model: Path, monkeypatch: pytest.MonkeyPatch, plan: Placement
):
    wanted = hashes(new_engine(demo_model, DEVICES[0]))
    for device in DEVICES:
        engine = new_engine(demo_model, device)
        parts = engine._loaded()
        monkeypatch.setattr(engine._loaded().planner, "settled", lambda *_, **__: plan)
        parts.text._cache.clear()
        assert hashes(engine) == wanted
        engine.close()  # what was pinned is let go, whichever GPU is current now


def test_the_other_path_and_previews_work_on_the_second_gpu(demo_model: Path):
    reference = new_engine(demo_model, DEVICES[0], path="reference").draw(
        DrawTask(request=request(256))
    )
    engine, seen = new_engine(demo_model, DEVICES[1]), []
    for kind in (PreviewKind.SMALL, PreviewKind.FULL):
        task = DrawTask(request=request(256), preview=kind)
        engine.draw(task, on_step=lambda step: seen.append(step.preview))
    again = engine.draw(DrawTask(request=request(256), match=reference.conditions))
    assert again.image.pixel_sha256 == reference.image.pixel_sha256
    assert len(seen) == 2 * request(256).num_steps
    assert None not in seen


@pytest.mark.parametrize("memory", ["auto", "8"])
def test_a_thread_that_draws_on_the_second_gpu_takes_nothing_of_the_first(
    demo_model: Path, memory: str
):
    out = python("-c", SECOND, str(demo_model), memory).split()
    assert (
        out[0]
        == new_engine(demo_model, DEVICES[0])
        .draw(DrawTask(request=request(256)))
        .image.pixel_sha256
    )
    assert out[1:] == ["0", "0"]


def test_plain_diffusers_is_timed_on_the_second_gpu(demo_model: Path):
    drawing = PlainEngine(demo_model, device=DEVICES[1]).draw(DrawTask(request=request(256)))
    assert all(seconds > 0 for seconds in drawing.durations_s.values())


def test_the_command_line_draws_on_the_second_gpu(demo_model: Path, tmp_path: Path):
    line = ["-m", "bot", "imagine", "a red apple", "--seed", "42", "--json", "--output"]
    environment = {"DATA_DIR": str(tmp_path), "MODEL": str(demo_model)}
    found = []
    for device in DEVICES:
        out = python(*line, str(tmp_path / f"{device[-1]}.png"), **environment, DEVICE=device)
        found.append(out.split('"pixel_sha256": ')[1].split('"')[1])
    assert found[0] == found[1]


def test_the_full_size_model_draws_the_same_on_both_gpus(full_size_model: Path):
    found = []
    for device in DEVICES:
        engine = new_engine(full_size_model, device)
        drawings = [engine.draw(DrawTask(request=request(side))) for side in (512, 1024)]
        drawings += [engine.draw(DrawTask(request=request(side))) for side in (512, 1024)]
        found.append([drawing.image.pixel_sha256 for drawing in drawings])
        report(
            what="full size on one of two GPUs",
            device=device,
            hashes=found[-1][:2],
            seconds=round(drawings[-1].duration_s, 3),
        )
        engine.close()
    assert found[0] == found[1]
    assert found[0][:2] == found[0][2:]
