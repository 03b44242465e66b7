"""Whether thousands of jobs leave memory, latency and the database as they should be.

The real service, queue and SQLite. The first jobs are drawn by the demo model at a small size, the
others by a stand-in whose pixels are a hash; each job is asked for when the one before it is done,
so its latency is the bot's own work and the engine's.

    python -m tests.benchmarks.soak [--jobs 5000] [--real 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from bot.domain.requests import ImageRequest, Quality, Size
from bot.engine import Engine
from bot.engine.z_image import ZImageEngine
from bot.services import Service, open_service
from bot.settings import DEMO_MODEL_DIR, Settings
from tests.benchmarks.crowd import ask, stand_in

WINDOW = 500  # jobs a line of the report


def demo() -> Engine:
    """Return the shipped model's engine."""
    return ZImageEngine(DEMO_MODEL_DIR, model_id="demo", revision="benchmark", device="cpu")


async def draw(folder: Path, engine: Callable[[], Engine], numbers: range) -> None:
    """Draw jobs one after the other and print a line for each window of them."""
    settings = Settings(data_dir=folder, model=str(DEMO_MODEL_DIR), device="cpu")
    async with open_service(settings, engine) as service:
        for first in range(numbers.start, numbers.stop, WINDOW):
            latencies = [
                await one(service, number)
                for number in range(first, min(first + WINDOW, numbers.stop))
            ]
            report(folder, first + len(latencies), latencies)


async def one(service: Service, number: int) -> float:
    """Draw one image and return the seconds from asking to the answer."""
    start = time.perf_counter()
    request = ImageRequest(
        prompt=f"a red apple {number}",
        seed=number,
        size=Size(width=128, height=128),
        quality=Quality.DRAFT,
    )
    await (await ask(service, number % 50, request)).ended.wait()
    return time.perf_counter() - start


def report(folder: Path, jobs: int, latencies: list[float]) -> None:
    """Print memory, latency and the database's size so far."""
    memory = psutil.Process(os.getpid()).memory_info().rss
    database = sum(path.stat().st_size for path in folder.glob("bot.sqlite3*"))
    latencies.sort()
    print(
        f"{jobs:6} jobs   memory {memory / 2**20:7.1f} MiB   latency median "
        f"{1000 * statistics.median(latencies):6.1f} ms, p99 "
        f"{1000 * latencies[int(0.99 * len(latencies))]:6.1f} ms   database "
        f"{database / jobs / 1024:5.2f} KiB a job",
        flush=True,
    )


def main() -> None:
    """Run both parts on one database."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--real", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("the demo model")
        asyncio.run(draw(folder, demo, range(options.real)))
        print("the stand-in")
        quick = stand_in(folder, seconds_per_forward=0.0)
        asyncio.run(draw(folder, quick, range(options.real, options.jobs)))


if __name__ == "__main__":
    main()
