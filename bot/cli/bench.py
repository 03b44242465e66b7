"""`python -m bot bench`: how fast this machine draws, beside plain diffusers."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tqdm import tqdm

from bot.bench.figures import BenchError, Way
from bot.bench.picture import draw_report
from bot.bench.random_full import NAME as RANDOM_FULL
from bot.bench.random_full import random_full
from bot.bench.report import as_json, as_text
from bot.cli.common import Commands, let_threads_sleep, let_torchao_be_quiet, open_engine
from bot.cli.outputs import Outputs, expanded
from bot.domain.requests import Size, SizeRules
from bot.environment.signals import stopping_at_once
from bot.environment.streams import say, tell
from bot.media.encoding import picture_png
from bot.models import locate
from bot.settings import Settings

if TYPE_CHECKING:  # importing it for real would import torch
    from bot.bench.run import Bench

_MOST: Final = 10_000  # images of a kind: more is a slip of the finger

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


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "bench",
        help="measure how fast this machine draws, beside plain diffusers",
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
    add(
        "--sizes",
        nargs="+",
        metavar="SIZE",
        help="WIDTHxHEIGHT or names (default: the model's square, and half of it)",
    )
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
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Measure what was asked for; all of it is checked before anything is drawn."""
    repeat = _count(options.repeat, "--repeat", least=1)
    queue = _count(options.queue, "--queue", least=0)
    let_threads_sleep()
    let_torchao_be_quiet()
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
    sizes = _sizes(options.sizes, SizeRules(native=files.native))
    if options.one_start is None:
        say(f"Measuring {name} ...")
    with stopping_at_once():
        from bot.bench.run import Bench, default_ways  # noqa: PLC0415 - torch takes seconds

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


def _count(text: str, option: str, *, least: int) -> int:
    """Read a number of images."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_MOST))
    number = int(text) if is_number else -1
    if not least <= number <= _MOST:
        raise BenchError(
            f"{option} {text[:40]!r} does not work: use a whole number from {least} to {_MOST}."
        )
    return number


def _sizes(texts: Sequence[str] | None, rules: SizeRules) -> list[Size]:
    """Read the sizes, each once, in the order in which they were typed."""
    if texts is None:
        square = rules.default
        half = Size(width=square.width // 2, height=square.height // 2)
        return [rules.check(half), square]
    return list(dict.fromkeys(rules.parse(text) for text in texts))


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
