"""What a region shows that was drawn anew, and what stands around a picture that was extended.

Pictures of two things side by side have their right half drawn as a third one, with words for that
thing alone, for it and its place, and for the whole picture; pictures of one thing have their
center drawn as another. The judge (see `tests/support/judge`), which never saw a generated picture,
names what it sees in the right half, or in the whole picture. Extended pictures are to show their
thing still: what repeats it beside it is another picture. Pixels outside of the masks are counted.

    python -m tests.benchmarks.regions [--side 192] [--sources 12] [--picture FILE.webp]
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

from bot.domain.drawing import DrawTask, RawImage
from bot.domain.extents import PANS, ZOOMS, extent_of
from bot.domain.regions import region_of
from bot.domain.requests import ImageRequest, ModelRules, OperationKind, Size
from bot.engine.z_image import ZImageEngine
from bot.media.canvas import extended
from bot.media.encoding import to_pillow
from bot.media.masks import mask_of_region
from bot.settings import DEMO_MODEL_DIR
from tests.benchmarks.strengths import THINGS
from tests.support.judge import judge, names

GROUNDS: Final = ("yellow", "light blue", "white", "pink", "green")
STRENGTHS: Final = (55, 75, 90, 100)
WHOLE, RIGHT = 0, 2  # regions that the judge looks at
RULES: Final = ModelRules(native=256)


@dataclass(kw_only=True)
class Count:
    """What came of all tasks.

    Attributes:
        hits: Whether the thing was there, by what was done and the strength.
        outside: How many pixels were to stay as they were.
        changed: How many of them did not.

    """

    hits: dict[tuple[str, int], list[bool]] = field(default_factory=lambda: defaultdict(list))
    outside: int = 0
    changed: int = 0


class Bench:
    """An engine, and what was counted with it."""

    def __init__(self, engine: ZImageEngine, size: Size) -> None:
        self._engine, self._size = engine, size
        self.count = Count()

    def plain(self, prompt: str, seed: int) -> RawImage:
        """Draw a picture from words."""
        request = ImageRequest(prompt=prompt, seed=seed, size=self._size)
        return self._engine.draw(DrawTask(request=request)).image

    def into(
        self, source: RawImage, mask: RawImage, kind: OperationKind, prompt: str, **more: Any
    ) -> RawImage:
        """Draw into a picture, and count what changed outside."""
        size = Size(width=source.width, height=source.height)
        request = ImageRequest(prompt=prompt, size=size, **more).drawn_into(
            kind, source=source.pixel_sha256, mask=mask.pixel_sha256
        )
        image = self._engine.draw(DrawTask(request=request, inputs=(source, mask))).image
        before, after, drawn = (np.asarray(to_pillow(each)) for each in (source, image, mask))
        stays = drawn[..., 0] == 0
        self.count.outside += int(stays.sum())
        self.count.changed += int((before != after).any(axis=2)[stays].sum())
        return image


def seen(image: RawImage, region: int) -> str:
    """Return what the judge sees in a region of a picture."""
    pixels = torch.frombuffer(bytearray(image.pixels), dtype=torch.uint8)
    picture = pixels.view(1, image.height, image.width, 3).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():
        found = judge()(picture)["concept"][0, region].argmax().item()
    return names()["concepts"][int(found)]


def pictures(bench: Bench, i: int) -> Iterator[RawImage]:
    """Draw, judge and yield the pictures of one of the things."""
    things, size = list(THINGS), bench._size
    first, second, third = (things[(i + by) % len(things)] for by in (0, 4, 7))
    ground = f"{GROUNDS[i % len(GROUNDS)]} background"
    hits, seed = bench.count.hits, 100 + i
    pair = bench.plain(
        f"{THINGS[first]} on the left and {THINGS[second]} on the right, {ground}", i
    )
    yield pair
    half = mask_of_region(region_of("right half"), size)
    wordings = {
        "right half, the thing alone": THINGS[third],
        "right half, its place and ground too": f"{THINGS[third]} on the right, {ground}",
        "right half, the whole picture": f"{THINGS[first]} on the left and {THINGS[third]} "
        f"on the right, {ground}",
    }
    for strength in STRENGTHS:
        for words, prompt in wordings.items():
            image = bench.into(
                pair, half, OperationKind.INPAINT, prompt, seed=seed, strength=strength
            )
            hits[words, strength].append(seen(image, RIGHT) == third)
        yield image
    one = bench.plain(f"{THINGS[first]}, {ground}", i)
    yield one
    center = mask_of_region(region_of("center"), size)
    for strength in STRENGTHS:
        prompt = f"{THINGS[third]}, {ground}"
        image = bench.into(one, center, OperationKind.INPAINT, prompt, seed=seed, strength=strength)
        hits["center, the whole picture", strength].append(seen(image, WHOLE) == third)
    yield image
    how = [*ZOOMS, *PANS, "landscape"][i % 7]
    canvas, around = extended(to_pillow(one), extent_of(how, (one.width, one.height), RULES))
    for strength in STRENGTHS:
        image = bench.into(
            canvas, around, OperationKind.OUTPAINT, f"{THINGS[first]}, {ground}", seed=seed,
            strength=strength,
        )  # fmt: skip
        hits["extended, still the thing", strength].append(seen(image, WHOLE) == first)
        yield image


def main() -> None:
    """Measure, print the table, and write the sheet where one is wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--sources", type=int, default=len(THINGS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    engine = ZImageEngine(DEMO_MODEL_DIR, model_id="demo", revision="1", device="cpu")
    bench = Bench(engine, Size(width=options.side, height=options.side))
    start, rows = time.monotonic(), []
    for i in range(options.sources):
        rows.append(list(pictures(bench, i)))
        print(f"{i + 1} of {options.sources}", flush=True)
    count = bench.count
    print("| | " + " | ".join(f"{each}%" for each in STRENGTHS) + " |")
    print("|---" * (len(STRENGTHS) + 1) + "|")
    for words in dict.fromkeys(words for words, _ in count.hits):
        shares = [count.hits[words, each] for each in STRENGTHS]
        print(f"| {words} | " + " | ".join(f"{sum(h)} of {len(h)}" for h in shares) + " |")
    print(f"{count.changed} of {count.outside} pixels outside of the masks changed")
    print(f"{time.monotonic() - start:.0f} s")
    if options.picture is not None:
        sheet(rows).save(options.picture, quality=88)


def sheet(rows: list[list[RawImage]], *, side: int = 128) -> Image.Image:
    """Return all pictures, those of one thing in a row."""
    found = Image.new("RGB", (side * max(map(len, rows)), side * len(rows)), "white")
    for y, row in enumerate(rows):
        for x, image in enumerate(row):
            small = to_pillow(image)
            small.thumbnail((side, side), Image.Resampling.LANCZOS)
            found.paste(small, (side * x, side * y))
    return found


if __name__ == "__main__":
    main()
