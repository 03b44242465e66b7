"""Measure how long a picture takes on a CPU, from a fresh process and with the model loaded.

    python data/demo_model/recipe/speed.py --threads 2

The least of several repetitions is the machine's own speed; the median shows what else was running.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).resolve().parents[3]
PROMPT, SIZE = "a red apple", "256x256"


def fresh(folder: Path, threads: int) -> float:
    """Return the seconds of one picture by the command line, from start to exit."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "apple.png"
        line = ["-m", "bot", "imagine", PROMPT, "--size", SIZE, "--output", str(output)]
        settings = {"MODEL": str(folder), "OMP_NUM_THREADS": str(threads), "DEVICE": "cpu"}
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, *line], cwd=PROJECT, env={**os.environ, **settings}, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return time.perf_counter() - began


def loaded(folder: Path, threads: int, count: int) -> list[float]:
    """Return the seconds of pictures by the engine, after a first one that is not counted."""
    sys.path.insert(0, str(PROJECT))
    from bot.cli.common import let_threads_sleep  # noqa: PLC0415 - found by the line above

    let_threads_sleep()  # as the bot does
    from bot.domain.drawing import DrawTask  # noqa: PLC0415
    from bot.domain.requests import ImageRequest, Size  # noqa: PLC0415
    from bot.engine.z_image import ZImageEngine  # noqa: PLC0415 - only now: it imports torch

    engine = ZImageEngine(folder, model_id="demo", revision="", device="cpu", cpu_threads=threads)
    wish = ImageRequest(prompt=PROMPT, seed=42, size=Size(width=256, height=256))
    return [engine.draw(DrawTask(request=wish)).duration_s for _ in range(count + 1)][1:]


def figures(folder: Path, threads: int, count: int) -> dict[str, object]:
    """Measure both; memory is the most that one of the fresh processes held."""
    first = [fresh(folder, threads) for _ in range(count)]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # KiB on Linux
    warm = loaded(folder, threads, 2 * count)
    return {
        "threads": threads,
        "load_average": round(os.getloadavg()[0], 1),
        "fresh_process_s": {"least": round(min(first), 2), "median": round(median(first), 2)},
        "loaded_s": {"least": round(min(warm), 2), "median": round(median(warm), 2)},
        "peak_memory_gib": round(peak / 2**20, 2),
    }


def main() -> None:
    """Parse the command line, measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model", type=Path, default=PROJECT / "data" / "demo_model")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument(
        "--count", type=int, default=3, help="fresh processes; twice as many loaded"
    )
    args = parser.parse_args()
    print(json.dumps(figures(args.model.resolve(), args.threads, args.count), indent=1))


if __name__ == "__main__":
    main()
