"""How fast this machine draws, beside plain diffusers: images, starts and a queue of jobs.

python -m tests.benchmarks.speed --help
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tqdm import tqdm

from bot.cli import exit_code
from bot.cli.bench import add_sizes, read_count, read_sizes
from bot.cli.common import open_engine
from bot.cli.outputs import Outputs, expanded
from bot.cli.parser import Parser
from bot.domain.requests import ModelRules
from bot.environment.signals import stopping_at_once
from bot.environment.streams import say, tell
from bot.media.encoding import picture_png
from bot.models import locate
from bot.settings import Settings
from tests.benchmarks.speed.chart import draw_report
from tests.benchmarks.speed.figures import BenchError, Way
from tests.benchmarks.speed.random_full import NAME as RANDOM_FULL
from tests.benchmarks.speed.random_full import random_full
from tests.benchmarks.speed.report import as_json, as_text

if TYPE_CHECKING:  # importing it for real would import torch
    from tests.benchmarks.speed.run import Bench

_EPILOG: Final = """\
Everything is measured in one run on this machine, and every image has a prompt of its own:
  images   each way in turns with plain diffusers (9 steps, eager, the same dtype), by stage
  starts   new processes: how long until the first image, how much memory
  queue    jobs through the bot's service, SQLite and files: what the engine waits for between them

random-full is Z-Image-Turbo at its full size with random weights: nothing to fetch, 21 GB of disk.

examples:
  %(prog)s
  %(prog)s --model random-full --ways plain fast fp8 --output speed.png
  %(prog)s --sizes 512x512 --queue 0 --no-starts --json
"""


def main(arguments: Sequence[str]) -> int:
    """Measure, and return the exit code."""
    return exit_code(lambda: run(_parser().parse_args(arguments), Settings.read()))


def _parser() -> Parser:
    parser = Parser(
        prog="python -m tests.benchmarks.speed",
        description="Measure images by stage, starts and a queue of jobs, beside plain diffusers.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, ways = parser.add_argument, [each.value for each in Way]
    add(
        "--model",
        help=f"what draws, instead of MODEL: {RANDOM_FULL}, demo, Tongyi-MAI/Z-Image-Turbo or a "
        "folder",
    )
    add("--keep", metavar="FOLDER", help=f"build {RANDOM_FULL} there, or take the one built before")
    add_sizes(parser)
    add(
        "--ways",
        nargs="+",
        choices=ways,
        help="default: plain, and what the bot itself would take: fast on a GPU, else reference",
    )
    add("--repeat", default="7", metavar="N", help="images of each way and size (default: 7)")
    add(
        "--queue",
        default="50",
        metavar="N",
        help="jobs of a queue, once mixed and once all of the model's square; 0 leaves it out "
        "(default: 50)",
    )
    add("--no-starts", action="store_true", help="start no further processes")
    add("--output", metavar="PNG", help="also draw the images' times as a picture")
    add("--json", action="store_true", help="print one JSON document instead of tables")
    add("--one-start", choices=ways, help=argparse.SUPPRESS)  # how a run starts a process
    return parser


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Measure what was asked for; all of it is checked before anything is drawn."""
    repeat = read_count(options.repeat, "--repeat", least=1)
    queue = read_count(options.queue, "--queue", least=0)
    target = None
    if options.output is not None:
        target = Outputs(root=settings.data_dir / "outputs").plan_file(options.output)
    with _model(options, settings) as (name, own):
        bench = _bench(options, own, name, repeat=repeat, queue=queue)
        if options.one_start is not None:
            tell(str(bench.start_once(Way(options.one_start))))
            return 0
        report = bench.run()
    kept = ""
    if target is not None:
        kept = f"Picture: {target.write(picture_png(draw_report(report)))}"
        say(kept)
    tell(as_json(report) if options.json else as_text(report), kept=kept)
    return 0


def _bench(
    options: argparse.Namespace, settings: Settings, name: str, *, repeat: int, queue: int
) -> Bench:
    files = locate(settings.model, model_cache=settings.model_cache)
    sizes = read_sizes(options.sizes, ModelRules(native=files.native))
    if options.one_start is None:
        say(f"Measuring {name} ...")
    with stopping_at_once():
        from tests.benchmarks.speed.run import Bench, default_ways  # noqa: PLC0415 - torch takes seconds

    ways = [way for way in Way if way in options.ways] if options.ways else default_ways(settings)
    return Bench(
        files=files,
        name=name,
        settings=settings,
        open_engine=open_engine,
        progress=_Terminal(),
        sizes=sizes,
        ways=ways,
        repeat=repeat,
        queue=queue,
        has_starts=not options.no_starts,
    )


@contextlib.contextmanager
def _model(options: argparse.Namespace, settings: Settings) -> Iterator[tuple[str, Settings]]:
    """Yield the model's name and settings that find it."""
    model = options.model or settings.model
    if model != RANDOM_FULL:
        if options.keep is not None:
            raise BenchError(f"--keep is for --model {RANDOM_FULL}: {model} is there already.")
        yield model, settings.model_copy(update={"model": model})
        return
    keep = None if options.keep is None else expanded(options.keep)
    with random_full(keep, device=settings.device, say=_Terminal().say) as folder:
        yield model, settings.model_copy(update={"model": str(folder)})


class _Terminal:
    """Sentences and bars on the standard error."""

    def say(self, sentence: str) -> None:
        """Print a line."""
        say(sentence)

    @contextlib.contextmanager
    def bar(self, what: str, total: int | None) -> Iterator[Callable[[], object]]:
        """Show a bar on a terminal."""
        self.say(f"Drawing: {what}")
        with tqdm(
            total=total, desc=what, unit="image", file=sys.stderr, disable=None, leave=False
        ) as bar:
            yield bar.update


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
