"""Whether images are made again, pixel for pixel, after the bot was started anew.

The real service, queue, engine and SQLite: one process draws images of mixed sizes, qualities,
guidance, variety and languages, several a job; another one opens the same folder, reads every
request back from the database and has it drawn again, newest first, so in another order.

    python -m tests.benchmarks.reproduce [--images 500] [--seed 1] [--full-size]

`--full-size` takes the model at its full size with random weights: a GPU and 21 GB of disk.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import random
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tqdm import tqdm

from bot.engines.z_image import ZImageEngine
from bot.generation import GenerationRequest, Quality, Size
from bot.jobs import Generation, Scope
from bot.service import Service, open_service
from bot.settings import DEMO_MODEL_DIR, Settings
from tests.benchmarks.crowd import ask

PROMPTS = (
    "a red apple", "红苹果", "a cat, pixel art", "像素风格的城堡", "rocket, dark blue background",
    "一只 orange fox 在左边", "two cars", "一只猫和一只狗", "a sketch of a house", "a purple owl",
)  # fmt: skip
SIDES = range(128, 257, 16)
FULL_SIZES = ((512, 512), (1024, 1024), (1280, 720), (784, 1040))
AT_ONCE = 8  # jobs in the queue
PAGE = 100


def wish(chance: random.Random, *, full_size: bool) -> GenerationRequest:
    """Return a request with mixed settings."""
    width, height = (
        chance.choice(FULL_SIZES) if full_size else (chance.choice(SIDES), chance.choice(SIDES))
    )
    return GenerationRequest(
        prompt=chance.choice(PROMPTS),
        seed=chance.randrange(2**32),
        size=Size(width=width, height=height),
        quality=chance.choice(list(Quality)),
        guidance_scale=chance.choice((0.0, 0.0, 0.0, 1.2, 2.0)),
        variety=chance.choice((0, 0, 25, 100)),
    )


@contextlib.asynccontextmanager
async def opened(folder: Path, model: Path) -> AsyncIterator[Service]:
    """Open the service in a folder, with the real engine."""
    device = "cpu" if model == DEMO_MODEL_DIR else "cuda"
    settings = Settings(
        data_dir=folder, model=str(model), device=device, max_jobs=10_000, max_jobs_per_user=10_000
    )

    def engine() -> ZImageEngine:
        return ZImageEngine(model, model_id=model.name, revision="benchmark", device=device)

    async with open_service(settings, engine) as service:
        yield service


async def make(folder: Path, model: Path, images: int, seed: int) -> None:
    """Draw images of mixed settings."""
    chance, done = random.Random(seed), 0
    bar = tqdm(total=images, desc="made", unit="image", mininterval=5)
    async with opened(folder, model) as service:
        while done < images:
            jobs = []
            for _ in range(AT_ONCE):
                count = min(chance.choice((1, 1, 2, 3)), images - done)
                if count:
                    full_size = model != DEMO_MODEL_DIR
                    requests = [wish(chance, full_size=full_size) for _ in range(count)]
                    jobs.append(await ask(service, 1, *requests))
                    done += count
            for job in jobs:
                await job.ended.wait()
                bar.update(len(job.images))


async def make_again(folder: Path, model: Path) -> bool:
    """Draw again what the database holds; print how much of it is identical."""
    originals: list[Generation] = []
    async with opened(folder, model) as service:
        for page in itertools.count():
            found = await service.history(scope=Scope(guild_id=1), page=page, page_size=PAGE)
            originals += found.generations
            if not found.has_older:
                break
        different = []
        for original in tqdm(originals, desc="made again", unit="image", mininterval=5):
            reply = await ask(service, 1, original.request, again=[original.id])
            await reply.ended.wait()
            if reply.images[0].pixel_sha256 != original.pixel_sha256:
                different.append(f"{original.id}: {original.request}")
    print(f"{len(originals) - len(different)} of {len(originals)} identical", *different, sep="\n")
    return not different


def main() -> None:
    """Run both parts, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--full-size", action="store_true", help="random weights, on a GPU")
    parser.add_argument("--part", choices=["make", "again"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    model = options.folder / "model" if options.folder and options.full_size else DEMO_MODEL_DIR
    if options.part == "make":
        asyncio.run(make(options.folder / "data", model, options.images, options.seed))
    elif options.part == "again":
        sys.exit(0 if asyncio.run(make_again(options.folder / "data", model)) else 3)
    else:
        run_both(full_size=options.full_size)


def run_both(*, full_size: bool) -> None:
    """Draw in one process and again in another."""
    with tempfile.TemporaryDirectory() as name:
        if full_size:
            from tests.full_size import build  # noqa: PLC0415 - needs a GPU

            build(Path(name) / "model")
        for part in ("make", "again"):
            line = [sys.executable, "-m", "tests.benchmarks.reproduce", *sys.argv[1:]]
            code = subprocess.run([*line, "--part", part, "--folder", name], check=False).returncode
            if code:
                sys.exit(code)


if __name__ == "__main__":
    main()
