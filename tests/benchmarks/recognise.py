"""How many changed copies of images are recognised, and how many others are taken for them.

Images are drawn by the demo model, several with neighbouring seeds of one prompt, which are the
hardest to tell apart; each is re-compressed, resized and put into a screenshot. The others are more
images of the same model, none of them among the known.

    python -m tests.benchmarks.recognise [--images 300] [--others 10000] [--processes N]

Every image takes one core about 0.4 s.
"""

from __future__ import annotations

import argparse
import functools
import io
import multiprocessing
import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

from PIL import Image
from tqdm import tqdm

from bot.command_line.common import let_threads_sleep
from bot.engines.z_image import ZImageEngine
from bot.generation import GenerationRequest, Quality, Size
from bot.images import to_pillow
from bot.likeness import best_match, candidates, fingerprint
from bot.settings import DEMO_MODEL_DIR

THINGS = (
    *("apple", "cat face", "rocket", "castle", "pizza", "fish", "tree", "car", "star", "house"),
    *("banana", "dog", "flower", "heart", "crown", "rainbow", "boat", "cake", "bird", "moon"),
)
COLOURS = ("red", "blue", "green", "yellow", "purple", "orange", "white", "black")
STYLES = ("", ", flat", ", 3D", ", cartoon", ", pixel art", ", line drawing")
FAR = 10**6  # seeds and groups from here on are of images that are not known
GROUP = 8  # images of one prompt, with neighbouring seeds
PAGES = ("#313338", "#ffffff", "#1e1f22")  # Discord's dark and light, and its darkest


@functools.cache
def loaded_engine() -> ZImageEngine:
    """Return the engine of this process."""
    return ZImageEngine(
        DEMO_MODEL_DIR, model_id="demo", revision="benchmark", device="cpu", cpu_threads=1
    )


def draw(wish: tuple[int, int, int]) -> Image.Image:
    """Draw the image of a group, a seed and a side; a group shares its prompt."""
    group, seed, side = wish
    chance = random.Random(group)
    prompt = (
        f"a {chance.choice(COLOURS)} {chance.choice(THINGS)} on a {chance.choice(COLOURS)} "
        f"background{chance.choice(STYLES)}"
    )
    request = GenerationRequest(
        prompt=prompt, seed=seed, size=Size(width=side, height=side), quality=Quality.DRAFT
    )
    return to_pillow(loaded_engine().generate(request).image)


def encoded(image: Image.Image, format_: str, quality: int) -> Image.Image:
    """Return what is left of an image after lossy compression."""
    buffer = io.BytesIO()
    image.save(buffer, format_, quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def resized(image: Image.Image, share: float) -> Image.Image:
    """Return the image in another size."""
    size = (round(image.width * share), round(image.height * share))
    return image.resize(size, Image.Resampling.LANCZOS)


def screenshot(image: Image.Image, page: str, chance: random.Random) -> Image.Image:
    """Return the image on a page, with uneven margins, as a lossy picture."""
    left, top, right, bottom = (chance.randint(3, 60) for _ in range(4))
    canvas = Image.new("RGB", (image.width + left + right, image.height + top + bottom), page)
    canvas.paste(image, (left, top))
    return encoded(canvas, "JPEG", 85)


def changed(image: Image.Image, chance: random.Random) -> Iterator[tuple[str, Image.Image]]:
    """Yield the copies of an image with their names."""
    for quality in (60, 75, 95):
        yield f"JPEG q{quality}", encoded(image, "JPEG", quality)
    yield "WebP q60", encoded(image, "WEBP", 60)
    for share in (0.5, 0.75, 1.5, 2.0):
        yield f"resized {share:.0%}", resized(image, share)
    yield "resized 70 % and JPEG q70", encoded(resized(image, 0.7), "JPEG", 70)
    for page in PAGES:
        yield f"screenshot on {page}", screenshot(image, page, chance)


def main() -> None:
    """Draw, change, recognise and count."""
    options = options_of(__doc__)
    let_threads_sleep()  # in the processes, which get this one's environment
    with ProcessPoolExecutor(options.processes, multiprocessing.get_context("spawn")) as pool:
        numbers = range(options.images)
        drawn = pool.map(draw, [(n // GROUP, n, options.side) for n in numbers], chunksize=GROUP)
        images = tqdm(drawn, total=options.images, desc="images", disable=None)
        known = {str(n): image for n, image in zip(numbers, images, strict=True)}
        table = [(key, fingerprint(image)) for key, image in known.items()]

        def recognise(image: Image.Image) -> str | None:
            near = candidates(image, table)
            match = best_match(image, ((key, known[key]) for key in near))
            return None if match is None else match.key

        report_copies(known, recognise)
        # Every second one shares its prompt with known images, with a seed that none of them has.
        groups = max(options.images // GROUP, 1)
        wanted = [
            (n % groups if n % 2 else FAR + n, FAR + n, options.side) for n in range(options.others)
        ]
        others = pool.map(draw, wanted, chunksize=GROUP)
        report_others(others, options.others, recognise)


def options_of(description: str) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--others", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=128, help="pixels")
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="that draw beside each other"
    )
    return parser.parse_args()


def report_copies(
    known: dict[str, Image.Image], recognise: Callable[[Image.Image], str | None]
) -> None:
    """Print the share recognised by kind of change."""
    right: dict[str, int] = defaultdict(int)
    wrong: dict[str, int] = defaultdict(int)
    chance = random.Random(1)
    for key, image in tqdm(known.items(), desc="copies"):
        for kind, copy in changed(image, chance):
            found = recognise(copy)
            right[kind] += found == key
            wrong[kind] += found not in {None, key}
    for kind, count in right.items():
        print(f"{kind:28} recognised {count / len(known):7.1%}   taken for another {wrong[kind]}")


def report_others(
    others: Iterator[Image.Image], count: int, recognise: Callable[[Image.Image], str | None]
) -> None:
    """Print how many of the images that are not known are taken for one that is."""
    false = 0
    for number, other in enumerate(tqdm(others, total=count, desc="others", disable=None), start=1):
        false += recognise(other) is not None
        if number % 1000 == 0 or number == count:
            print(f"{number} other images: {false} false matches", flush=True)


if __name__ == "__main__":
    main()
