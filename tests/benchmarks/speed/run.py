"""One run of the benchmark: starts, matrix rate, images, queues, one after the other."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Protocol

from bot.domain.requests import ModelRules, Size
from bot.engine import Engine
from bot.engine.hardware import (
    check_precision,
    choose_device,
    choose_dtype,
    choose_path,
    cpu_threads,
    device_name,
)
from bot.models import ModelFiles
from bot.settings import Settings
from tests.benchmarks.baseline import process_memory
from tests.benchmarks.baseline.matrix import MatrixRate, matrix_rate
from tests.benchmarks.baseline.plain import PlainEngine, caption_tokens
from tests.benchmarks.speed import queue_load, starts
from tests.benchmarks.speed.figures import (
    BenchError,
    Machine,
    QueueFigures,
    Report,
    StartFigures,
    Way,
    WayFigures,
)
from tests.benchmarks.speed.flops import ModelFlops
from tests.benchmarks.speed.images import EXAMPLE, ImageBench

_PACKAGES: Final = ("torch", "diffusers", "transformers", "triton", "fa3-fwd", "pillow")

OpenEngine = Callable[[ModelFiles, Settings], Engine]


class BenchReporter(Protocol):
    """How a run tells what it does."""

    def say(self, sentence: str) -> None:
        """Say what begins now and takes long."""

    def bar(self, what: str, total: int | None) -> AbstractContextManager[Callable[[], object]]:
        """Show a bar; what is yielded is called after every image."""


def default_ways(settings: Settings) -> list[Way]:
    """Return plain diffusers, and the way that the bot takes with these settings."""
    if not choose_path(settings.engine_path, choose_device(settings.device)):
        return [Way.PLAIN, Way.REFERENCE]
    return [Way.PLAIN, Way.FAST if settings.precision == "full" else Way(settings.precision)]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What is measured, on which model.

    Attributes:
        files: The model.
        name: What the report calls it.
        settings: Of the bot; its path and precision are replaced by those of each way.
        open_engine: Makes the bot's engine.
        repeat: How many images of each way and size are counted.
        queue: How many jobs each queue has; 0 leaves them out.
        has_starts: Whether further processes are started.

    """

    files: ModelFiles
    name: str
    settings: Settings
    open_engine: OpenEngine
    progress: BenchReporter
    sizes: Sequence[Size]
    ways: Sequence[Way]
    repeat: int
    queue: int
    has_starts: bool

    def check(self) -> None:
        """Refuse what cannot be measured here.

        Raises:
            BotError: The device has no such products, or no way of the bot's own has a queue.

        """
        device = choose_device(self.settings.device)
        dtype = choose_dtype(self.settings.dtype, device)
        for way in self.ways:
            check_precision(way.precision, device, dtype, is_fast=way is not Way.REFERENCE)
        if self.queue and set(self.ways) == {Way.PLAIN}:
            raise BenchError(
                "Plain diffusers has no queue: add reference or fast to --ways, or use --queue 0."
            )

    def run(self) -> Report:
        """Measure everything; the starts first, while this process holds no memory."""
        self.check()
        found = list(self._starts()) if self.has_starts else []
        rates = [self._rate()]
        images = ImageBench(
            self.engine,
            sizes=self.sizes,
            repeat=self.repeat,
            has_room=lambda: process_memory.has_room_for_another(
                choose_device(self.settings.device)
            ),
        )
        ways = self._images(images)
        rates.append(self._rate())  # again: a machine that others use as well is not always as fast
        return Report(
            machine=self._machine(max(rates, key=lambda rate: rate.flops)),
            repetitions=self.repeat,
            ways=ways,
            is_alternating=images.is_alternating,
            starts=found,
            queues=self._queues() if self.queue else [],
        )

    def start_once(self, way: Way) -> str:
        """Do what one start measures, at the first size, and return it as JSON."""
        device = choose_device(self.settings.device)
        return starts.start_once(
            self.engine(way),
            way,
            self.sizes[0],
            peak_bytes=lambda: process_memory.peak_bytes(device),
        )

    def engine(self, way: Way) -> Engine:
        """Return what draws a way; nothing is loaded yet."""
        if way is Way.PLAIN:
            chosen = self.settings
            return PlainEngine(self.files.folder, device=chosen.device, dtype=chosen.dtype)
        changes = {
            "engine_path": "reference" if way is Way.REFERENCE else "fast",
            "precision": way.precision,
        }
        return self.open_engine(self.files, self.settings.model_copy(update=changes))

    def _starts(self) -> Iterator[StartFigures]:
        """Start each way; where kernels are compiled, once before they are and once after."""
        largest = max(self.sizes, key=lambda size: size.pixels)
        for way in self.ways:
            arguments = ["--model", str(self.files.folder), "--sizes", str(largest)]
            arguments += ["--one-start", way.value]
            with starts.empty_caches() as environment:
                if self._is_gpu and way not in {Way.PLAIN, Way.REFERENCE}:
                    self.progress.say(f"A start with nothing compiled: {way.label}")
                    yield starts.measure_start(arguments, environment, is_cold=True)
                self.progress.say(f"A start: {way.label}")
                yield starts.measure_start(arguments, environment, is_cold=False)

    @property
    def _is_gpu(self) -> bool:
        return choose_device(self.settings.device).type == "cuda"

    def _images(self, images: ImageBench) -> Mapping[Way, WayFigures]:
        with self.progress.bar("images", images.count(self.ways)) as advance:
            return images.measure(
                self.ways,
                ModelFlops.read(self.files.folder),
                caption_tokens=caption_tokens(self.files.folder, EXAMPLE),
                on_image=advance,
            )

    def _queues(self) -> list[QueueFigures]:
        """Draw both queues the fast way, or the first that is the bot's own."""
        own = [way for way in self.ways if way is not Way.PLAIN]
        way = Way.FAST if Way.FAST in own else own[0]
        rules = ModelRules(native=self.files.native)
        batches = {
            "jobs of mixed sizes, qualities and prompts": queue_load.mixed_requests(
                self.queue, rules
            ),
            f"jobs of {rules.default}": queue_load.equal_requests(self.queue, rules),
        }
        with self.progress.bar("queue", None) as advance:
            measuring = queue_load.measure_queues(
                self.settings.model_copy(update={"model": str(self.files.folder)}),
                lambda: self.engine(way),
                batches,
                on_image=advance,
                is_gpu=self._is_gpu,
            )
            return asyncio.run(measuring)

    def _rate(self) -> MatrixRate:
        self.progress.say("The machine's matrix rate")
        device = choose_device(self.settings.device)
        return matrix_rate(device, choose_dtype(self.settings.dtype, device))

    def _machine(self, best: MatrixRate) -> Machine:
        device = choose_device(self.settings.device)
        name = device_name(device)
        if not self._is_gpu:
            name = f"{cpu_threads()} CPU threads ({name}, {os.cpu_count()} cores)"
        return Machine(
            device=name,
            dtype=best.dtype,
            model=self.name,
            versions={"python": platform.python_version(), **{p: _version(p) for p in _PACKAGES}},
            matrix_flops=best.flops,
            matrix_shape=best.shape,
        )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
