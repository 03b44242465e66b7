"""Make the README's picture of a family: drawn by the demo model, asked for with the real buttons.

python -m tests.pictures.family [docs/family.webp]
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bot.media.family_tree import draw_family
from bot.settings import DEMO_MODEL_DIR, Settings
from tests.pictures.playground import write_picture
from tests.support.discord_env import DiscordEnv, SteeredEngine, ids_of, open_env
from tests.unit.storage.test_relations import edit


async def grow(env: DiscordEnv) -> str:
    """Make a family and return the id of the image that it is seen from."""
    first = await env.imagine(prompt="a rocket, dark blue background", seed=42, size="256x256")
    await edit(env, first, seed="7")
    varied = await edit(env, first, variety="60", seed="12")
    sketch = await edit(env, first, prompt="a sketch of a rocket")
    await edit(env, varied, prompt="a rocket, teal background")
    pixels = await edit(env, sketch, prompt="a pixel art rocket")
    await edit(env, sketch, size="256x192")
    castle = await edit(env, pixels, prompt="a pixel art castle")
    await edit(env, pixels)
    await edit(env, castle, prompt="像素风格的城堡")
    await env.moderator.click(varied, label="Delete")
    return ids_of(pixels)[0]


async def draw(folder: Path, engine: Any) -> Any:
    """Return the picture."""
    settings = Settings(data_dir=folder, model=str(DEMO_MODEL_DIR), device="cpu")
    async with open_env(settings, SteeredEngine(engine)) as env:
        family = await env.service.images.family(await grow(env), viewer=env.viewer())
        return (await asyncio.to_thread(draw_family, family, locale="en-US")).image


if __name__ == "__main__":
    write_picture(draw, "docs/family.webp")
