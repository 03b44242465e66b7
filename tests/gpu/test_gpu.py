"""What only a CUDA device can show; run with `pytest -m gpu`.

The full-size tests write 20.5 GB to a temporary folder and need about 30 GB of GPU memory.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Size
from bot.engine.placement import LEAST
from bot.engine.z_image import ZImageEngine
from bot.errors import EngineOutOfMemoryError
from bot.settings import PROJECT_DIR
from tests.benchmarks.baseline import random_model

REPEATS, SIZES = 10, ((512, 512), (1024, 1024), (1280, 720))  # of each process; width, height
REPEAT = """
import json, sys
from pathlib import Path
from bot.engine.z_image import ZImageEngine
from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Size
engine = ZImageEngine(Path(sys.argv[1]), model_id="full", revision="test", device="cuda")
hashes = {}
for width, height in json.loads(sys.argv[2]) * int(sys.argv[3]):
    size = Size(width=width, height=height)
    request = ImageRequest(prompt="一只 orange cat", seed=42, size=size)
    drawing = engine.draw(DrawTask(request=request))
    hashes.setdefault(f"{width}x{height}", []).append(drawing.image.pixel_sha256)
print(json.dumps(hashes))
"""

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]


@pytest.fixture(autouse=True)
def whole_gpu() -> Iterator[None]:
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)
    gc.collect()
    torch.cuda.empty_cache()


@pytest.fixture(scope="module")
def full_size_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_model.build(tmp_path_factory.mktemp("full") / "model", "cuda")


@pytest.fixture(scope="module")
def thin_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model with a few of the full size's layers: about 4 GB."""
    return random_model.build(
        tmp_path_factory.mktemp("thin") / "model",
        "cuda",
        text_encoder={**random_model.TEXT_ENCODER, "num_hidden_layers": 3},
        transformer={**random_model.TRANSFORMER, "n_layers": 4},
    )


def new_engine(folder: Path) -> ZImageEngine:
    return ZImageEngine(folder, model_id=folder.name, revision="test", device="cuda")


def python(*arguments: str, **environment: str) -> str:
    """Return what another Python printed; a failing one shows its own trace."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT_DIR,  # `bot` is found there, installed or not
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def request(side: int, *, seed: int = 42) -> ImageRequest:
    return ImageRequest(prompt="一只 orange cat", seed=seed, size=Size(width=side, height=side))


def peak_bytes(draw: Callable[[], object]) -> int:
    """Return what was needed; what the allocator reserved may be more, and can be given back."""
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    draw()
    return torch.cuda.max_memory_allocated()


def reserved_bytes(engine: ZImageEngine, wanted: ImageRequest, **options: object) -> int:
    """Return the most that the allocator holds while an image is drawn without recorded graphs."""
    with engine._loaded().backends.now.unrecorded():
        peak_bytes(lambda: engine.draw(DrawTask(request=wanted, **options)))
    return torch.cuda.max_memory_reserved()


def limit_memory(size_bytes: int) -> None:
    gc.collect()
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(size_bytes / total)


def report(**figures: object) -> None:
    """Print the figures, and keep them where FIGURES names a file."""
    line = json.dumps({"device": torch.cuda.get_device_name(), **figures})
    print(line)
    if path := os.environ.get("FIGURES"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def test_the_gpu_draws_in_bfloat16_and_repeats_itself(demo_model: Path):
    first = new_engine(demo_model).draw(DrawTask(request=request(256)))
    engine = new_engine(demo_model)
    engine.draw(DrawTask(request=request(128, seed=1)))
    assert (
        engine.draw(DrawTask(request=request(256))).image.pixel_sha256 == first.image.pixel_sha256
    )
    assert first.conditions["dtype"] == "bfloat16"
    assert first.conditions["device"] == torch.cuda.get_device_name()


def test_what_was_warmed_draws_the_same_and_gives_way(demo_model: Path):
    cold = new_engine(demo_model).draw(DrawTask(request=request(256)))
    engine, cancel = new_engine(demo_model), threading.Event()
    assert engine.warm(Size(width=256, height=256), cancel=cancel)
    assert engine.draw(DrawTask(request=request(256))).image.pixel_sha256 == cold.image.pixel_sha256
    cancel.set()
    assert not engine.warm(Size(width=256, height=256), cancel=cancel)


def test_the_other_path_is_drawn_over_the_same_weights(demo_model: Path):
    drawings = {
        path: ZImageEngine(
            demo_model, model_id="demo", revision="test", device="cuda", path=path
        ).draw(DrawTask(request=request(256)))
        for path in ("fast", "reference")
    }
    for own, other in (("fast", "reference"), ("reference", "fast")):
        engine = ZImageEngine(demo_model, model_id="demo", revision="test", device="cuda", path=own)
        engine.draw(DrawTask(request=request(128)))
        again = engine.draw(DrawTask(request=request(256), match=drawings[other].conditions))
        assert again.image.pixel_sha256 == drawings[other].image.pixel_sha256
        assert again.conditions == drawings[other].conditions
        after = engine.draw(DrawTask(request=request(256)))
        assert after.image.pixel_sha256 == drawings[own].image.pixel_sha256


def test_an_attention_that_was_recorded_is_used_where_it_is_here(demo_model: Path):
    engine = new_engine(demo_model)
    usual = engine.draw(DrawTask(request=request(256)))
    plain = engine.draw(
        DrawTask(
            request=request(256),
            match={"path": "fast", "attention": "scaled_dot_product_attention"},
        )
    )
    assert plain.conditions["attention"] == "scaled_dot_product_attention"
    again = engine.draw(DrawTask(request=request(256), match=usual.conditions))
    assert again.image.pixel_sha256 == usual.image.pixel_sha256
    assert again.conditions == usual.conditions


def test_out_of_memory_is_tried_again_with_less_on_the_gpu_and_then_in_tiles(
    thin_model: Path, monkeypatch: pytest.MonkeyPatch
):
    """Limits lie half-way between what two rungs take: they count what is reserved, too.

    What the allocator reserves beyond the tensors is more than the demo model's weights, so only a
    model whose weights are large beside an image tells the rungs apart on every card.
    """
    engine = new_engine(thin_model)
    small, large = request(512), request(1536)
    whole = {
        each: engine.draw(DrawTask(request=each)).image.pixel_sha256 for each in (small, large)
    }
    most = reserved_bytes(engine, small)
    with monkeypatch.context() as patch:
        patch.setattr(engine._loaded().planner, "settled", lambda *_, **__: LEAST)
        least, untiled = reserved_bytes(engine, small), reserved_bytes(engine, large)
        tiled = reserved_bytes(engine, large, match={"path": "fast", "vae_tiling": True})

    limit_memory((most + least) // 2)
    drawing = engine.draw(DrawTask(request=small))
    assert drawing.conditions["vae_tiling"] is False
    assert drawing.image.pixel_sha256 == whole[small]
    assert engine._loaded().planner.plan == LEAST

    limit_memory((untiled + tiled) // 2)
    assert engine.draw(DrawTask(request=large)).conditions["vae_tiling"] is True

    torch.cuda.set_per_process_memory_fraction(1.0)
    assert {each: engine.draw(DrawTask(request=each)).image.pixel_sha256 for each in whole} == whole


def test_out_of_memory_on_both_ways_says_what_there_was(demo_model: Path):
    engine = new_engine(demo_model)
    engine.draw(DrawTask(request=request(128)))
    limit_memory(torch.cuda.memory_reserved() + 2**21)
    with pytest.raises(EngineOutOfMemoryError, match=r"GiB allocated, .* reserved, .* free of"):
        engine.draw(DrawTask(request=request(2048)))
    torch.cuda.set_per_process_memory_fraction(1.0)
    engine.draw(DrawTask(request=request(256)))  # one image too large does not spoil the next


def test_the_full_size_model_repeats_itself_up_to_2048(full_size_model: Path):
    engine = new_engine(full_size_model)
    start = time.perf_counter()
    engine.load()
    report(what="full-size load", seconds=round(time.perf_counter() - start, 2))
    for side in (512, 1024, 2048):
        engine.draw(DrawTask(request=request(side, seed=1)))
        start = time.perf_counter()
        peak_bytes(lambda side=side: engine.draw(DrawTask(request=request(side))))
        peak = torch.cuda.max_memory_reserved()
        seconds = time.perf_counter() - start
        again = engine.draw(DrawTask(request=request(side)))
        assert (
            again.image.pixel_sha256
            == engine.draw(DrawTask(request=request(side))).image.pixel_sha256
        )
        assert again.conditions["vae_tiling"] is (side == 2048)
        report(
            what="full-size, random weights",
            side=side,
            seconds=round(seconds, 3),
            stages={name: round(value, 3) for name, value in again.durations_s.items()},
            peak_gib=round(peak / 2**30, 2),
        )


def test_two_processes_repeat_the_full_size_model(full_size_model: Path):
    gc.collect()
    torch.cuda.empty_cache()
    line = ["-c", REPEAT, str(full_size_model), json.dumps(SIZES), str(REPEATS)]
    found = [json.loads(python(*line)) for _ in range(2)]
    for width, height in SIZES:
        hashes = [sha for process in found for sha in process[f"{width}x{height}"]]
        assert len(hashes) == 2 * REPEATS
        assert len(set(hashes)) == 1
        report(what="repeats in two processes", size=f"{width}x{height}", pixel_sha256=hashes[0])
