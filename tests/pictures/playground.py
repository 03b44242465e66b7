"""What scripts share that make a picture for the README: the demo model draws it into a file."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from bot.cli.common import open_engine
from bot.models import locate
from bot.settings import DEMO_MODEL_DIR, Settings

QUALITY: Final = 88  # of the WebP


def write_picture(draw: Callable[[Path, Any], Awaitable[Any]], default: str) -> None:
    """Write what `draw(folder, engine)` returns to the file that is named, or to `default`."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else default)
    settings = Settings(model=str(DEMO_MODEL_DIR), device="cpu")
    engine = open_engine(locate(settings.model, model_cache=settings.model_cache), settings)

    async def drawn() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            return await draw(Path(folder), engine)

    image = asyncio.run(drawn())
    image.save(path, quality=QUALITY, method=6)
    print(f"{path}: {image.width}x{image.height}, {path.stat().st_size // 1000} kB")
