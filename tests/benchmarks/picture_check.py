"""What the check of pictures costs, and how often it is wrong about harmless ones.

    python -m tests.benchmarks.picture_check [--drawn 300] [--folder FOLDER] [--unsafe FOLDER]

Pictures of the demo model, of things and people that are all harmless, and those of a folder, must
stay below the threshold. Misses are counted only in a folder of yours: none such is part of the
project.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import psutil
from PIL import Image

from bot.cli.common import let_threads_sleep
from bot.domain.picture_score import PictureScore
from bot.domain.requests import ImageRequest, Size
from bot.engine.picture_check import PictureClassifier
from bot.media.encoding import to_pillow
from bot.media.image_input import UnreadableImageError, read_picture_file
from bot.settings import PROJECT_DIR
from tests.benchmarks.drawing import Pools, add_options, finish

THRESHOLDS: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
SIDES: Final = (256, 512, 1024, 2048)
TRIES: Final = 15
SHOWN: Final = 8  # of those that are most wrongly judged


def main() -> int:
    """Print what was found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    add_options(parser)
    parser.add_argument("--drawn", type=int, default=300, help="pictures of the demo model")
    parser.add_argument("--folder", type=Path, help="of harmless pictures, looked at as well")
    parser.add_argument("--unsafe", type=Path, help="of pictures that have to be found")
    options = parser.parse_args()
    let_threads_sleep()
    memory, began = _memory_mb(), time.perf_counter()
    classifier = PictureClassifier()
    summary: dict[str, object] = {
        "models": classifier.models,
        "loading_s": round(time.perf_counter() - began, 2),
        "times": times(classifier),
        "memory_mb_with_torch": round(_memory_mb() - memory),
    }
    for name, pictures in _sets(options):
        scores = {each: classifier.score(picture) for each, picture in pictures}
        summary[name] = report(scores)
    finish(summary, options.output)
    return 0


def times(classifier: PictureClassifier) -> dict[str, object]:
    """Return the milliseconds of this thread for each size, and of each model beside the other."""
    found: dict[str, object] = {}
    for side in SIDES:
        pixels = np.random.default_rng(side).integers(0, 256, (side, side, 3), dtype=np.uint8)
        picture = Image.fromarray(pixels)
        both = _cpu_ms(lambda picture=picture: classifier.score(picture))  # type: ignore[misc]
        first = _cpu_ms(lambda pixels=pixels: classifier._mobilenet.classify(pixels))  # type: ignore[misc]
        found[f"{side}x{side}"] = {
            "both_ms": round(both, 1),
            "first_ms": round(first, 1),
            "both_to_first": round(both / first, 2),
        }
    return found


def _cpu_ms(work: Callable[[], object]) -> float:
    """Return the median of the CPU time of this thread: other programs do not count."""
    took = []
    work()
    for _ in range(TRIES):
        began = time.thread_time()
        work()
        took.append((time.thread_time() - began) * 1_000)
    return statistics.median(took)


def _memory_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def _sets(options: argparse.Namespace) -> Iterator[tuple[str, Iterator[tuple[str, Image.Image]]]]:
    if options.drawn:
        yield "drawn_by_the_demo_model", drawn(options)
    for name, folder in (("folder", options.folder), ("unsafe", options.unsafe)):
        if folder is not None:
            yield name, _pictures_in(folder)


def drawn(options: argparse.Namespace) -> Iterator[tuple[str, Image.Image]]:
    """Yield pictures of the demo model with their prompts, each of another thing if it can be."""
    judge = json.loads((PROJECT_DIR / "tests/support/judge/judge.json").read_text(encoding="utf-8"))
    things = [each.replace("-", " ") for each in judge["concepts"]]
    styles = ["", *(f", {each}" for each in judge["styles"])]
    requests = [
        ImageRequest(
            prompt=things[i * 7 % len(things)] + styles[i % len(styles)],
            seed=i,
            size=Size(width=256, height=256),
        )
        for i in range(options.drawn)
    ]
    with Pools(options) as pools:
        for request, image in zip(requests, pools.draw(requests, "drawn"), strict=True):
            yield f"{request.prompt} ({request.seed})", to_pillow(image)


def _pictures_in(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            yield path.name, read_picture_file(path).image
        except UnreadableImageError as error:
            print(f"{path}: {error.message}", file=sys.stderr)


def report(scores: Mapping[str, PictureScore]) -> dict[str, object]:
    """Return how many reach each threshold, by both models and by each alone, and which most."""
    worst = sorted(scores, key=lambda name: scores[name].unsafe, reverse=True)[:SHOWN]
    return {
        "pictures": len(scores),
        "reach": {str(t): sum(each.reaches(t) for each in scores.values()) for t in THRESHOLDS},
        "decided_at_half": _deciders(scores),
        "most": {name: [scores[name].unsafe, scores[name].decided_by] for name in worst},
    }


def _deciders(scores: Mapping[str, PictureScore]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in scores.values():
        if each.reaches(THRESHOLDS[0]):
            found[each.decided_by] = found.get(each.decided_by, 0) + 1
    return found


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    sys.exit(main())
