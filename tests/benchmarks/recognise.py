"""How many changed copies of images are recognised, and how many others are taken for them.

A library is drawn by the demo model: some originals, several with neighbouring seeds of one prompt,
which are the hardest to tell apart, and many others, every second one with the prompt of an
original and a seed of its own.

- Copies: each original is re-compressed, resized and put into screenshots, and every copy is looked
  up in the whole library.
- Strangers: each of the others is looked up among the originals, as if it had been made elsewhere.
- Siblings: each of the others is looked up in the whole library without itself. Here thousands
  share their prompt.

    python -m tests.benchmarks.recognise [--originals 300] [--others 10000] [--processes N]

Every image takes a core of a CPU about 0.3 s, a GPU some hundredths.
"""

from __future__ import annotations

import argparse
import functools
import io
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bot.domain.requests import ImageRequest, Quality, Size
from bot.media.fingerprint import MAX_EDGES_APART, best_match, candidates, closest, fingerprint
from tests.benchmarks.drawing import Pools, add_options, counted, finish

THINGS = (
    *("apple", "cat face", "rocket", "castle", "pizza", "fish", "tree", "car", "star", "house"),
    *("banana", "dog", "flower", "heart", "crown", "rainbow", "boat", "cake", "bird", "moon"),
)
COLOURS = ("red", "blue", "green", "yellow", "purple", "orange", "white", "black")
STYLES = ("", ", flat", ", 3D", ", cartoon", ", pixel art", ", line drawing")
FAR = 10**6  # seeds and groups from here on are of images that are no originals
GROUP = 8  # originals of one prompt, with neighbouring seeds
PAGES = ("#313338", "#ffffff", "#1e1f22")  # Discord's dark and light, and its darkest
UNLIKE = 1.0  # apart: nothing in common; where colours or shapes differ, edges are not compared
PIXELS, PRINTS = "images.rgb", "fingerprints"


@dataclass(frozen=True, kw_only=True)
class Library:
    """All images, in a folder that every process reads.

    Attributes:
        folder: Holds their pixels and their fingerprints.
        side: Pixels.
        originals: How many of them, the first ones, are originals.
        total: How many there are.

    """

    folder: Path
    side: int
    originals: int
    total: int

    def image(self, key: int) -> Image.Image:
        """Return an image."""
        shape = (self.total, self.side, self.side, 3)
        return Image.fromarray(_mapped(self.folder / PIXELS, shape)[key])

    def table(self) -> list[tuple[str, bytes]]:
        """Return the key and the fingerprint of each."""
        return _table(self.folder / PRINTS, self.total)


@functools.cache
def _mapped(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    return np.memmap(path, np.uint8, mode="r", shape=shape)


@functools.cache
def _table(path: Path, total: int) -> list[tuple[str, bytes]]:
    content = path.read_bytes()
    size = len(content) // total
    return [(str(n), content[n * size : (n + 1) * size]) for n in range(total)]


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What an image was taken for.

    Attributes:
        image: The key of what was looked up, or of what it is a copy of.
        change: What was done to it.
        found: The key of what it was taken for, if anything.
        nearest: How far the nearest other candidate is apart, believed or not.

    """

    image: int
    change: str
    found: int | None
    nearest: float


def wishes(options: argparse.Namespace) -> list[ImageRequest]:
    """Return the requests of all images; every second of the others has an original's prompt."""
    groups = max(options.originals // GROUP, 1)
    originals = [wish(n // GROUP, n, options.side) for n in range(options.originals)]
    others = [
        wish(n % groups if n % 2 else FAR + n, FAR + n, options.side) for n in range(options.others)
    ]
    return originals + others


def wish(group: int, seed: int, side: int) -> ImageRequest:
    """Return the request of a group, a seed and a side; a group shares its prompt."""
    chance = random.Random(group)
    prompt = (
        f"a {chance.choice(COLOURS)} {chance.choice(THINGS)} on a {chance.choice(COLOURS)} "
        f"background{chance.choice(STYLES)}"
    )
    size = Size(width=side, height=side)
    return ImageRequest(prompt=prompt, seed=seed, size=size, quality=Quality.DRAFT)


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


def look_up(
    library: Library, image: Image.Image, itself: int, change: str, among: range | None = None
) -> Sighting:
    """Look an image up as the bot does.

    Args:
        library: Where.
        image: What is handed in.
        itself: Its key, or that of what it is a copy of.
        change: What it is called.
        among: The keys it is looked up among, itself left out; none: all, itself too.

    """
    table = library.table()
    if among is not None:
        table = [table[key] for key in among if key != itself]
    near = [(key, library.image(int(key))) for key in candidates(image, table)]
    match = best_match(image, near)
    other = closest(image, [(key, each) for key, each in near if int(key) != itself])
    return Sighting(
        image=itself,
        change=change,
        found=None if match is None else int(match.key),
        nearest=UNLIKE if other is None else min(other.apart, UNLIKE),
    )


def look_up_copies(library: Library, key: int) -> list[Sighting]:
    """Look up every copy of an original in the whole library."""
    image, chance = library.image(key), random.Random(key)
    return [look_up(library, copy, key, change) for change, copy in changed(image, chance)]


def look_up_stranger(library: Library, key: int) -> list[Sighting]:
    """Look up one of the others among the originals."""
    among = range(library.originals)
    return [look_up(library, library.image(key), key, "stranger", among)]


def look_up_sibling(library: Library, key: int) -> list[Sighting]:
    """Look up one of the others in all the library without itself."""
    return [look_up(library, library.image(key), key, "sibling", range(library.total))]


def printed(library: Library, key: int) -> bytes:
    """Return the fingerprint of an image."""
    return fingerprint(library.image(key))


def build(pools: Pools, requests: Sequence[ImageRequest], library: Library) -> None:
    """Draw all images and take their fingerprints."""
    with (library.folder / PIXELS).open("wb") as file:
        for image in pools.draw(requests, "images"):
            file.write(image.pixels)
    prints = pools.look(functools.partial(printed, library), range(library.total), chunksize=16)
    (library.folder / PRINTS).write_bytes(b"".join(prints))


def sightings(
    pools: Pools, look: Callable[[Library, int], list[Sighting]], library: Library, keys: range
) -> list[Sighting]:
    """Look up all of one kind."""
    found = pools.look(functools.partial(look, library), keys, chunksize=4)
    name = look.__name__.removeprefix("look_up_").removesuffix("s") + "s"
    return [each for some in counted(found, len(keys), name) for each in some]


def summary_of_copies(found: Sequence[Sighting], originals: int) -> dict[str, object]:
    """Count by change, and print."""
    right = Counter(each.change for each in found if each.found == each.image)
    wrong = Counter(each.change for each in found if each.found not in {None, each.image})
    changes = dict.fromkeys(each.change for each in found)
    for change in changes:
        print(
            f"{change:28} recognised {right[change] / originals:7.1%}"
            f"   taken for another {wrong[change]}",
            file=sys.stderr,
        )
    return {
        "copies": len(found),
        "recognised": right.total(),
        "taken_for_another": wrong.total(),
        "nearest_other": min(each.nearest for each in found),
        "by_change": {
            change: {"recognised": right[change], "taken_for_another": wrong[change]}
            for change in changes
        },
    }


def summary_of_others(
    found: Sequence[Sighting], requests: Sequence[ImageRequest], name: str
) -> dict[str, object]:
    """Count the false matches, print, and name some."""
    false = [each for each in found if each.found is not None]
    print(f"{len(found)} {name}: {len(false)} false matches", file=sys.stderr)
    return {
        "looked_up": len(found),
        "false_matches": len(false),
        "nearest_other": min(each.nearest for each in found),
        "believed_below": MAX_EDGES_APART,
        "examples": [
            {
                **asdict(each),
                "request": str(requests[each.image]),
                "taken_for": str(requests[each.found or 0]),
            }
            for each in false[:20]
        ],
    }


def options_of(description: str) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--originals", type=int, default=300)
    parser.add_argument("--others", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=128, help="pixels")
    add_options(parser)
    return parser.parse_args()


def main() -> None:
    """Draw, change, look up and count."""
    options, start = options_of(__doc__), time.monotonic()
    requests = wishes(options)
    with tempfile.TemporaryDirectory() as name, Pools(options) as pools:
        library = Library(
            folder=Path(name), side=options.side, originals=options.originals, total=len(requests)
        )
        conditions = pools.conditions(requests[0])
        build(pools, requests, library)
        originals = range(options.originals)
        others = range(options.originals, library.total)
        copies = sightings(pools, look_up_copies, library, originals)
        strangers = sightings(pools, look_up_stranger, library, others)
        siblings = sightings(pools, look_up_sibling, library, others)
    summary = {
        "originals": options.originals,
        "others": options.others,
        "side": options.side,
        "copies": summary_of_copies(copies, options.originals),
        "strangers": summary_of_others(strangers, requests, "strangers"),
        "siblings": summary_of_others(siblings, requests, "siblings"),
        "drawn": conditions,
        "duration_s": round(time.monotonic() - start, 1),
    }
    finish(summary, options.output)


if __name__ == "__main__":
    main()
