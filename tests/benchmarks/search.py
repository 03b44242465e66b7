"""How fast images are found among very many: a page of `/history` for all kinds of searches.

Asked by somebody who may view all channels of their guild, all but two in which a hundredth of its
images were made, only those two, or none with images.

Rows are written straight into the database, as the service writes them; prompts are drawn from
words in English and Chinese with the frequencies of real ones (few words often, most rarely).

    python -m tests.benchmarks.search [--rows 1000000] [--repeats 20] [--keep FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.domain.search import Search
from bot.domain.viewers import Viewer
from bot.storage import Store
from bot.storage.search_index import index_words

GUILDS, USERS, DAYS = 50, 5000, 700
CHANNELS = 20  # of each guild; in the last two there are few images
MOST, FEWEST = range(CHANNELS - 2), range(CHANNELS - 2, CHANNELS)
HAN = "红苹果猫狗山水远黛墨晕城市夜雨雪花树鸟鱼月星云海船桥塔龙虎马牛羊春夏秋冬金木火土天地人"
SEARCHES = (
    ("no search, newest", ""),
    ("a common word", "red"),
    ("a rare word", "word7777"),
    ("two words", "red word50"),
    ("the beginning of a word", "wor"),
    ("Chinese, two characters", "苹果"),
    ("mixed", "苹果 red"),
    ("a seed", "seed:123456"),
    ("a size and a word", "size:768x1344 red"),
    ("a person", "by:777"),
    ("a month and a word", "on:2025-06 red"),
    ("nothing to find", "nowhere"),
)


def prompts(chance: random.Random, rows: int) -> Iterator[str]:
    """Yield prompts of two to nine words, or of four to twelve characters."""
    words = ["red", "cat", "castle", "night", "film", *(f"word{i}" for i in range(20_000))]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    drawn = chance.choices(words, weights, k=rows * 6)
    for i in range(rows):
        if i % 3:
            yield " ".join(drawn[i * 6 : i * 6 + chance.randint(2, 6)])
        else:
            yield "".join(chance.choices(HAN, k=chance.randint(4, 12)))


def fill(path: Path, rows: int) -> None:
    """Write the rows, in the order in which they would have been made."""
    chance = random.Random(1)
    sizes = ((1024, 1024), (768, 1344), (1280, 720))
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        job = ("j", "posted", "imagine", 0, 2, 1, "Ada", "en-US", 3, "x", "x", "x")
        db.execute(
            "INSERT INTO jobs (id, state, relation, spoiler, channel_id, user_id, user_name,"
            f" locale, application_id, expires_at, created_at, changed_at) VALUES ({marks(12)})",
            job,
        )
        for i, prompt in enumerate(prompts(chance, rows)):
            day = i * DAYS // rows
            year, month, date = 2025 + day // 360, day % 360 // 30 + 1, day % 30 % 28 + 1
            user, guild = chance.randrange(USERS), chance.randrange(GUILDS) + 1
            channel = channel_of(guild, chance.choice(MOST if i % 100 else FEWEST))
            seed, (width, height) = chance.randrange(2**32), chance.choice(sizes)
            stamp = f"{year}-{month:02}-{date:02}"
            name = f"g{i}"
            db.execute(
                "INSERT INTO generations (id, job_id, position, relation, user_id, guild_id,"
                " channel_id, prompt, prompt_used, seed, width, height, quality,"
                " num_inference_steps, sigmas, guidance_scale, model_id, model_revision, dtype,"
                " device, torch, diffusers, transformers, conditions, durations, pixel_sha256,"
                f" created_at) VALUES ({marks(27)})",
                (name, "j", i, "imagine", user, guild, channel, prompt, "", seed, width, height,
                 "standard", 8, "[]", 0.0, "m", "r", "d", "d", "t", "d", "t", "{}", "{}",
                 f"{i:064x}", f"{stamp}T{i:012}"),
            )  # fmt: skip
            facets = (
                f"g{guild} c{channel} u{user} s{seed} z{width}x{height} d{year} d{year}{month:02}"
                f" d{year}{month:02}{date:02}"
            )
            db.execute(
                "INSERT INTO prompts (generation_id, words, facets) VALUES (?, ?, ?)",
                (name, index_words(prompt), facets),
            )
        db.commit()


async def create(path: Path) -> None:
    """Create the tables."""
    async with Store(path, images=path.parent):
        pass


def marks(count: int) -> str:
    """Return placeholders."""
    return ", ".join("?" * count)


def channel_of(guild: int, number: int) -> int:
    """Return the id of a guild's channel."""
    return guild * 1000 + number


async def measure(path: Path, repeats: int) -> None:
    """Print a line for each kind of search, in a guild that holds a fiftieth of the rows."""
    async with Store(path, images=path.parent) as store:
        for who, numbers in (
            ("all channels", range(CHANNELS)),
            ("all but two", MOST),
            ("two channels", FEWEST),
            ("none of them", ()),
        ):
            print(who)
            await measure_for(store, numbers, repeats)


async def measure_for(store: Store, channels: Sequence[int], repeats: int) -> None:
    """Print the lines of somebody who may view some channels."""
    for name, line in SEARCHES:
        seconds = []
        found = 0
        for number in range(repeats):
            guild = number % GUILDS + 1
            seen = frozenset(channel_of(guild, each) for each in channels)
            hidden = frozenset(channel_of(guild, each) for each in range(CHANNELS)) - seen
            start = time.perf_counter()
            images = await store.generations.history(
                viewer=Viewer(user_id=0, guild_id=guild, channels=seen, hidden=hidden),
                search=Search.parse(line),
                offset=0,
                limit=6,
            )
            seconds.append(time.perf_counter() - start)
            found += len(images)
        seconds.sort()
        print(
            f"{name:26} median {1000 * statistics.median(seconds):7.2f} ms   longest "
            f"{1000 * seconds[-1]:7.2f} ms   {found / repeats:.1f} found of a page of 6"
        )


def options_of(description: str, *, repeats: int) -> argparse.Namespace:
    """Read the command line of a benchmark of a large database."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--keep", type=Path, help="use, or make, this database")
    return parser.parse_args()


def main() -> None:
    """Fill, then search."""
    options = options_of(__doc__.splitlines()[0], repeats=20)
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or Path(folder) / "bot.sqlite3"
        if not path.exists():
            asyncio.run(create(path))
            start = time.perf_counter()
            fill(path, options.rows)
            size = path.stat().st_size / 2**20
            print(f"filled in {time.perf_counter() - start:.0f} s, {size:.0f} MiB")
        asyncio.run(measure(path, options.repeats))


if __name__ == "__main__":
    main()
