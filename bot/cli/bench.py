"""`python -m bot bench`: how fast this machine draws with its settings, size by size."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Final

from tqdm import trange

from bot.cli.common import Commands, open_engine_aloud
from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, ModelRules, Size
from bot.engine import Engine
from bot.environment.streams import tell
from bot.errors import InvalidRequestError
from bot.models import located, model_rules
from bot.settings import Settings

STAGES: Final = ("text", "denoise", "decode", "copy")  # of an image, in their order
PROMPT: Final = (
    "a red fox under an old bridge in the rain, oil painting, picture {number} of {size}, 水墨"
)
_MOST: Final = 10_000  # images of a size: more is a slip of the finger
_SHOWN_CONDITIONS: Final = ("path", "precision", "attention", "dtype", "device")

_EPILOG: Final = """\
Every image has a prompt and a seed of its own; the first of a size is shown apart, because kernels
are loaded for it. How that compares with plain diffusers, with starts and with a queue of jobs is
measured by `python -m tests.benchmarks.speed` in the source code.

examples:
  %(prog)s
  %(prog)s --sizes 512x512 1024x1024 --repeat 20
  %(prog)s --model Tongyi-MAI/Z-Image-Turbo --json
"""


@dataclass(frozen=True, kw_only=True)
class SizeFigures:
    """What images of one size take, in seconds.

    Attributes:
        first_s: The first one, from its prompt to RGB bytes.
        image_s: Median of those after it.
        least_s: The quickest of them.
        most_s: The slowest of them.
        stages_s: Medians of their stages.

    """

    size: str
    first_s: float
    image_s: float
    least_s: float
    most_s: float
    stages_s: Mapping[str, float]


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "bench",
        help="measure how fast this machine draws",
        description="Measure how long an image takes here, by size and stage.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--model", help="what draws, instead of MODEL: demo, Tongyi-MAI/Z-Image-Turbo or a folder")
    add_sizes(parser)
    add("--repeat", default="7", metavar="N", help="images of each size (default: 7)")
    add("--json", action="store_true", help="print one JSON document instead of a table")
    parser.set_defaults(run=run)


def add_sizes(parser: argparse.ArgumentParser) -> None:
    """Add the option that `read_sizes` reads."""
    parser.add_argument(
        "--sizes",
        nargs="+",
        metavar="SIZE",
        help="WIDTHxHEIGHT or names (default: the model's square, and half of it)",
    )


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Measure what was asked for; all of it is checked before anything is drawn."""
    repeat = read_count(options.repeat, "--repeat", least=1)
    if options.model is not None:
        settings = settings.model_copy(update={"model": options.model})
    files = located(settings)
    rules = model_rules(files, settings)
    sizes = read_sizes(options.sizes, rules)
    with closing(open_engine_aloud(files, settings)) as engine:
        start = time.perf_counter()
        engine.load()
        load_s = time.perf_counter() - start
        figures = [_measure(engine, size, repeat, rules) for size in sizes]
        drawing = engine.draw(_task(sizes[0], 0, rules))
    found = {
        "model": files.model_id,
        "load_s": load_s,
        **{name: drawing.conditions.get(name) for name in _SHOWN_CONDITIONS},
        "sizes": [asdict(each) for each in figures],
    }
    tell(json.dumps(found, indent=2) if options.json else "\n".join(_table(found, figures)))
    return 0


def _measure(engine: Engine, size: Size, repeat: int, rules: ModelRules) -> SizeFigures:
    seconds, stages = [], []
    for number in trange(
        repeat + 1, desc=str(size), unit="image", file=sys.stderr, disable=None, leave=False
    ):
        start = time.perf_counter()
        drawing = engine.draw(_task(size, number, rules))
        seconds.append(time.perf_counter() - start)
        stages.append(drawing.durations_s)
    return SizeFigures(
        size=str(size),
        first_s=seconds[0],
        image_s=statistics.median(seconds[1:]),
        least_s=min(seconds[1:]),
        most_s=max(seconds[1:]),
        stages_s={name: statistics.median(each[name] for each in stages[1:]) for name in STAGES},
    )


def _task(size: Size, number: int, rules: ModelRules) -> DrawTask:
    words = PROMPT.format(number=number, size=size)
    return DrawTask(
        request=ImageRequest.parse(rules=rules, prompt=words, seed=number, size=str(size))
    )


def _table(found: Mapping[str, object], figures: Sequence[SizeFigures]) -> Iterator[str]:
    how = ", ".join(str(found[name]) for name in _SHOWN_CONDITIONS if found[name] is not None)
    yield f"{found['model']} ({how}); loaded in {found['load_s']:.1f} s. In milliseconds:"
    heads = ("size", "first", "image", "least-most", *STAGES, "a minute")
    yield _row(heads)
    for each in figures:
        stages = (f"{1000 * each.stages_s[name]:.1f}" for name in STAGES)
        spread = f"{1000 * each.least_s:.0f}-{1000 * each.most_s:.0f}"
        whole = (f"{1000 * each.first_s:.0f}", f"{1000 * each.image_s:.1f}", spread)
        yield _row((each.size, *whole, *stages, f"{60 / each.image_s:.1f}"))


def _row(cells: Sequence[str]) -> str:
    widths = (10, 8, 10, 14, 9, 10, 9, 9, 10)
    first, *others = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return "".join((first.strip().ljust(widths[0]), *others))


def read_count(text: str, option: str, *, least: int) -> int:
    """Read a number of images."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_MOST))
    number = int(text) if is_number else -1
    if not least <= number <= _MOST:
        raise InvalidRequestError(
            f"{option} {text[:40]!r} does not work: use a whole number from {least} to {_MOST}."
        )
    return number


def read_sizes(texts: Sequence[str] | None, rules: ModelRules) -> list[Size]:
    """Read the sizes, each once, in the order in which they were typed."""
    if texts is None:
        square = rules.default
        half = Size(width=square.width // 2, height=square.height // 2)
        return [rules.check(half), square]
    return list(dict.fromkeys(rules.parse(text) for text in texts))
