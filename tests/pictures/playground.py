"""What scripts share that make a picture for the README: the demo model draws it into a file."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from bot.cli.common import let_threads_sleep
from bot.settings import DEMO_MODEL_DIR

QUALITY: Final = 88  # of the WebP


def write_picture(draw: Callable[[Path, Any], Awaitable[Any]], default: str) -> None:
    """Write what `draw(folder, engine)` returns to the file that is named, or to `default`."""
    let_threads_sleep()
    from bot.engine.z_image import ZImageEngine  # noqa: PLC0415 - imports torch

    path = Path(sys.argv[1] if len(sys.argv) > 1 else default)
    engine = ZImageEngine(DEMO_MODEL_DIR, model_id="demo", revision="docs", device="cpu")

    async def drawn() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            return await draw(Path(folder), engine)

    image = asyncio.run(drawn())
    image.save(path, quality=QUALITY, method=6)
    print(f"{path}: {image.width}x{image.height}, {path.stat().st_size // 1000} kB")
