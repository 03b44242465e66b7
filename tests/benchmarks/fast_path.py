"""The fast path beside plain diffusers: time from a prompt to RGB bytes, and equality.

Each way draws the same sizes in the same run, one after the other: diffusers' `ZImagePipeline` as
articles call it (eager, bfloat16, 9 steps), then this bot's engine on its reference path, its fast
path and its fast path in 8 bits, each with 8 steps. Medians; every prompt is a new one, so its text
is encoded each time.

    python -m tests.benchmarks.fast_path [--model FOLDER] [--sizes 512 1024] [--repeat 7]

Without a folder Z-Image-Turbo is built at its full size with random weights: a GPU, 21 GB of disk.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from bot.engines.z_image import ZImageEngine
from bot.generation import GenerationRequest, Size

WAYS = ("diffusers", "reference", "fast", "fp8")
WORDS = "a red fox under an old bridge in the rain, oil painting, {}"


def new_prompts(size: int) -> Iterator[str]:
    """Yield prompts that no other size has had."""
    return (WORDS.format(f"{size} {number}") for number in itertools.count())


def median_s(draw: Callable[[str], object], prompts: Iterator[str], repeat: int) -> float:
    """Return the median seconds of drawing, after two images that nobody counts."""
    times = []
    for _ in range(repeat + 2):
        start = time.perf_counter()
        draw(next(prompts))
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


def measure_engine(engine: ZImageEngine, size: int, repeat: int) -> dict[str, float]:
    """Return seconds of a whole image and of its stages."""
    stages: list[dict[str, float]] = []
    shape = Size(width=size, height=size)

    def draw(prompt: str) -> None:
        drawing = engine.generate(GenerationRequest(prompt=prompt, seed=1, size=shape))
        stages.append(dict(drawing.durations_s))

    whole = median_s(draw, new_prompts(size), repeat)
    seen = GenerationRequest(prompt="the same words", seed=1, size=shape)
    engine.generate(seen)
    parts = {name: statistics.median(each[name] for each in stages[2:]) for name in stages[0]}
    parts["text_seen"] = engine.generate(seen).durations_s["text"]
    return {"whole": whole, **parts}


def measure_diffusers(folder: Path, sizes: list[int], repeat: int) -> dict[int, dict[str, float]]:
    """Return seconds of the plain pipeline by size."""
    from diffusers import ZImagePipeline  # noqa: PLC0415 - slow to import

    pipeline = ZImagePipeline.from_pretrained(folder, torch_dtype=torch.bfloat16).to("cuda")
    pipeline.set_progress_bar_config(disable=True)

    def measure(size: int) -> dict[str, float]:
        def draw(prompt: str) -> None:
            pipeline(
                prompt=prompt, height=size, width=size, num_inference_steps=9, guidance_scale=0.0,
                generator=torch.Generator("cpu").manual_seed(1), output_type="np",
            )  # fmt: skip

        return {"whole": median_s(draw, new_prompts(size), repeat)}

    return {size: measure(size) for size in sizes}


def measure(way: str, folder: Path, sizes: list[int], repeat: int) -> dict[str, object]:
    """Return everything of one way."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    found: dict[str, object] = {}
    if way == "diffusers":
        found["sizes"] = measure_diffusers(folder, sizes, repeat)
    else:
        engine = ZImageEngine(
            folder, model_id="speed", revision="benchmark", device="cuda",
            path="reference" if way == "reference" else "fast",
            precision="fp8" if way == "fp8" else "full",
        )  # fmt: skip
        engine.load()
        found["load_s"] = time.perf_counter() - start
        first = GenerationRequest(prompt="first", seed=1, size=Size(width=1024, height=1024))
        start = time.perf_counter()
        found["conditions"] = dict(engine.generate(first).conditions)
        found["first_image_s"] = time.perf_counter() - start
        found["sizes"] = {size: measure_engine(engine, size, repeat) for size in sizes}
        hashes = {engine.generate(first).image.pixel_sha256 for _ in range(3)}
        found["repeats"] = len(hashes) == 1
        engine.close()
    found["peak_gib"] = torch.cuda.max_memory_reserved() / 2**30
    return found


def main() -> None:
    """Measure every way and print one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="a ZImagePipeline folder")
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 1024])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.model or Path(temporary) / "model"
        if not folder.exists():
            from tests.full_size import build  # noqa: PLC0415 - needs a GPU

            build(folder)
        for way in options.ways:
            found = measure(way, folder, options.sizes, options.repeat)
            print(json.dumps({"way": way, **found}), flush=True)


if __name__ == "__main__":
    main()
