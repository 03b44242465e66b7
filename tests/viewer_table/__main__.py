"""Write the page of who sees what."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from bot.settings import DEMO_MODEL_DIR
from tests.viewer_table import build


def main() -> None:
    """Write the page."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/visibility.md")
    with tempfile.TemporaryDirectory() as folder:
        table = asyncio.run(build(Path(folder), DEMO_MODEL_DIR))
    target.write_text(table.page(), encoding="utf-8")


if __name__ == "__main__":
    main()
