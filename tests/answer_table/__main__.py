"""Write the page of what is seen when the network fails, or the bot is killed."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from tests.answer_table import ACTS, TROUBLES, Table, fill_all


def main() -> int:
    """Write the page after each row, and say what must not be; other rows stay as they are."""
    options = _options()
    table = Table.read(options.page)

    def after(act: str) -> None:
        options.page.write_text(table.page(), encoding="utf-8")
        print(act, {name: table.cells[act, name] for name in TROUBLES}, flush=True)

    asyncio.run(fill_all(table, options.acts or ACTS, scenes=options.scenes, after=after))
    bad = table.bad
    print("bad:", bad)
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.answer_table")
    parser.add_argument("page", nargs="?", type=Path, default=Path("docs/answers.md"))
    parser.add_argument("acts", nargs="*", metavar="ACT", help="rows; none means all of them")
    parser.add_argument("--scenes", type=int, default=4, help="bots that share the rows")
    return parser.parse_intermixed_args()


if __name__ == "__main__":
    sys.exit(main())
