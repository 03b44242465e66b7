"""Upscaled images: seconds, memory, and whether seams are seen, one JSON object a line.

Every source is upscaled by every factor, alone and with detail, twice each: the hashes have to be
the same. `seam` is the gradient where windows begin and end, divided by that at other borders of
latent cells near there; `seam_plain` is the same of the upscaler alone, which has no windows: where
no seam is seen, both are near 1.

    python -m tests.benchmarks.upscale [--model FOLDER] [--device cuda] [--memory 24]
        [--sources 1024 ...] [--factors 2 4] [--ways plain detail] [--precision full]
        [--upscaler realesr-animevideov3] [--keep FOLDER]

With --device cuda and no folder of that name, Z-Image-Turbo is built there at its full size with
random weights (21 GB of disk); torch then gets no more than --memory GiB of the card. The default
is the demo model on the CPU. --ways plain needs no model at all.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bot.domain.drawing import Drawing, DrawTask, RawImage, Step
from bot.domain.requests import DETAIL, ImageRequest, Size
from bot.engine.stages.tiles import Windows
from bot.engine.upscaler.upscale import upscale_alone
from bot.engine.z_image import ZImageEngine
from bot.media.encoding import to_pillow
from bot.settings import DEMO_MODEL_DIR
from tests.benchmarks.memory import build_model

GIB = 2**30
PROMPT = "a red apple on a table"
CELL = 8  # pixels
NEAR = [each * CELL for each in (-4, -3, -2, 2, 3, 4)]  # pixels from an edge


def scene(side: int) -> RawImage:
    """Return a picture of smooth colours, rings and fine lines."""
    y, x = np.mgrid[0:side, 0:side] / side
    far = np.hypot(x - 0.5, y - 0.5)
    rings = 20 * np.sin(60 * far) * (far < 0.4)
    lines = 30 * ((x * 40) % 1 < 0.1) * (y > 0.8)
    values = np.stack([200 * x + 20 + rings, 150 * y + 60 - lines, 255 * far + 0 * x], axis=-1)
    pixels = values.clip(0, 255).astype(np.uint8).tobytes()
    return RawImage(width=side, height=side, pixels=pixels)


def task_of(source: RawImage, factor: int, way: str, upscaler: str | None) -> DrawTask:
    """Return the task of an upscaled copy."""
    size = Size(width=source.width * factor, height=source.height * factor)
    request = ImageRequest(prompt=PROMPT, seed=42, size=size).upscaled_from(
        source.pixel_sha256, size, strength=DETAIL if way == "detail" else 0
    )
    match = None if upscaler is None else {"upscaler": {"model": upscaler}}
    return DrawTask(request=request, inputs=(source,), match=match)


def seam(image: RawImage, native: int) -> float | None:
    """Return the gradient at the edges of windows against that around them, both directions."""
    values: npt.NDArray[np.float64] = np.frombuffer(image.pixels, np.uint8).astype(np.float64)
    values = values.reshape(image.height, image.width, 3)
    windows = Windows.over(Size(width=image.width, height=image.height), side=native)
    ratios = []
    for axis, starts, length in (
        (0, windows.tops, windows.height),
        (1, windows.lefts, windows.width),
    ):
        edges = {CELL * each for each in starts} | {CELL * (each + length) for each in starts}
        gradient = np.abs(np.diff(values, axis=axis)).mean(axis=(1 - axis, 2))
        inner = [each for each in edges if NEAR[-1] < each < values.shape[axis] - NEAR[-1]]
        near = [np.mean([gradient[each + far - 1] for far in NEAR]) for each in inner]
        ratios += [gradient[each - 1] / around for each, around in zip(inner, near, strict=True)]
    return round(float(np.mean(ratios)), 3) if ratios else None


def timed(engine: ZImageEngine | None, task: DrawTask, device: str) -> tuple[float, Drawing, int]:
    """Draw once; return the seconds, the drawing and the steps that were told of."""
    steps: list[Step] = []
    if device != "cpu":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    if engine is None:
        drawing = upscale_alone(task, device=device, on_step=steps.append)
    else:
        drawing = engine.draw(task, on_step=steps.append)
    assert steps[-1].number == steps[-1].total == len(steps)
    return round(time.perf_counter() - start, 3), drawing, len(steps)


def measure(
    engine: ZImageEngine | None, task: DrawTask, native: int, device: str, keep: Path | None
) -> dict[str, Any]:
    """Return what one upscaled copy takes."""
    first_s, first, steps = timed(engine, task, device)
    seconds, drawing, _ = timed(engine, task, device)
    source, request = task.inputs[0], task.request
    found: dict[str, Any] = {
        "source": f"{source.width}x{source.height}",
        "result": str(request.size),
        "way": "detail" if request.is_drawn else "plain",
        "first_s": first_s,
        "seconds": seconds,
        "stages": {name: round(value, 3) for name, value in drawing.durations_s.items()},
        "steps": steps,
        "pixel_sha256": drawing.image.pixel_sha256,
        "repeats": drawing.image.pixel_sha256 == first.image.pixel_sha256,
        "seam": seam(drawing.image, native),
        "upscaler": drawing.conditions["upscaler"],
    }
    if device != "cpu":
        free, total = torch.cuda.mem_get_info()
        found["peak_gib"] = round(torch.cuda.max_memory_allocated() / GIB, 2)
        found["reserved_gib"] = round(torch.cuda.max_memory_reserved() / GIB, 2)
        found["card_gib"] = round((total - free) / GIB, 2)
        found["plan"] = "" if engine is None else str(engine._loaded().planner)
    if keep is not None:
        name = f"{source.width}-{request.size}-{found['way']}.png"
        to_pillow(drawing.image).save(keep / name)
    return found


def opened(options: argparse.Namespace) -> ZImageEngine:
    """Return the engine, with its weights."""
    if options.device != "cpu":
        build_model(options.model)
    engine = ZImageEngine(
        options.model, model_id="upscale", revision="benchmark", device=options.device,
        memory=options.memory, precision=options.precision,
    )  # fmt: skip
    engine.load()
    return engine


def main() -> None:
    """Measure every case and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=DEMO_MODEL_DIR)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--memory", default="auto", help="GiB of the card")
    parser.add_argument("--precision", default="full")
    parser.add_argument("--sources", type=int, nargs="+", help="sides in pixels (the model's own)")
    parser.add_argument("--factors", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--ways", nargs="+", default=["plain", "detail"])
    parser.add_argument("--upscaler", help="a network (the one that the device would take)")
    parser.add_argument("--keep", type=Path, help="a folder for the pictures")
    options = parser.parse_args()
    if options.device != "cpu" and options.memory != "auto":
        all_of_it = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, int(options.memory) * GIB / all_of_it))
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    engine = opened(options) if "detail" in options.ways else None
    native: int = 256 if engine is None else engine._loaded().vae.config.sample_size
    for side in options.sources or [native]:
        source = scene(side)
        for factor in options.factors:
            plain = None
            for way in options.ways:
                task = task_of(source, factor, way, options.upscaler)
                found = measure(engine, task, native, options.device, options.keep)
                plain = found["seam"] if way == "plain" else plain
                print(json.dumps({**found, "seam_plain": plain}), flush=True)
    if engine is not None:
        engine.close()


if __name__ == "__main__":
    main()
