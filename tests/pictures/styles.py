"""Draw the samples of the built-in styles, and the documentation's sheet of four of them.

python -m tests.pictures.styles [docs/pictures/styles.webp]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from PIL import Image

from bot.domain.drawing import DrawTask
from bot.domain.requests import Axis, ImageRequest, ModelRules
from bot.domain.styles import BUILT_IN, StyleBook
from bot.media import style_samples
from bot.media.captions import caption, shared_facts, title
from bot.media.contact_sheet import Cell, Sheet, draw_grid
from bot.media.encoding import to_pillow
from tests.pictures.playground import write_picture

SEED: Final = 42
NATIVE: Final = 256  # pixels, of the demo model
SHOWN: Final = ("none", "ink", "comic", "poster", "sticker")
LOCALE: Final = "en-US"
QUALITY: Final = 80


def request_of(style: str, prompt: str = style_samples.SAMPLE_PROMPT) -> ImageRequest:
    """Return the request of one prompt and seed in a style."""
    given = StyleBook().applied({"prompt": prompt, "style": style, "seed": SEED})
    return ImageRequest.parse(rules=ModelRules(native=NATIVE), **given)


def drawn(engine: Any, request: ImageRequest) -> Image.Image:
    """Return the picture of a request."""
    return to_pillow(engine.draw(DrawTask(request=request), on_step=lambda _: None).image)


def sheet_of(engine: Any) -> Sheet:
    """Draw one prompt and seed without a style and in four, as `/compare vary:styles` does."""
    requests = [request_of(each) for each in SHOWN]
    cells = [
        Cell(picture=drawn(engine, each), label=caption(each, Axis.STYLES, LOCALE), number=i)
        for i, each in enumerate(requests, 1)
    ]
    facts = " · ".join(shared_facts(requests[0], LOCALE, Axis.STYLES))
    headline = title(requests[1], LOCALE, Axis.STYLES)
    return draw_grid(cells, columns=len(cells), title=headline, facts=facts)


async def draw(_: Path, engine: Any) -> Any:
    """Write the samples and return the sheet."""
    engine.load()
    folder = Path(style_samples.__file__).parent
    for each in BUILT_IN:
        picture = drawn(engine, request_of(each.key))
        picture.save(folder / f"{each.key}.webp", quality=QUALITY, method=6)
    return sheet_of(engine).image


if __name__ == "__main__":
    write_picture(draw, "docs/pictures/styles.webp")
