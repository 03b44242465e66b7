"""Write the page of what is seen when the network fails."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.answer_table import ACTS, TROUBLES, Table, scene


async def build(target: Path, acts: list[str]) -> Table:
    """Fill the table row by row; the page is written after each."""
    table = Table()
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder)) as found:
            for act in acts:
                for name, trouble in TROUBLES.items():
                    table.cells[act, name] = await found.cell(ACTS[act], trouble)
                await asyncio.to_thread(target.write_text, table.page(), encoding="utf-8")
                print(act, {n: table.cells[act, n] for n in TROUBLES}, flush=True)
    return table


def main() -> int:
    """Write the page, and say what must not be."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/answers.md")
    table = asyncio.run(build(target, sys.argv[2:] or list(ACTS)))
    print("bad:", table.bad)
    return 1 if table.bad else 0


if __name__ == "__main__":
    sys.exit(main())
