"""Write the page of what rules refuse."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.rule_table import ACTS, Table, fill_all


def main() -> int:
    """Write the page after each row, and say what must not be; other rows stay as they are."""
    page = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/rules.md")
    table = Table.read(page)

    def after(act: str) -> None:
        page.write_text(table.page(), encoding="utf-8")
        print(act, {key[1:]: cell for key, cell in table.bad.items() if key[0] == act}, flush=True)

    asyncio.run(fill_all(table, sys.argv[2:] or ACTS, after=after))
    print("bad:", table.bad)
    return 1 if table.bad else 0


if __name__ == "__main__":
    sys.exit(main())
