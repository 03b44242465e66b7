"""How fast a line and a family are found among very many images.

Rows are written as in `tests.benchmarks.search`, then made into families of 50; one image gets
100,000 children, and one line is 100,000 images long.

    python -m tests.benchmarks.lineage [--rows 1000000] [--repeats 200] [--keep FILE]
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.storage import Store
from tests.benchmarks.search import create, fill, options_of

FAMILY = 50
CROWD = 100_000  # children of one image, and images of one line


def link(path: Path, rows: int) -> None:
    """Give the images parents: the first of each fifty has none."""
    chance = random.Random(2)
    parents = [
        (f"g{i - chance.randint(1, i % FAMILY)}", f"g{i}") for i in range(rows) if i % FAMILY
    ]
    crowd = min(CROWD, rows // 4)
    parents += [("g0", f"g{i}") for i in range(1, crowd)]
    parents += [(f"g{i - 1}", f"g{i}") for i in range(crowd + 1, 2 * crowd)]
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executemany(
            "UPDATE generations SET parent_id = ?, relation = 'edit' WHERE id = ?", parents
        )
        db.commit()


async def measure(path: Path, rows: int, repeats: int) -> None:
    """Print a line for each kind of question."""
    chance = random.Random(3)
    crowd = min(CROWD, rows // 4)
    usual = [f"g{chance.randrange(2 * crowd, rows)}" for _ in range(repeats)]
    few = max(repeats // 20, 3)
    async with Store(path, images=path.parent) as store:
        lines, families = store.lineage.descent, store.lineage.family
        for name, ask, ids in (
            ("a line", lines, usual),
            ("a family of fifty", families, usual),
            ("the line of one of 100,000 children", lines, [f"g{crowd - 1}"] * few),
            ("a family of 100,000 children", families, ["g0"] * few),
            ("the end of a line of 100,000", lines, [f"g{2 * crowd - 1}"] * few),
            ("the family of that line", families, [f"g{2 * crowd - 1}"] * few),
        ):
            await report(name, ask, ids)


async def report(name: str, ask: Callable[[str, None], Awaitable[object]], ids: list[str]) -> None:
    """Ask about each image and print how long that took."""
    seconds = []
    for id_ in ids:
        start = time.perf_counter()
        await ask(id_, None)
        seconds.append(time.perf_counter() - start)
    median, longest = statistics.median(seconds), max(seconds)
    print(f"{name:36} median {1000 * median:7.2f} ms   longest {1000 * longest:7.2f} ms")


def main() -> None:
    """Fill, link, then ask."""
    options = options_of(__doc__.splitlines()[0], repeats=200)
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or Path(folder) / "bot.sqlite3"
        if not path.exists():
            asyncio.run(create(path))
            fill(path, options.rows)
            link(path, options.rows)
        asyncio.run(measure(path, options.rows, options.repeats))


if __name__ == "__main__":
    main()
