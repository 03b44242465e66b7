"""What the benchmarks that draw very many images share: processes that draw, others that look.

A GPU draws in a few processes, a CPU in one for each core. Whoever looks at the pictures needs no
GPU and sees none.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Self, TypeVar

from bot.domain.drawing import DrawTask, RawImage
from bot.domain.requests import ImageRequest
from bot.domain.variety_schedule import SCALES, VarietyScale
from bot.engine import Engine
from bot.settings import DEMO_MODEL_DIR

T = TypeVar("T")

GPU_DRAWERS = 4  # a small model leaves a GPU waiting for the next kernel to be started
LINE_EVERY_S = 10.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every such benchmark can be told."""
    parser.add_argument(
        "--model", type=Path, default=DEMO_MODEL_DIR, help="a ZImagePipeline folder"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda: what draws")
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="that look at pictures"
    )
    parser.add_argument(
        "--drawers", type=int, help=f"processes that draw: {GPU_DRAWERS} on a GPU, else the same"
    )
    parser.add_argument("--output", type=Path, help="a file for the JSON that is printed")


class Pools(contextlib.ExitStack):
    """The processes; each computes with one thread."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Remember how many there are to be."""
        super().__init__()
        self._model, self._processes = options.model, options.processes
        self._device = "cuda" if options.device != "cpu" and _has_gpu() else "cpu"
        self._drawing = options.drawers or (
            GPU_DRAWERS if self._device == "cuda" else options.processes
        )

    def __enter__(self) -> Self:
        """Start them."""
        for library in ("OMP", "OPENBLAS", "MKL"):  # they get this process's environment
            os.environ[f"{library}_NUM_THREADS"] = "1"
        spawn = multiprocessing.get_context("spawn")  # a fork would share the GPU's context
        drawers = ProcessPoolExecutor(self._drawing, spawn)
        lookers = ProcessPoolExecutor(self._processes, spawn, initializer=_hide_gpu)
        self._drawers, self._lookers = self.enter_context(drawers), self.enter_context(lookers)
        return self

    def draw(self, requests: Sequence[ImageRequest], name: str) -> Iterator[RawImage]:
        """Yield their images in the same order."""
        draw = functools.partial(_draw, self._model, self._device, dict(SCALES))
        drawn = self._drawers.map(draw, requests)
        return counted(drawn, len(requests), name)

    def look(
        self, function: Callable[..., T], *things: Iterable[Any], chunksize: int = 1
    ) -> Iterator[T]:
        """Yield what a function finds, in the same order."""
        return self._lookers.map(function, *things, chunksize=chunksize)

    def conditions(self, request: ImageRequest) -> dict[str, object]:
        """Return what the recipe of an image says about its making."""
        task = self._drawers.submit(_conditions, self._model, self._device, request)
        return task.result()


def _has_gpu() -> bool:
    import torch  # noqa: PLC0415 - seconds, which the processes that look are spared

    return torch.cuda.is_available()


def _hide_gpu() -> None:
    os.environ["CUDA_VISIBLE_DEVICES"] = ""


@functools.cache
def _engine(model: Path, device: str) -> Engine:
    """Return the engine of this process, which is one of those that draw."""
    from bot.engine.z_image import ZImageEngine  # noqa: PLC0415 - see `_has_gpu`

    return ZImageEngine(
        model, model_id=model.name, revision="benchmark", device=device, cpu_threads=1
    )


def _draw(
    model: Path, device: str, scales: Mapping[int, VarietyScale], request: ImageRequest
) -> RawImage:
    SCALES.update(scales)  # a benchmark may measure one that is not in use
    return _engine(model, device).draw(DrawTask(request=request)).image


def _conditions(model: Path, device: str, request: ImageRequest) -> dict[str, object]:
    return dict(_engine(model, device).draw(DrawTask(request=request)).conditions)


def counted(things: Iterable[T], total: int, name: str) -> Iterator[T]:
    """Yield things; say on the standard error how far it is, every ten seconds and at the end."""
    start = said = time.monotonic()
    for number, thing in enumerate(things, start=1):
        yield thing
        moment = time.monotonic()
        if moment - said >= LINE_EVERY_S or number == total:
            said = moment
            print(f"{name}: {number} of {total}, {moment - start:.0f} s", file=sys.stderr)


def finish(summary: Mapping[str, object], output: Path | None) -> None:
    """Print what was found as JSON, and write it where that is wanted."""
    machine = {"python": platform.python_version(), "processor_cores": os.cpu_count()}
    text = json.dumps({**summary, **machine}, indent=2, ensure_ascii=False)
    print(text)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text + "\n", encoding="utf-8")
