"""How true the first promise is: seconds promised at the acknowledgement against seconds waited.

The real service, queue, SQLite and demo model; jobs of mixed sizes, qualities and counts arrive at
random, about as fast as the engine draws, so that the line is now short and now long. The first
jobs of each size teach the estimator and count too, as soon as it promises anything.

    python -m tests.benchmarks.estimates [--jobs 500] [--seed 1]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics

from bot.domain.requests import ImageRequest, Quality, Size
from bot.engine.z_image import ZImageEngine
from bot.settings import DEMO_MODEL_DIR
from tests.benchmarks.crowd import HERE, Customer, ask, opened

SIZES = ((128, 128), (128, 192), (192, 192), (256, 192), (256, 256))
USERS = 12
LONGEST_LINE = 12


async def run(jobs: int, chance: random.Random) -> list[Customer]:
    """Let users come and go until that many jobs are done."""
    customers: list[Customer] = []

    def engine() -> ZImageEngine:
        return ZImageEngine(DEMO_MODEL_DIR, model_id="demo", revision="benchmark", device="cpu")

    async with opened(engine) as service:
        for number in range(jobs):
            customers.append(await ask(service, chance.randint(1, USERS), *wish(number, chance)))
            while len(service.jobs.queue(viewer=HERE)) > chance.randint(0, LONGEST_LINE):
                await next(c for c in customers if not c.ended.is_set()).ended.wait()
        await service.idle()
    return customers


def wish(number: int, chance: random.Random) -> list[ImageRequest]:
    """Return one to three requests of one kind."""
    width, height = chance.choice(SIZES)
    quality = chance.choice(list(Quality))
    guidance = chance.choice((0.0, 0.0, 0.0, 1.4))
    return [
        ImageRequest(
            prompt="a red apple",
            seed=number * 10 + i,
            size=Size(width=width, height=height),
            quality=quality,
            guidance_scale=guidance,
        )
        for i in range(chance.choice((1, 1, 1, 2, 3)))
    ]


def main() -> None:
    """Run and print the errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    customers = asyncio.run(run(options.jobs, random.Random(options.seed)))
    promised = [c for c in customers if c.promised_s]
    errors = sorted(abs(c.waited_s - (c.promised_s or 0)) / c.waited_s for c in promised)
    signed = [((c.promised_s or 0) - c.waited_s) / c.waited_s for c in promised]
    waits = [c.waited_s for c in promised]
    print(f"{len(promised)} of {len(customers)} jobs were promised a time")
    print(f"waited: median {statistics.median(waits):.2f} s, longest {max(waits):.2f} s")
    print(
        f"relative error: median {statistics.median(errors):.1%}, "
        f"90th percentile {errors[int(0.9 * len(errors))]:.1%}, "
        f"bias {statistics.median(signed):+.1%}"
    )


if __name__ == "__main__":
    main()
