"""Starts of the program, each in a process of its own: how long until the first image is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Size
from bot.engine import Engine
from bot.errors import EngineError
from bot.settings import PROJECT_DIR
from tests.benchmarks.speed.figures import StartFigures, Way

# Where torch, Triton and the GPU's driver keep what they compiled.
_CACHES: Final = ("TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "CUDA_CACHE_PATH")


@contextmanager
def empty_caches() -> Iterator[dict[str, str]]:
    """Yield an environment in which nothing was compiled yet; what is stays until the end."""
    with tempfile.TemporaryDirectory(prefix="z-image-bench-") as folder:
        yield {**os.environ, **{name: str(Path(folder) / name) for name in _CACHES}}


def measure_start(
    arguments: Sequence[str], environment: dict[str, str], *, is_cold: bool
) -> StartFigures:
    """Start this benchmark with arguments that let it call `start_once`.

    Raises:
        EngineError: The process failed; the sentence ends with its last line.

    """
    environment = dict(environment)
    paths = [str(PROJECT_DIR), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    start = time.time()
    ended = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.speed", *arguments],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no word"])[-1]
        raise EngineError(f"A start in a process of its own failed: {last}")
    return read_start(ended.stdout.strip().splitlines()[-1], began_at=start, is_cold=is_cold)


def read_start(line: str, *, began_at: float, is_cold: bool) -> StartFigures:
    """Read what `start_once` returned in a process that began at a moment of the clock."""
    found = json.loads(line)
    ready_at, way = found.pop("ready_at"), Way(found.pop("way"))
    measured = {**found, "ready_s": ready_at - began_at, "is_cold": is_cold}
    return StartFigures(way=way, **measured)


def start_once(engine: Engine, way: Way, size: Size, *, peak_bytes: Callable[[], int]) -> str:
    """Load, draw two images and return what it took as JSON, for `measure_start`.

    Args:
        engine: Not loaded yet.
        way: What it is.
        size: Of the images.
        peak_bytes: Returns the most memory in use so far.

    """
    with closing(engine):
        begin = time.perf_counter()
        engine.load()
        loaded = time.perf_counter()
        engine.draw(DrawTask(request=ImageRequest(prompt="a first picture", seed=1, size=size)))
        first, ready_at = time.perf_counter(), time.time()
        engine.draw(DrawTask(request=ImageRequest(prompt="another one", seed=2, size=size)))
        second = time.perf_counter()
        figures = StartFigures(
            way=way,
            is_cold=False,
            size=str(size),
            ready_s=0.0,
            load_s=loaded - begin,
            first_image_s=first - loaded,
            second_image_s=second - first,
            peak_bytes=peak_bytes(),
        )
    return json.dumps({**asdict(figures), "ready_at": ready_at})
