"""Make the documents' picture of a permutation: the sheet that six combinations are posted as.

python -m tests.pictures.permutation [docs/pictures/permutation.webp]
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

from PIL import Image

from bot.settings import DEMO_MODEL_DIR, Settings
from tests.pictures.playground import write_picture
from tests.support.discord_env import SteeredEngine, answer_of, open_env

PROMPT: Final = "{red, green, blue} apple on {white, black}"
SEED: Final = 42
WIDTH: Final = 1000  # pixels


async def draw(folder: Path, engine: Any) -> Any:
    """Return the picture, as it is attached to the message."""
    settings = Settings(data_dir=folder, model=str(DEMO_MODEL_DIR), device="cpu")
    async with open_env(settings, SteeredEngine(engine)) as env:
        asked = await env.ada.slash(
            env.channel, "imagine", prompt=PROMPT, seed=SEED, size="256x256"
        )
        posted = await env.ada.click(answer_of(asked), label="Draw them")
        await env.idle()
        [attachment] = answer_of(posted).attachments
        picture = Image.open(io.BytesIO(await attachment.read()))
    picture.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    return picture


if __name__ == "__main__":
    write_picture(draw, "docs/pictures/permutation.webp")
