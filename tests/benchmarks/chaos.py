"""Kill the bot again and again while a crowd uses it and Discord fails; then count what is lost.

The real bot in a process of its own with its real database and files, a Discord on real sockets, a
stand-in engine that is quick and whose pixels anybody can compute again. Exit code 1 if anything is
wrong.

    python -m tests.benchmarks.chaos [--kills 200] [--faults all] [--seed 1] [--damage N]
        [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.support.chaos.run import FAULT_NAMES, Chaos


def main() -> int:
    """Run and print the findings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument(
        "--faults", default="all", help=f"all, none, or some of: {', '.join(FAULT_NAMES)}"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--damage",
        type=int,
        default=0,
        metavar="N",
        help="damage, delete or empty the database after every N-th kill, and restore it",
    )
    parser.add_argument("--keep", type=Path, help="leave the bot's data in this folder")
    options = parser.parse_args()
    names = {"all": FAULT_NAMES, "none": []}.get(options.faults)
    faults = [name.strip() for name in options.faults.split(",")] if names is None else names
    if unknown := set(faults) - set(FAULT_NAMES):
        parser.error(f"unknown faults: {', '.join(sorted(unknown))}")
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        chaos = Chaos(
            data_dir=(options.keep or Path(folder)) / "data",
            kills=options.kills,
            seed=options.seed,
            faults=faults,
            damage_every=options.damage,
        )
        found = asyncio.run(chaos.run())
    print(found)
    print(f"{time.monotonic() - start:.0f} s, seed {options.seed}")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
