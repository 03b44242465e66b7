"""Seconds per image and per forward, with the plain diffusers pipeline beside it in one run.

    python tests/benchmarks/engine.py [--model FOLDER] [--size 256x256] [--repetitions 10]

Both draw the same prompts with the same seeds in turns, so that whatever else the machine does
falls on both; the figure is the ratio of the medians. `plain` is what articles show: the pipeline
called with its defaults at 9 steps and guidance 0; `plain, 8` is the same with the 8 sigmas.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from diffusers import ZImagePipeline

from bot.engines.z_image import ZImageEngine
from bot.generation import GenerationRequest, Quality, SizeRules
from bot.settings import DEMO_MODEL_DIR


def main() -> None:
    options = arguments()
    rules = SizeRules(
        native=json.loads((options.model / "vae/config.json").read_text())["sample_size"]
    )
    size = rules.default if options.size is None else rules.parse(options.size)
    engine = ZImageEngine(options.model, model_id=options.model.name, revision="benchmark")
    start = time.perf_counter()
    engine.load()
    print(f"load: {time.perf_counter() - start:.2f} s, {torch.get_num_threads()} CPU threads")
    pipeline = plain_pipeline(options.model)

    def ours(prompt: str, seed: int) -> None:
        request = GenerationRequest(prompt=prompt, seed=seed, size=size)
        engine.generate(request)

    def plain(prompt: str, seed: int, **steps: object) -> None:
        generator = torch.Generator("cpu").manual_seed(seed)
        pipeline(
            prompt,
            width=size.width,
            height=size.height,
            guidance_scale=0.0,
            generator=generator,
            **steps,
        )

    contestants: dict[str, Callable[[str, int], None]] = {
        "this engine, 8 forwards": ours,
        "plain, 9 steps": lambda prompt, seed: plain(prompt, seed, num_inference_steps=9),
        "plain, 8": lambda prompt, seed: plain(prompt, seed, sigmas=list(Quality.STANDARD.sigmas)),
    }
    medians = compare(contestants, options.repetitions)
    mine = medians["this engine, 8 forwards"]
    for name, median in medians.items():
        print(f"{name:<26} {median:7.3f} s an image  {median / mine:5.2f} x")
    print(f"{mine / 8 * 1000:.0f} ms a forward at {size}, text and decoding included")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--model", type=Path, default=DEMO_MODEL_DIR, help="a ZImagePipeline folder"
    )
    parser.add_argument("--size", help="default: the model's native square")
    parser.add_argument("--repetitions", type=int, default=10)
    return parser.parse_args()


def plain_pipeline(folder: Path) -> ZImagePipeline:
    on_gpu = torch.cuda.is_available()
    dtype = torch.bfloat16 if on_gpu else torch.float32
    pipeline = ZImagePipeline.from_pretrained(folder, dtype=dtype, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to("cuda" if on_gpu else "cpu")


def compare(
    contestants: dict[str, Callable[[str, int], None]], repetitions: int
) -> dict[str, float]:
    """Return the median seconds of each; a first image of each is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for i in range(repetitions + 1):
        for name, draw in contestants.items():
            start = time.perf_counter()
            draw(
                f"a red apple, number {i}", i
            )  # a new prompt each time: nothing comes from a cache
            if i:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


if __name__ == "__main__":
    main()
