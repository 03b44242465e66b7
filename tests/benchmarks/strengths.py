"""How much of a source is kept, and how much of the new words followed, at each strength.

Every picture of one thing is drawn as another thing, at each strength, with the demo model. The
judge (see `tests/support/judge`), which never saw a generated picture, names the likeliest of 670
concepts: that of the source, that of the words, or another. A second run with the source's own
words shows what a variation keeps.

    python -m tests.benchmarks.strengths [--side 192] [--sources 12] [--chart FILE.webp]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageDraw

from bot.domain.drawing import DrawTask, RawImage
from bot.domain.requests import STRENGTHS, ImageRequest, Size
from bot.engine.z_image import ZImageEngine
from bot.media.kit import LIGHT, Box, LayoutBuilder, paint
from bot.settings import DEMO_MODEL_DIR
from tests.support.judge import probabilities

THINGS = {
    "apple": "a red apple", "fox": "a fox", "mushroom": "a mushroom", "rocket": "a blue rocket",
    "castle": "a castle", "owl": "an owl", "panda": "a panda", "snowman": "a snowman",
    "crown": "a crown", "guitar": "a guitar", "lion": "a lion", "pizza": "pizza",
}  # fmt: skip
LEVELS = (20, 35, 45, 55, 65, 75, 82, 90, 95, 100)


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Of the pictures of one strength.

    Attributes:
        source: That show the source's thing.
        words: That show the new words' thing.
        varied: That still show the thing, where the words stayed the same.

    """

    strength: int
    steps: int
    source: float
    words: float
    varied: float


def concept(image: RawImage) -> str:
    """Return what a picture shows."""
    sure = probabilities(image)
    return max(sure, key=lambda each: sure[each])


def measure(engine: ZImageEngine, size: Size, things: Sequence[str]) -> list[Shares]:
    """Draw all pairs of neighbours at every strength."""
    sources = {
        each: engine.draw(
            DrawTask(request=ImageRequest(prompt=THINGS[each], seed=i, size=size))
        ).image
        for i, each in enumerate(things)
    }
    sources = {each: image for each, image in sources.items() if concept(image) == each}
    names, found = list(sources), []
    for strength in LEVELS:
        shown: list[tuple[str, str, str]] = []
        varied: list[tuple[str, str, str]] = []
        steps = 0
        for i, name in enumerate(names):
            other = names[(i + 1) % len(names)]
            for words in (other, name):
                request = ImageRequest(
                    prompt=THINGS[words], seed=100 + i, size=size, strength=strength
                ).begun_with(sources[name].pixel_sha256)
                steps = request.num_steps
                image = engine.draw(DrawTask(request=request, inputs=(sources[name],))).image
                (varied if words == name else shown).append((name, words, concept(image)))
        found.append(
            Shares(
                strength=strength,
                steps=steps,
                source=_share([seen == name for name, _, seen in shown]),
                words=_share([seen == words for _, words, seen in shown]),
                varied=_share([seen == name for name, _, seen in varied]),
            )
        )
        print(found[-1], flush=True)
    return found


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits)


def draw_chart(found: Sequence[Shares]) -> Image.Image:
    """Draw the curves over the strength, with the four names."""
    width, height = 1120, 560
    builder: LayoutBuilder[None] = LayoutBuilder(width=width, colours=LIGHT)
    plot = Box(left=90, top=100, width=width - 130, height=height - 190)
    builder.write("How much of the source is left", (90, 28), builder.ink(28))
    for percent in range(0, 101, 25):
        y = plot.bottom - plot.height * percent // 100
        builder.panel(Box(left=plot.left, top=y, width=plot.width, height=1), LIGHT.line)
        builder.write(f"{percent} %", (plot.left - 12, y - 11), builder.soft(17), anchor="r")

    def x(strength: float) -> int:
        return plot.left + round(plot.width * strength / 100)

    for name, strength in STRENGTHS.items():
        line = Box(left=x(strength), top=plot.top, width=1, height=plot.height)
        builder.panel(line, LIGHT.line)
        builder.write(
            f"{name} {strength}%", (x(strength), plot.bottom + 14), builder.ink(18), anchor="m"
        )
    curves = (
        ("shows the source's thing", [each.source for each in found], LIGHT.heart),
        ("shows the new words' thing", [each.words for each in found], LIGHT.accent),
        ("same words: still the thing", [each.varied for each in found], (30, 130, 90)),
    )
    for i, (words, _, colour) in enumerate(curves):
        left = plot.left + i * 330
        builder.panel(Box(left=left, top=75, width=22, height=5), colour, radius=2)
        builder.write(words, (left + 30, 66), builder.soft(17))
    picture = paint(builder.plan(height))
    lines = Image.new("RGBA", (2 * width, 2 * height))  # drawn larger, or they have steps
    for _, shares, colour in curves:
        points = [
            (2 * x(each.strength), 2 * (plot.bottom - round(plot.height * share)))
            for each, share in zip(found, shares, strict=True)
        ]
        ImageDraw.Draw(lines).line(points, fill=colour, width=8, joint="curve")
    small = lines.resize((width, height), Image.Resampling.LANCZOS)
    picture.paste(small, mask=small.getchannel("A"))
    return picture


def main() -> None:
    """Measure, print the table, and draw the chart where one is wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--sources", type=int, default=len(THINGS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--chart", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    engine = ZImageEngine(DEMO_MODEL_DIR, model_id="demo", revision="1", device="cpu")
    start = time.monotonic()
    size = Size(width=options.side, height=options.side)
    found = measure(engine, size, list(THINGS)[: options.sources])
    print("| strength | steps of 8 | source's thing | words' thing | same words: still the thing |")
    print("|---|---|---|---|---|")
    for each in found:
        print(
            f"| {each.strength}% | {each.steps} | {each.source:.0%} | {each.words:.0%} "
            f"| {each.varied:.0%} |"
        )
    print(f"{time.monotonic() - start:.0f} s")
    if options.chart is not None:
        draw_chart(found).save(options.chart, quality=90)


if __name__ == "__main__":
    main()
