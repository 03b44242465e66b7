"""How far seeds differ at each variety, and how much of the prompt is still followed.

For every prompt the same seeds are drawn at every variety. The distance of two pictures of one
prompt needs no download: half of it is the mean absolute difference of their pixels, half how many
bits of their likeness differ (256 signs of the lowest frequencies of the cosine transform, see
`bot.likeness`), each divided by what it is between pictures of different prompts: 1 is as far
apart as pictures of different things. Whether the prompt is followed is asked of the judge (see
`tests/judge`), which never saw a generated picture: the share of pictures whose likeliest of 670
concepts is the right one, and how sure it is of that one on average.

    python -m tests.benchmarks.variety [--model FOLDER] [--seeds 16] [--side 192]
    python -m tests.benchmarks.variety --strengths 0.5,1,2 --fractions 0.25,1   # for a new scale

The second form measures noise itself, on a grid of strengths (in standard deviations of the
embedding) and fractions (of its values that are moved).
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from bot.engines import RawImage
from bot.engines.z_image import ZImageEngine
from bot.generation import GenerationRequest, Size
from bot.images import to_pillow
from bot.likeness import fingerprint
from bot.scales import LARGEST, NEWEST_SCALE, SCALES, VarietyScale
from bot.settings import DEMO_MODEL_DIR
from tests.judge import probabilities

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
    """Keep what is compared of a picture."""
    picture, sure = to_pillow(image), probabilities(image)
    whole = np.frombuffer(fingerprint(picture)[:WHOLE_BYTES], np.uint8)
    return Look(
        pixels=_pixels(picture),
        bits=np.unpackbits(whole).astype(np.int16),
        sure=sure[concept],
        is_right=max(sure, key=lambda name: sure[name]) == concept,
    )


def _pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture, dtype=np.int16).ravel()


def apart(pairs: Iterator[tuple[Look, Look]]) -> tuple[float, float]:
    """Return the mean difference of pixels, in levels of 255, and of bits."""
    found = [(np.abs(a.pixels - b.pixels).mean(), np.abs(a.bits - b.bits).sum()) for a, b in pairs]
    pixels, bits = np.mean(found, axis=0)
    return float(pixels), float(bits)


class Measuring:
    """The model, the seeds and the size that everything is measured with."""

    def __init__(self, engine: ZImageEngine, *, seeds: int, side: int) -> None:
        """Draw what all else is compared with: the prompts without a variety."""
        self._engine, self._seeds = engine, range(seeds)
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

    def _draw(self, variety: int, scale: int) -> dict[str, list[Look]]:
        work = tqdm(
            list(itertools.product(PROMPTS, self._seeds)),
            desc=f"variety {variety}, scale {scale}", leave=False, mininterval=5, disable=None,
        )  # fmt: skip
        drawn: dict[str, list[Look]] = {prompt: [] for prompt in PROMPTS}
        for prompt, seed in work:
            request = GenerationRequest(
                prompt=prompt, seed=seed, size=self._size, variety=variety, variety_scale=scale
            )
            image = self._engine.generate(request).image
            drawn[prompt].append(look(image, PROMPTS[prompt]))
        return drawn

    def _of_different_prompts(self) -> Iterator[tuple[Look, Look]]:
        concepts = {prompt: PROMPTS[prompt] for prompt in self._plain}
        for one, other in itertools.combinations(self._plain, 2):
            if concepts[one] != concepts[other]:
                yield from zip(self._plain[one], self._plain[other], strict=True)


def numbers(text: str) -> list[float]:
    """Read numbers with commas between them."""
    return [float(each) for each in text.split(",")]


def report(name: str, measuring: Measuring, figures: Figures) -> None:
    """Print one line of the table."""
    print(
        f"{name:<30} distance {measuring.distance(figures):5.3f}   pixels {figures.pixels:5.1f}"
        f"   bits {figures.bits:5.1f}   right {figures.right:6.1%}   sure {figures.sure:5.3f}",
        flush=True,
    )


def measure_scale(measuring: Measuring, varieties: Sequence[float]) -> None:
    """Print the figures of the scale in use."""
    print(f"scale {NEWEST_SCALE}: {SCALES[NEWEST_SCALE]}")
    for variety in varieties:
        report(f"variety {variety:g}", measuring, measuring.measure(int(variety)))


def measure_grid(
    measuring: Measuring, strengths: Sequence[float], fractions: Sequence[float]
) -> None:
    """Print the figures of noise of every strength on every fraction."""
    report("none", measuring, measuring.measure(0))
    for fraction, strength in itertools.product(fractions, strengths):
        SCALES[TRIED_SCALE] = VarietyScale(strength=strength, fraction=fraction)
        figures = measuring.measure(LARGEST, TRIED_SCALE)
        report(f"strength {strength:g}, fraction {fraction:g}", measuring, figures)


def main() -> None:
    """Draw and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", type=Path, default=DEMO_MODEL_DIR, help="a ZImagePipeline folder"
    )
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--side", type=int, default=192, help="pixels")
    parser.add_argument("--varieties", type=numbers, default=VARIETIES)
    parser.add_argument("--strengths", type=numbers, help="measure noise instead of the scale")
    parser.add_argument("--fractions", type=numbers, default=[0.5])
    options = parser.parse_args()
    engine = ZImageEngine(
        options.model, model_id=options.model.name, revision="benchmark", device="cpu"
    )
    measuring = Measuring(engine, seeds=options.seeds, side=options.side)
    print(
        f"{len(PROMPTS)} prompts, {options.seeds} seeds each, {options.side}x{options.side}; "
        f"between different prompts: pixels {measuring.others[0]:.1f}, bits "
        f"{measuring.others[1]:.1f} of 256"
    )
    if options.strengths:
        measure_grid(measuring, options.strengths, options.fractions)
    else:
        measure_scale(measuring, options.varieties)


if __name__ == "__main__":
    sys.exit(main())
