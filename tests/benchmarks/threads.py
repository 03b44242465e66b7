"""What the number of CPU threads changes in a picture, in float32 and in bfloat16.

Sums are split among threads, so their rounding depends on how many there are. The same requests are
drawn with one thread and with more, each number twice with an engine of its own, and compared.

    python -m tests.benchmarks.threads [--model FOLDER] [--threads 2] [--side 256]
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from PIL import Image

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Size
from bot.engine.z_image import ZImageEngine
from bot.media.encoding import to_pillow
from bot.media.pixel_comparison import Difference, compare
from bot.settings import DEMO_MODEL_DIR

PROMPTS = (
    "a red apple",
    "红苹果",
    "一只 orange fox",
    "a castle, pixel art",
    "雪人",
    "a blue rocket",
)
SETTINGS: tuple[dict[str, Any], ...] = ({}, {"guidance_scale": 1.4}, {"variety": 50})


def draw(model: Path, *, dtype: str, threads: int, side: int) -> list[Image.Image]:
    """Draw every prompt in every setting with a new engine."""
    engine = ZImageEngine(
        model, model_id="demo", revision="benchmark", device="cpu", dtype=dtype, cpu_threads=threads
    )
    size = Size(width=side, height=side)
    requests = [
        ImageRequest(prompt=prompt, seed=seed, size=size, **settings)
        for seed, prompt in enumerate(PROMPTS)
        for settings in SETTINGS
    ]
    return [to_pillow(engine.draw(DrawTask(request=request)).image) for request in requests]


def differences(one: list[Image.Image], other: list[Image.Image]) -> list[Difference]:
    """Compare two drawings of everything."""
    found = [compare(a, b) for a, b in zip(one, other, strict=True)]
    return [each for each in found if each is not None]


def report(name: str, found: list[Difference]) -> None:
    """Print how many are the same, and how far apart the others are."""
    same = sum(each.is_none for each in found)
    line = f"{name:<44} {same} of {len(found)} identical"
    if same < len(found):
        psnr_db = [each.psnr_db for each in found if math.isfinite(each.psnr_db)]
        line += (
            f"; at most {max(each.max for each in found)} of 255 levels,"
            f" {sum(each.mean for each in found) / len(found):.4f} on average,"
            f" PSNR {min(psnr_db):.1f} dB and more"
        )
    print(line, flush=True)


def main() -> None:
    """Draw and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model", type=Path, default=DEMO_MODEL_DIR, help="a ZImagePipeline folder"
    )
    parser.add_argument("--threads", type=int, default=2, help="compared with one")
    parser.add_argument("--side", type=int, default=256, help="pixels")
    options = parser.parse_args()
    for dtype in ("float32", "bfloat16"):
        drawn = {
            threads: [
                draw(options.model, dtype=dtype, threads=threads, side=options.side)
                for _ in range(2)
            ]
            for threads in (1, options.threads)
        }
        for threads, (first, again) in drawn.items():
            name = f"{dtype}, {threads} threads, a second time"
            report(name, differences(first, again))
        name = f"{dtype}, 1 against {options.threads} threads"
        report(name, differences(*(each[0] for each in drawn.values())))


if __name__ == "__main__":
    main()
