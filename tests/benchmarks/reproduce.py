"""Whether images are made again, pixel for pixel, after the bot was started anew.

The real service, queue, engine and SQLite: one process draws images of mixed sizes, qualities,
guidance, variety, styles and languages, several a job; another one opens the same folder, reads
every request back from the database and has it drawn again, newest first, so in another order.

    python -m tests.benchmarks.reproduce [--images 500] [--seed 1] [--model FOLDER] [--folder DATA]
    python -m tests.benchmarks.reproduce --operations mixed   # four of five from pictures,
        half with LoRAs of several formats or led by a map, and batches of braces and files
    python -m tests.benchmarks.reproduce --kills 3     # each process, in the middle of a drawing
    python -m tests.benchmarks.reproduce --full-size [--side 512]  # 20 images

LoRAs have random values, and control too where no weights lie beside the model.

`--full-size` takes the model at its full size with random weights: a GPU and 21 GB of disk. In a
named folder everything stays, the model too, and what was interrupted there goes on with the same
options.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from bot.cli.common import open_engine
from bot.domain.drawing import Drawing, DrawTask, Step
from bot.domain.jobs import Generation
from bot.domain.requests import Size
from bot.media.pixel_comparison import changes
from bot.models import LoraFolder, locate
from bot.services import Service, open_service
from bot.settings import DEMO_MODEL_DIR, Settings
from tests.benchmarks.crowd import HERE, Customer, ask
from tests.support.mixed_requests import MixedJob, Mixture, kinds_of

SIDES: Final = range(128, 257, 16)
FULL_SIZES: Final = ((512, 512), (1024, 1024), (1280, 720), (784, 1040))
LORAS: Final = {  # names, how they are written, and the size of their values
    "plain": ("diffusers", 0.05),
    "fused": ("kohya or musubi, fused qkv", 0.05),
    "kronecker": ("LoKr, low rank, LyCORIS", 0.1),
    "hadamard": ("LoHa", 0.3),  # of four numbers each is a product
}
AT_ONCE = 8  # jobs in the queue
PAGE = 100
IMAGES, FULL_SIZE_IMAGES = 500, 20


class DyingEngine:
    """The real engine, until the process is killed in the middle of a drawing."""

    def __init__(self, engine: Any, drawings: int) -> None:
        """Let so many drawings end before."""
        self._engine, self._left = engine, drawings

    def __getattr__(self, name: str) -> Any:
        """Return what the engine has."""
        return getattr(self._engine, name)

    def draw(self, task: DrawTask, **options: Any) -> Drawing:
        """Draw, or die at a step; an upscaler alone has none."""
        self._left -= 1
        if self._left < 0:
            options["on_step"] = _die
        drawing: Drawing = self._engine.draw(task, **options)
        return drawing


def _die(step: Step) -> None:
    if step.number > 1:
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What both processes know.

    Attributes:
        folder: Of the data, the LoRAs and the control weights.
        side: Of all images; None for mixed sizes.
        dies_after: Drawings; None for an end in order.

    """

    folder: Path
    model: Path
    seed: int
    is_mixed: bool
    is_full_size: bool = False
    side: int | None = None
    dies_after: int | None = None

    @property
    def settings(self) -> Settings:
        """Return those of a bot."""
        return Settings(
            data_dir=self.folder / "data",
            model=str(self.model),
            device="cuda" if self.is_full_size else "cpu",
            control=self._control() if self.is_mixed else "auto",
            lora_dir=self.folder / "loras",
            max_jobs=10_000,
            max_jobs_per_user=10_000,
        )

    def _control(self) -> str:
        return "auto" if (self.model / "control").is_dir() else str(self._control_file)

    @property
    def _control_file(self) -> Path:
        return self.folder / "control.safetensors"

    def write_weights(self) -> None:
        """Write LoRAs and control weights, as far as they are not here."""
        from bot.engine.adapters.shapes import shapes_of_folder  # noqa: PLC0415 - imports torch
        from tests.support.control_files import write_control  # noqa: PLC0415
        from tests.support.lora_files import FORMATS, Maker  # noqa: PLC0415

        (self.folder / "loras").mkdir(exist_ok=True)
        shapes = shapes_of_folder(self.model).parts
        # What each should do is worked out in float64: of all blocks that would be 45 GB.
        blocks = ["layers.0"] if self.is_full_size else []
        for number, (name, (form, size)) in enumerate(LORAS.items()):
            path = self.folder / "loras" / f"{name}.safetensors"
            if not path.exists():
                maker = Maker(shapes, _no_value, size=size, seed=number, blocks=blocks)
                FORMATS[form](maker).save(path)
        if self._control() != "auto" and not self._control_file.exists():
            device = "cuda" if self.is_full_size else "cpu"
            write_control(self.model, self._control_file, device=device)

    def jobs(self) -> Iterator[MixedJob]:
        """Yield jobs; the same ones for the same seed."""
        mixture = Mixture(dice=random.Random(self.seed), sizes=self._sizes())
        if not self.is_mixed:
            return mixture.word_jobs()
        mixture.loras, mixture.finder = list(LORAS), LoraFolder(self.folder / "loras")
        mixture.has_control = True
        mixture.rows = 4 if self.is_full_size else 10
        return mixture.jobs()

    def _sizes(self) -> Sequence[Size]:
        if self.side is not None:
            return [Size(width=self.side, height=self.side)]
        sides = FULL_SIZES if self.is_full_size else itertools.product(SIDES, SIDES)
        return [Size(width=width, height=height) for width, height in sides]


def _no_value(part: str, name: str) -> Any:
    raise AssertionError(f"{part} {name}: none of these formats needs the model's values")


@contextlib.asynccontextmanager
async def opened(part: Part) -> AsyncIterator[Service]:
    """Open the service in a folder with the engine that the bot has, and end what it left."""
    settings = part.settings
    files = locate(settings.model, model_cache=settings.model_cache)

    def engine() -> Any:
        engine = open_engine(files, settings)
        return engine if part.dies_after is None else DyingEngine(engine, part.dies_after)

    async with open_service(settings, engine) as service:
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


async def make(service: Service, jobs: Sequence[MixedJob]) -> bool:
    """Draw images of mixed settings; the number of a job is its user's, so none is drawn twice."""
    there = await kept(service)
    numbers = {each.user_id for each in there}
    missing = [each for each in enumerate(jobs, start=1) if each[0] not in numbers]
    total = sum(len(each.wishes) for each in jobs)
    with tqdm(total=total, initial=len(there), desc="made", unit="image", mininterval=5) as bar:
        for start in range(0, len(missing), AT_ONCE):
            replies = [
                await ask(service, number, *job.requests, sources=job.pictures, batch=job.batch)
                for number, job in missing[start : start + AT_ONCE]
            ]
            for reply in replies:
                bar.update(len(await reply.made()))
    wanted = Counter((n, each) for n, job in enumerate(jobs, start=1) for each in job.requests)
    made = Counter((each.user_id, each.request) for each in await kept(service))
    for each in (wanted - made) + (made - wanted):
        print("lost, or made though nobody asked:", each)
    return made == wanted


async def make_again(service: Service) -> bool:
    """Draw again what the database holds; print how many of the images are identical."""
    there = await kept(service)
    again = {each.parent_id: each for each in there if each.relation == "same_seed"}
    originals = [each for each in there if each.relation == "imagine"]
    for each in tqdm(originals, desc="made again", unit="image", mininterval=5):
        if each.id not in again:
            reply = await ask(service, each.user_id, each.request, again=[each.id])
            [again[each.id]] = await reply.made()
    different = [each for each in originals if again[each.id].pixel_sha256 != each.pixel_sha256]
    for kind, count in kinds_of([each.request for each in originals]).items():
        print(f"{count:5} {kind}")
    print(f"{len(originals) - len(different)} of {len(originals)} identical")
    for each in different:
        print(f"{each.id}: {each.request}", changes(each.conditions, again[each.id].conditions))
    return not different


def enough(jobs: Iterator[MixedJob], images: int) -> list[MixedJob]:
    """Return the first jobs that have so many images together, or a few more."""
    found: list[MixedJob] = []
    while sum(len(each.wishes) for each in found) < images:
        found.append(next(jobs))
    return found


async def run_part(part: Part, name: str, images: int) -> bool:
    """Run one of the two parts in this process."""
    if part.is_mixed:
        part.write_weights()
    async with opened(part) as service:
        if name == "again":
            return await make_again(service)
        return await make(service, enough(part.jobs(), images))


def run_both(line: Sequence[str], *, images: int, kills: int) -> int:
    """Draw in one process and again in another; return the exit code of the one that ends it.

    Args:
        line: The options.
        images: How many there are at least.
        kills: How often each is killed, and started again.

    """
    dice = random.Random(kills)
    command = [sys.executable, "-m", "tests.benchmarks.reproduce", *line]
    for name in ("make", "again"):
        for _ in range(kills):
            deadly = ["--dies-after", str(dice.randint(0, max(0, images // kills - 1)))]
            code = subprocess.run([*command, "--part", name, *deadly], check=False).returncode
            if code != -signal.SIGKILL:
                return code or 3
        code = subprocess.run([*command, "--part", name], check=False).returncode
        if code:
            return code
    return 0


def run(options: argparse.Namespace, folder: Path) -> int:
    """Run both parts with a model, which may have to be made."""
    model = options.model
    if options.full_size:
        model = folder / "model"
        if not model.exists():
            from tests.benchmarks.baseline.random_model import build  # noqa: PLC0415 - needs a GPU

            build(model, "cuda")
    line = ["--folder", str(folder), "--model", str(model), "--images", str(options.images)]
    line += ["--seed", str(options.seed), "--operations", options.operations]
    line += ["--full-size"] if options.full_size else []
    line += [] if options.side is None else ["--side", str(options.side)]
    return run_both(line, images=options.images, kills=options.kills)


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
    parser.add_argument("--operations", choices=["words", "mixed"], default="words")
    parser.add_argument("--full-size", action="store_true", help="random weights, on a GPU")
    parser.add_argument("--side", type=int, help="of all images, in pixels, instead of many sizes")
    parser.add_argument("--kills", type=int, default=0, help="of each of the two processes")
    parser.add_argument("--folder", type=Path, help="where everything is kept")
    parser.add_argument("--part", choices=["make", "again"], help=argparse.SUPPRESS)
    parser.add_argument("--dies-after", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.images = options.images or (FULL_SIZE_IMAGES if options.full_size else IMAGES)
    if options.part:
        part = Part(
            folder=options.folder,
            model=options.model,
            seed=options.seed,
            is_mixed=options.operations == "mixed",
            is_full_size=options.full_size,
            side=options.side,
            dies_after=options.dies_after,
        )
        return 0 if asyncio.run(run_part(part, options.part, options.images)) else 3
    if options.folder is not None:
        options.folder.mkdir(parents=True, exist_ok=True)
        return run(options, options.folder)
    with tempfile.TemporaryDirectory() as name:
        return run(options, Path(name))


if __name__ == "__main__":
    sys.exit(main())
