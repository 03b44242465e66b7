"""Make the README's picture of looks: LoRA, styles, a permutation and control, a row for each.

python -m tests.pictures.looks [docs/pictures/looks.webp]
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image

from bot.media.contact_sheet import Cell, draw_grid
from bot.media.picture_files import read_pixels
from bot.settings import DEMO_MODEL_DIR, Settings
from tests.pictures.playground import write_picture
from tests.support.discord_env import DiscordEnv, SteeredEngine, ids_of, open_env

SEED: Final = 42
WIDTH: Final = 1200  # pixels
PROMPT: Final = "a rocket"
SCALES: Final = ("0", "0.5", "1")
OTHER: Final = "a butterfly"
STYLES: Final = ("ink", "comic", "poster", "sticker")
PERMUTATION: Final = "{green, blue} apple on {white, black}"
COMBINATIONS: Final = ("green, white", "green, black", "blue, white", "blue, black")
SHAPE, STEERED = "a castle", "a flat castle, teal background"


async def pictures(env: DiscordEnv, message: Any) -> list[Image.Image]:
    """Return the images that a message shows."""
    found = [await env.service.images.find(id_, viewer=env.viewer()) for id_ in ids_of(message)]
    return [read_pixels(each.path).convert("RGB") for each in found if each and each.path]


async def drawn(env: DiscordEnv, prompt: str = PROMPT, **options: Any) -> Image.Image:
    """Return the image of one command."""
    message = await env.imagine(prompt=prompt, seed=SEED, size="256x256", **options)
    [picture] = await pictures(env, message)
    return picture


async def loras(env: DiscordEnv) -> list[Cell]:
    """Draw one prompt with more and more of a LoRA, and another one."""
    cells = [
        Cell(picture=await drawn(env, lora=f"neon:{scale}"), label=f"neon:{scale}")
        for scale in SCALES
    ]
    return [*cells, Cell(picture=await drawn(env, OTHER, lora="neon:1"), label=f"{OTHER}, neon:1")]


async def styles(env: DiscordEnv) -> list[Cell]:
    """Draw the same in four styles."""
    return [Cell(picture=await drawn(env, style=style), label=style) for style in STYLES]


async def permutation(env: DiscordEnv) -> list[Cell]:
    """Draw all combinations of two choices."""
    message = await env.imagine(prompt=PERMUTATION, seed=SEED, size="256x256")
    found = await pictures(env, message)
    return [Cell(picture=each, label=it) for each, it in zip(found, COMBINATIONS, strict=True)]


async def control(env: DiscordEnv, folder: Path) -> list[Cell]:
    """Draw a picture, its map, what follows it, and the same with a LoRA."""
    source = await drawn(env, SHAPE)
    source.save(folder / "source.png")
    given = {
        "control": ("source.png", (folder / "source.png").read_bytes()),
        "control_kind": "scribble",
    }
    steered = await drawn(env, STEERED, **given)
    lines = next((env.settings.data_dir / "sources").rglob("*.png"))
    both = await drawn(env, STEERED, lora="neon:1", **given)
    return [
        Cell(picture=source, label="a picture"),
        Cell(picture=read_pixels(lines).convert("RGB"), label="its map"),
        Cell(picture=steered, label="along it"),
        Cell(picture=both, label="with neon:1"),
    ]


def sheet(rows: Sequence[tuple[str, list[Cell]]]) -> Image.Image:
    """Draw the rows below each other, what was typed beside each."""
    cells = [cell for _, row in rows for cell in row]
    typed = [words for words, _ in rows]
    return draw_grid(cells, columns=len(SCALES) + 1, row_labels=typed, width=WIDTH).image


async def draw(folder: Path, engine: Any) -> Any:
    """Return the picture."""
    settings = Settings(data_dir=folder / "data", model=str(DEMO_MODEL_DIR), device="cpu")
    async with open_env(settings, SteeredEngine(engine)) as env:
        rows = [
            (f"{PROMPT} lora:", await loras(env)),
            (f"{PROMPT} style:", await styles(env)),
            (PERMUTATION, await permutation(env)),
            (f"{STEERED} control:", await control(env, folder)),
        ]
        return await asyncio.to_thread(sheet, rows)


if __name__ == "__main__":
    write_picture(draw, "docs/pictures/looks.webp")
