"""Let a crowd ask under rules that change while the bot is killed; then compare with what held.

The real bot in a process of its own, with 200 members, 20 roles and 50 rules in every layer. An
auditor reads from the database which rules held at any moment: no image may have been begun against
one, nobody let in over a quota, and every image charged exactly once. Exit code 1 if anything is.

    python -m tests.benchmarks.rules [--commands 3000] [--changes 60] [--kills 10] [--seed 1]
        [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.support.rules_audit import RulesRun


def main() -> int:
    """Run and print the findings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commands", type=int, default=3000)
    parser.add_argument("--changes", type=int, default=60)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="leave the bot's data in this folder")
    options = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        run = RulesRun(
            data_dir=(options.keep or Path(folder)) / "data",
            commands=options.commands,
            changes=options.changes,
            kills=options.kills,
            members=options.members,
            seed=options.seed,
        )
        found = asyncio.run(run.run())
    print(found)
    print(f"{time.monotonic() - start:.0f} s, seed {options.seed}")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
