"""How like a draft the picture is that is drawn large from it, at each strength.

Drafts of half the native side are drawn with the demo model, then each is drawn large, and varied
at its own size. The judge (see `tests/support/judge`) names the likeliest of 670 concepts; the
fingerprint says how much of the composition is left (0 is that of any two pictures, 1 all of it).

    python -m tests.benchmarks.draw_large [--seeds 2] [--strengths 45,55,65]
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from bot.domain.drawing import DrawTask, RawImage
from bot.domain.requests import STRENGTHS, ImageRequest, ModelProfile, ModelRules, Quality
from bot.engine.z_image import ZImageEngine
from bot.media.encoding import to_pillow
from bot.media.fingerprint import composition_likeness, fingerprint
from bot.media.source_pictures import prepared
from bot.settings import DEMO_MODEL_DIR
from tests.benchmarks.strengths import THINGS, concept

RULES = ModelRules(native=256)
LEVELS = (35, 45, 55, 65, 75)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A draft that shows what it should."""

    name: str
    request: ImageRequest
    image: RawImage


def drafts_of(engine: ZImageEngine, seeds: int) -> list[Draft]:
    """Draw drafts of every thing, and return those that the judge recognises."""
    size, found = RULES.draft_of(RULES.default), []
    for name, words in THINGS.items():
        for seed in range(seeds):
            request = ImageRequest(
                prompt=words,
                seed=seed,
                size=size,
                quality=Quality.DRAFT,
                variety=ModelProfile.TURBO.draft_variety,
            )
            image = engine.draw(DrawTask(request=request)).image
            found.append(Draft(name=name, request=request, image=image))
    return [each for each in found if concept(each.image) == each.name]


def report(engine: ZImageEngine, drafts: Sequence[Draft], strength: int, *, is_large: bool) -> None:
    """Draw from all drafts at one strength, and print what is left of them."""
    kept, likeness = [], []
    for draft in drafts:
        request, source = draft.request, draft.image
        if is_large:
            size = RULES.large_of(request.size)
            source = prepared(to_pillow(source), size)
            request = replace(request, size=size, quality=Quality.STANDARD)
        else:
            request = replace(request, seed=request.seed + 100)
        request = replace(request, strength=strength).begun_with(source.pixel_sha256)
        image = engine.draw(DrawTask(request=request, inputs=(source,))).image
        kept.append(concept(image) == draft.name)
        prints = [fingerprint(to_pillow(each)) for each in (draft.image, image)]
        likeness.append(composition_likeness(*prints))
    what = "large" if is_large else "around"
    print(
        f"| {what} | {strength}% | {len(kept)} | {statistics.mean(kept):.0%} "
        f"| {statistics.median(likeness):.0%} | {min(likeness):.0%} |",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--strengths", default=",".join(map(str, LEVELS)))
    options = parser.parse_args()
    torch.set_num_threads(1)
    engine = ZImageEngine(DEMO_MODEL_DIR, model_id="demo", revision="1", device="cpu")
    drafts = drafts_of(engine, options.seeds)
    print("| drawn | strength | drafts | still the thing | composition, median | lowest |")
    print("|---|---|---|---|---|---|")
    for strength in map(int, options.strengths.split(",")):
        report(engine, drafts, strength, is_large=True)
    for strength in (STRENGTHS["subtle"], STRENGTHS["strong"]):
        report(engine, drafts, strength, is_large=False)


if __name__ == "__main__":
    main()
