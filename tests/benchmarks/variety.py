"""How far seeds differ at each variety, and how much of the prompt is still followed.

For every prompt the same seeds are drawn at every variety. The distance of two pictures of one
prompt needs no download: half of it is the mean absolute difference of their pixels, half how many
bits of their likeness differ (256 signs of the lowest frequencies of the cosine transform, see
`bot.media.fingerprint`), each divided by what it is between pictures of different prompts: 1 is as
far apart as pictures of different things. Whether the prompt is followed is asked of the judge (see
`tests/support/judge`), which never saw a generated picture: the share of pictures whose likeliest
of 670 concepts is the right one, and how sure it is of that one on average.

    python -m tests.benchmarks.variety [--model FOLDER] [--seeds 16] [--side 192] [--processes N]
    python -m tests.benchmarks.variety --strengths 0.5,1,2 --fractions 0.25,1   # for a new scale

The second form measures noise itself, on a grid of strengths (in standard deviations of the
embedding) and fractions (of its values that are moved).
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from bot.domain.drawing import RawImage
from bot.domain.requests import ImageRequest, Size
from bot.domain.variety_schedule import LARGEST, NEWEST_SCALE, SCALES, VarietyScale, variety_noise
from bot.media.encoding import to_pillow
from bot.media.fingerprint import fingerprint
from tests.benchmarks.drawing import Pools, add_options, finish

PROMPTS = {
    "a red apple": "apple", "a fox": "fox", "pizza": "pizza", "mushroom": "mushroom",
    "a blue rocket": "rocket", "a castle, flat": "castle", "an owl on a yellow background": "owl",
    "红苹果": "apple", "一只熊猫": "panda", "彩虹": "rainbow", "雪人": "snowman", "皇冠": "crown",
    "一把吉他": "guitar", "像素风格的狮子": "lion",
}  # fmt: skip
VARIETIES = (0, 10, 25, 50, 75, 100)
TRIED_SCALE = 0  # the number under which a grid's noise stands while it is measured
WHOLE_BYTES = 32  # of a fingerprint: the hash of the whole image; the rest is without its border


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is compared of one picture: its pixels, the bits of its likeness, and the judge's word.

    Attributes:
        pixels: (H * W * 3,), 0 .. 255.
        bits: (256,), 0 or 1.
        sure: How sure the judge is of the right concept.
        is_right: Whether it is its likeliest one.

    """

    pixels: np.ndarray
    bits: np.ndarray
    sure: float
    is_right: bool


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The means over all prompts; `pixels` in levels of 255, `bits` of 256."""

    pixels: float
    bits: float
    right: float
    sure: float


def look(image: RawImage, concept: str) -> Look:
    """Keep what is compared of a picture, in a process that looks."""
    import torch  # noqa: PLC0415 - such a process has no GPU, which must be said before

    from tests.support.judge import probabilities  # noqa: PLC0415 - it imports torch

    torch.set_num_threads(1)
    sure = probabilities(image)
    whole = np.frombuffer(fingerprint(to_pillow(image))[:WHOLE_BYTES], np.uint8)
    return Look(
        pixels=np.frombuffer(image.pixels, np.uint8).astype(np.int16),
        bits=np.unpackbits(whole).astype(np.int16),
        sure=sure[concept],
        is_right=max(sure, key=lambda name: sure[name]) == concept,
    )


def apart(pairs: Iterator[tuple[Look, Look]]) -> tuple[float, float]:
    """Return the mean difference of pixels, in levels of 255, and of bits."""
    found = [(np.abs(a.pixels - b.pixels).mean(), np.abs(a.bits - b.bits).sum()) for a, b in pairs]
    pixels, bits = np.mean(found, axis=0)
    return float(pixels), float(bits)


class Measuring:
    """The processes, the seeds and the size that everything is measured with."""

    def __init__(self, pools: Pools, *, seeds: int, side: int) -> None:
        """Draw what all else is compared with: the prompts without a variety."""
        self._pools, self._seeds = pools, range(seeds)
        self._size = Size(width=side, height=side)
        self._plain = self._draw(0, NEWEST_SCALE)
        self.others = apart(self._of_different_prompts())

    def measure(self, variety: int, scale: int = NEWEST_SCALE) -> Figures:
        """Draw every prompt with every seed and return the means."""
        drawn = self._draw(variety, scale) if variety else self._plain
        pixels, bits = np.mean(
            [apart(itertools.combinations(looks, 2)) for looks in drawn.values()], axis=0
        )
        looks = [each for looks in drawn.values() for each in looks]
        return Figures(
            pixels=float(pixels),
            bits=float(bits),
            right=float(np.mean([each.is_right for each in looks])),
            sure=float(np.mean([each.sure for each in looks])),
        )

    def distance(self, figures: Figures) -> float:
        """Return how far pictures of one prompt are apart; 1 is as far as those of others."""
        return (figures.pixels / self.others[0] + figures.bits / self.others[1]) / 2

    @property
    def example(self) -> ImageRequest:
        """Return one of the requests."""
        return self._request(next(iter(PROMPTS)), self._seeds[0], 0, NEWEST_SCALE)

    def _draw(self, variety: int, scale: int) -> dict[str, list[Look]]:
        work = list(itertools.product(PROMPTS, self._seeds))
        requests = [self._request(prompt, seed, variety, scale) for prompt, seed in work]
        images = self._pools.draw(requests, f"variety {variety}")
        looks = self._pools.look(look, images, [PROMPTS[prompt] for prompt, _ in work])
        drawn: dict[str, list[Look]] = {prompt: [] for prompt in PROMPTS}
        for (prompt, _), each in zip(work, looks, strict=True):
            drawn[prompt].append(each)
        return drawn

    def _request(self, prompt: str, seed: int, variety: int, scale: int) -> ImageRequest:
        return ImageRequest(
            prompt=prompt, seed=seed, size=self._size, variety=variety, variety_scale=scale
        )

    def _of_different_prompts(self) -> Iterator[tuple[Look, Look]]:
        concepts = {prompt: PROMPTS[prompt] for prompt in self._plain}
        for one, other in itertools.combinations(self._plain, 2):
            if concepts[one] != concepts[other]:
                yield from zip(self._plain[one], self._plain[other], strict=True)


def numbers(text: str) -> list[float]:
    """Read numbers with commas between them."""
    return [float(each) for each in text.split(",")]


def described(name: str, measuring: Measuring, figures: Figures) -> dict[str, object]:
    """Say one line of the table and return it for the summary."""
    distance = measuring.distance(figures)
    print(
        f"{name:<30} distance {distance:5.3f}   pixels {figures.pixels:5.1f}"
        f"   bits {figures.bits:5.1f}   right {figures.right:6.1%}   sure {figures.sure:5.3f}",
        file=sys.stderr,
    )
    return {"name": name, "distance": distance, **asdict(figures)}


def measure_scale(measuring: Measuring, varieties: Sequence[float]) -> Iterator[dict[str, object]]:
    """Yield the figures of the scale in use."""
    for variety in varieties:
        noise = variety_noise(int(variety), NEWEST_SCALE)
        line = described(f"variety {variety:g}", measuring, measuring.measure(int(variety)))
        yield {**line, "noise": None if noise is None else asdict(noise)}


def measure_grid(
    measuring: Measuring, strengths: Sequence[float], fractions: Sequence[float]
) -> Iterator[dict[str, object]]:
    """Yield the figures of noise of every strength on every fraction."""
    yield described("none", measuring, measuring.measure(0))
    for fraction, strength in itertools.product(fractions, strengths):
        SCALES[TRIED_SCALE] = VarietyScale(strength=strength, fraction=fraction)
        figures = measuring.measure(LARGEST, TRIED_SCALE)
        yield described(f"strength {strength:g}, fraction {fraction:g}", measuring, figures)


def options_of(description: str) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--side", type=int, default=192, help="pixels")
    parser.add_argument("--varieties", type=numbers, default=VARIETIES)
    parser.add_argument("--strengths", type=numbers, help="measure noise instead of the scale")
    parser.add_argument("--fractions", type=numbers, default=[0.5])
    add_options(parser)
    return parser.parse_args()


def main() -> None:
    """Draw and print the table."""
    options, start = options_of(__doc__), time.monotonic()
    with Pools(options) as pools:
        measuring = Measuring(pools, seeds=options.seeds, side=options.side)
        table = (
            measure_grid(measuring, options.strengths, options.fractions)
            if options.strengths
            else measure_scale(measuring, options.varieties)
        )
        summary = {
            "prompts": len(PROMPTS),
            "seeds": options.seeds,
            "side": options.side,
            "between_different_prompts": dict(
                zip(("pixels", "bits"), measuring.others, strict=True)
            ),
            "table": list(table),
            "drawn": pools.conditions(measuring.example),
        }
    finish({**summary, "duration_s": round(time.monotonic() - start, 1)}, options.output)


if __name__ == "__main__":
    main()
