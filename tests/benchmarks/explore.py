"""How long a sheet of drafts takes, from the command to the posted sheet.

The whole bot with its real engine in front of a simulated Discord: queue, database, checkpoints,
storing and the sheet are all in it. Prints one JSON object a run.

    python -m tests.benchmarks.explore --count 24 --model random-full --device cuda
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import logging
import tempfile
import time
from pathlib import Path
from typing import Any

from bot.cli.common import open_engine
from bot.environment.streams import say
from bot.models import locate
from bot.settings import Settings
from tests.benchmarks.speed.random_full import NAME as RANDOM_FULL
from tests.benchmarks.speed.random_full import random_full
from tests.support.discord_env import SteeredEngine, ids_of, open_env


async def measure(settings: Settings, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run the command several times, the first time to warm up."""
    files = locate(settings.model, model_cache=settings.model_cache)
    engine = SteeredEngine(open_engine(files, settings))
    engine.load()  # here, as large weights take longer than the wait for a sheet lasts
    given = {"how_many": options.count, "prompt": options.prompt}
    if options.size is not None:
        given["size"] = options.size
    runs = []
    async with open_env(settings, engine) as env:
        for number in range(options.runs + 1):
            begin = time.perf_counter()
            asked = await env.ada.slash(env.channel, "explore", seed=100 * number, **given)
            acknowledged = time.perf_counter()
            await env.until(functools.partial(_shows_images, asked.response))
            posted = time.perf_counter()
            await env.idle()
            found = await env.service.images.find_all(ids_of(asked.response), viewer=env.viewer())
            drawing = sum(each.duration_s for each in found)
            runs.append(
                {
                    "drafts": len(found),
                    "size": str(found[0].request.size),
                    "device": settings.device,
                    "is_warm": number > 0,
                    "acknowledged_s": round(acknowledged - begin, 3),
                    "posted_s": round(posted - begin, 3),
                    "engine_s": round(drawing, 3),
                    "beside_s": round(posted - begin - drawing, 3),
                    "sheet_bytes": sum(each.size for each in asked.response.attachments),
                }
            )
            print(json.dumps(runs[-1]), flush=True)
    return runs


def _shows_images(message: Any) -> bool:
    return bool(ids_of(message))


def main() -> None:
    """Measure, and print each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--model", default="demo", help=f"a folder, or {RANDOM_FULL}")
    parser.add_argument("--keep", type=Path, help=f"where {RANDOM_FULL} is, or is to be kept")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--size")
    parser.add_argument("--prompt", default="a red apple on a table")
    options = parser.parse_args()
    logging.getLogger("discord").setLevel(logging.ERROR)
    with contextlib.ExitStack() as stack:
        model, folder = options.model, stack.enter_context(tempfile.TemporaryDirectory())
        if model == RANDOM_FULL:
            model = str(
                stack.enter_context(random_full(options.keep, device=options.device, say=say))
            )
        settings = Settings(data_dir=Path(folder), model=model, device=options.device)
        asyncio.run(measure(settings, options))


if __name__ == "__main__":
    main()
