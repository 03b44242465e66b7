"""Whether images are made again, pixel for pixel, after the bot was started anew.

The real service, queue, engine and SQLite: one process draws images of mixed sizes, qualities,
guidance, variety and languages, from words and from pictures, several a job; another one opens the
same folder, reads every request back from the database and has it drawn again, newest first, so in
another order.

    python -m tests.benchmarks.reproduce [--images 500] [--seed 1] [--model FOLDER] [--folder DATA]
    python -m tests.benchmarks.reproduce --operations mixed   # four of five from pictures
    python -m tests.benchmarks.reproduce --operations control # likewise, half of all by a map
    python -m tests.benchmarks.reproduce --full-size   # 20 images

Control has random weights, or those that lie beside the model.

`--full-size` takes the model at its full size with random weights: a GPU and 21 GB of disk. In a
named folder everything stays, the model too, and what was interrupted there goes on with the same
options.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import random
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from bot.cli.common import open_engine
from bot.domain.drawing import RawImage
from bot.domain.jobs import Generation
from bot.domain.regions import region_of
from bot.domain.requests import DETAIL, ControlKind, ImageRequest, OperationKind, Quality, Size
from bot.media.control_maps import control_map
from bot.media.encoding import to_pillow
from bot.media.masks import mask_of_region
from bot.media.pixel_comparison import changes
from bot.media.source_pictures import raw_image
from bot.models import locate
from bot.services import Service, open_service
from bot.settings import DEMO_MODEL_DIR, Settings
from tests.benchmarks.crowd import HERE, Customer, ask
from tests.benchmarks.pictures_from_pictures import picture

PROMPTS = (
    "a red apple", "红苹果", "a cat, pixel art", "像素风格的城堡", "rocket, dark blue background",
    "一只 orange fox 在左边", "two cars", "一只猫和一只狗", "a sketch of a house", "a purple owl",
)  # fmt: skip
SIDES = range(128, 257, 16)
FULL_SIZES = ((512, 512), (1024, 1024), (1280, 720), (784, 1040))
REGIONS = ("left half", "top third", "center", "edges", "top left, bottom right")
TURNS = list(Image.Transpose)[:2]  # those that keep the size
AT_ONCE = 8  # jobs in the queue
PAGE = 100
IMAGES, FULL_SIZE_IMAGES = 500, 20


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A request, and the pictures that it begins with."""

    request: ImageRequest
    pictures: tuple[RawImage, ...] = ()


def begun(chance: random.Random, request: ImageRequest) -> Wish:
    """Return a request that perhaps begins with a picture, all of it or a part, or enlarges it."""
    kind = chance.choice(list(OperationKind))
    source = raw_image(to_pillow(picture(request.size)).transpose(chance.choice(TURNS)))
    request = replace(request, strength=chance.randint(20, 100))
    if kind is OperationKind.IMAGE_TO_IMAGE:
        return Wish(request=request.begun_with(source.pixel_sha256), pictures=(source,))
    if kind is OperationKind.TEXT_TO_IMAGE:
        return Wish(request=replace(request, strength=0))
    if kind is OperationKind.UPSCALE:
        twice = Size(width=2 * source.width, height=2 * source.height)
        way = chance.choice((0, DETAIL))
        larger = request.upscaled_from(source.pixel_sha256, twice, strength=way)
        return Wish(request=larger, pictures=(source,))
    mask = mask_of_region(region_of(chance.choice(REGIONS)), request.size)
    drawn = request.drawn_into(kind, source=source.pixel_sha256, mask=mask.pixel_sha256)
    return Wish(request=drawn, pictures=(source, mask))


def steered(chance: random.Random, wish: Wish) -> Wish:
    """Return a wish that is perhaps steered by a map, too."""
    if wish.request.is_upscaled or chance.random() < 0.5:
        return wish
    kind, image = chance.choice(list(ControlKind)), to_pillow(picture(wish.request.size))
    chart = raw_image(control_map(image, kind))
    request = replace(wish.request, control_scale=chance.choice((0.3, 0.75, 1.2)))
    request = request.steered_by(kind, chart.pixel_sha256)
    return Wish(request=request, pictures=(*wish.pictures, chart))


def wish(chance: random.Random, *, full_size: bool) -> ImageRequest:
    """Return a request with mixed settings."""
    width, height = (
        chance.choice(FULL_SIZES) if full_size else (chance.choice(SIDES), chance.choice(SIDES))
    )
    return ImageRequest(
        prompt=chance.choice(PROMPTS),
        seed=chance.randrange(2**32),
        size=Size(width=width, height=height),
        quality=chance.choice(list(Quality)),
        guidance_scale=chance.choice((0.0, 0.0, 0.0, 1.2, 2.0)),
        variety=chance.choice((0, 0, 25, 100)),
    )


def jobs_of(images: int, seed: int, *, full_size: bool, operations: str) -> Iterator[list[Wish]]:
    """Yield the wishes of each job, one to three; the same ones for the same seed."""
    chance = random.Random(seed)
    while images:
        count = min(chance.choice((1, 1, 2, 3)), images)
        requests = [wish(chance, full_size=full_size) for _ in range(count)]
        wishes = [
            Wish(request=each) if operations == "words" else begun(chance, each)
            for each in requests
        ]
        yield [steered(chance, each) for each in wishes] if operations == "control" else wishes
        images -= count


@contextlib.asynccontextmanager
async def opened(
    folder: Path, model: Path, device: str, control: str = "auto"
) -> AsyncIterator[Service]:
    """Open the service in a folder with the engine that the bot has, and end what it left."""
    settings = Settings(
        data_dir=folder,
        model=str(model),
        device=device,
        control=control,
        max_jobs=10_000,
        max_jobs_per_user=10_000,
    )
    files = locate(settings.model, model_cache=settings.model_cache)
    async with open_service(settings, lambda: open_engine(files, settings)) as service:
        await service.system.resume(lambda job: Customer(user_id=job.origin.user_id))
        await service.idle()
        yield service


async def kept(service: Service) -> list[Generation]:
    """Return every image of the database, newest first."""
    found: list[Generation] = []
    for number in itertools.count():
        page = await service.images.history(viewer=HERE, page=number, page_size=PAGE)
        found += page.generations
        if not page.has_older:
            return found
    raise AssertionError("a count never ends")


async def make(
    service: Service, images: int, seed: int, *, full_size: bool, operations: str
) -> None:
    """Draw images of mixed settings; the number of a job is its user's, so none is drawn twice."""
    there = await kept(service)
    numbers = {each.user_id for each in there}
    jobs = enumerate(jobs_of(images, seed, full_size=full_size, operations=operations), start=1)
    missing = [(number, wishes) for number, wishes in jobs if number not in numbers]
    with tqdm(total=images, initial=len(there), desc="made", unit="image", mininterval=5) as bar:
        for start in range(0, len(missing), AT_ONCE):
            some = missing[start : start + AT_ONCE]
            replies = [
                await ask(
                    service,
                    number,
                    *(each.request for each in wishes),
                    sources=[picture for each in wishes for picture in each.pictures],
                )
                for number, wishes in some
            ]
            for reply in replies:
                bar.update(len(await reply.made()))


async def make_again(service: Service, images: int) -> bool:
    """Draw again what the database holds; print how many of the images are identical."""
    there = await kept(service)
    again = {each.parent_id: each for each in there if each.relation == "same_seed"}
    originals = [each for each in there if each.relation == "imagine"]
    for each in tqdm(originals, desc="made again", unit="image", mininterval=5):
        if each.id not in again:
            reply = await ask(service, each.user_id, each.request, again=[each.id])
            [again[each.id]] = await reply.made()
    different = [each for each in originals if again[each.id].pixel_sha256 != each.pixel_sha256]
    identical = len(originals) - len(different)
    print(f"{identical} of {images} identical")
    for each in different:
        print(f"{each.id}: {each.request}", changes(each.conditions, again[each.id].conditions))
    return identical == images


def control_of(folder: Path, model: Path) -> str:
    """Return the control weights beside a model, or random ones, as a setting."""
    if (model / "control").is_dir():
        return "auto"
    path = folder / "control.safetensors"
    if not path.exists():
        from tests.support.control_files import write_control  # noqa: PLC0415 - imports torch

        write_control(model, path)
    return str(path)


async def run_part(options: argparse.Namespace) -> bool:
    """Run one of the two parts in this process."""
    device = "cuda" if options.full_size else "cpu"
    control = (
        control_of(options.folder, options.model) if options.operations == "control" else "auto"
    )
    async with opened(options.folder / "data", options.model, device, control) as service:
        if options.part == "again":
            return await make_again(service, options.images)
        await make(
            service,
            options.images,
            options.seed,
            full_size=options.full_size,
            operations=options.operations,
        )
        return True


def run_both(options: argparse.Namespace, folder: Path) -> int:
    """Draw in one process and again in another; return the exit code of the one that ends it."""
    model = options.model
    if options.full_size:
        model = folder / "model"
        if not model.exists():
            from tests.benchmarks.baseline.random_model import build  # noqa: PLC0415 - needs a GPU

            build(model, "cuda")
    for part in ("make", "again"):
        line = [sys.executable, "-m", "tests.benchmarks.reproduce", "--part", part]
        line += ["--folder", str(folder), "--model", str(model)]
        line += ["--images", str(options.images), "--seed", str(options.seed)]
        line += ["--operations", options.operations]
        line += ["--full-size"] if options.full_size else []
        code = subprocess.run(line, check=False).returncode
        if code:
            return code
    return 0


def main() -> int:
    """Run both parts, each in a process of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, help=f"{IMAGES}; {FULL_SIZE_IMAGES} at full size")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--model", type=Path, default=DEMO_MODEL_DIR, help="a ZImagePipeline folder"
    )
    parser.add_argument("--operations", choices=["words", "mixed", "control"], default="words")
    parser.add_argument("--full-size", action="store_true", help="random weights, on a GPU")
    parser.add_argument("--folder", type=Path, help="where everything is kept")
    parser.add_argument("--part", choices=["make", "again"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.images = options.images or (FULL_SIZE_IMAGES if options.full_size else IMAGES)
    if options.part:
        return 0 if asyncio.run(run_part(options)) else 3
    if options.folder is not None:
        return run_both(options, options.folder)
    with tempfile.TemporaryDirectory() as name:
        return run_both(options, Path(name))


if __name__ == "__main__":
    sys.exit(main())
