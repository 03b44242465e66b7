"""Images one after the other, each way of drawing them in turns with plain diffusers."""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from bot.domain.drawing import Drawing, DrawTask
from bot.domain.recipe import make_recipe
from bot.domain.requests import ImageRequest, ModelProfile, Quality, Size
from bot.engine import Engine
from bot.media.encoding import encode_png
from tests.benchmarks.speed.figures import ImageFigures, Spread, Way, WayFigures
from tests.benchmarks.speed.flops import ModelFlops

WARM_UPS: Final = 2  # images of each way and size that nobody counts
_PLAIN_FORWARDS: Final = 9
_WORDS: Final = (
    "a red fox under an old bridge in the rain, oil painting, picture {number} of {size}, 水墨"
)
EXAMPLE: Final = _WORDS.format(number=1, size="1024x1024")  # all prompts are about as long

MakeEngine = Callable[[Way], Engine]


@dataclass(kw_only=True)
class _Samples:
    """What one way took at one size, in seconds."""

    whole: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    encode: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    conditions: Mapping[str, object] = field(default_factory=dict)


class ImageBench:
    """Draw with several ways and note what it takes.

    Args:
        make_engine: Makes what draws a way; nothing is loaded before it is used.
        sizes: What to draw.
        repeat: How many images of each way and size are counted.
        has_room: Asked while plain diffusers is loaded: does another model fit beside it?

    """

    def __init__(
        self,
        make_engine: MakeEngine,
        *,
        sizes: Sequence[Size],
        repeat: int,
        has_room: Callable[[], bool],
    ) -> None:
        """Remember what to do."""
        self._make, self._sizes, self._repeat = make_engine, sizes, repeat
        self._has_room = has_room
        self._on_image: Callable[[], object] = lambda: None
        self._samples: dict[tuple[Way, Size], _Samples] = defaultdict(_Samples)
        self._seen: dict[Way, list[float]] = defaultdict(list)
        self.is_alternating = False

    def measure(
        self,
        ways: Sequence[Way],
        flops: ModelFlops,
        *,
        caption_tokens: int,
        on_image: Callable[[], object],
    ) -> dict[Way, WayFigures]:
        """Draw everything; plain diffusers stays loaded beside the others where there is room.

        Args:
            ways: What draws.
            flops: Counts the operations of the model.
            caption_tokens: Of a prompt such as `EXAMPLE`.
            on_image: Called after every image.

        """
        self._on_image = on_image
        others = [way for way in ways if way is not Way.PLAIN]
        if Way.PLAIN in ways:
            self._measure_beside_plain(others)
        else:
            self._measure_alone(others)
        return {way: self._figures(way, flops, caption_tokens) for way in ways}

    def count(self, ways: Sequence[Way]) -> int:
        """Return how many images `measure` draws at most, those of seen prompts left out."""
        others = len([way for way in ways if way is not Way.PLAIN])
        plain = max(1, others) if Way.PLAIN in ways else 0
        return (others + plain) * len(self._sizes) * (WARM_UPS + self._repeat)

    def _measure_beside_plain(self, others: Sequence[Way]) -> None:
        with closing(self._make(Way.PLAIN)) as plain:
            plain.load()
            self.is_alternating = bool(others) and self._has_room()
            if not self.is_alternating:
                self._draw_rounds({Way.PLAIN: plain})
            for way in others if self.is_alternating else ():
                with closing(self._make(way)) as engine:
                    self._draw_rounds({Way.PLAIN: plain, way: engine})
        if not self.is_alternating:
            self._measure_alone(others)

    def _measure_alone(self, ways: Sequence[Way]) -> None:
        for way in ways:
            with closing(self._make(way)) as engine:
                self._draw_rounds({way: engine})

    def _draw_rounds(self, engines: Mapping[Way, Engine]) -> None:
        for engine in engines.values():
            engine.load()
        gc.collect()
        gc.freeze()  # or each way's garbage collection would go through the other's model, too
        for size in self._sizes:
            for number in range(WARM_UPS + self._repeat):
                turns = list(engines.items())
                for way, engine in reversed(turns) if number % 2 else turns:
                    self._draw(way, engine, size, number, is_counted=number >= WARM_UPS)
        for way, engine in engines.items():
            self._seen[way] += self._text_of_a_seen_prompt(engine)
        gc.unfreeze()

    def _draw(self, way: Way, engine: Engine, size: Size, number: int, *, is_counted: bool) -> None:
        request = ImageRequest(
            prompt=_WORDS.format(number=number, size=size), seed=number, size=size
        )
        samples = self._samples[way, size] if is_counted else _Samples()
        start, cpu = time.perf_counter(), time.process_time()
        drawing = engine.draw(DrawTask(request=request))
        samples.whole.append(time.perf_counter() - start)
        samples.cpu.append(time.process_time() - cpu)
        if is_counted:
            _note(samples, request, drawing)
        self._on_image()

    def _text_of_a_seen_prompt(self, engine: Engine) -> list[float]:
        size = min(self._sizes, key=lambda each: each.pixels)
        request = ImageRequest(prompt="the same words", seed=1, size=size, quality=Quality.DRAFT)
        return [
            engine.draw(DrawTask(request=request)).durations_s["text"]
            for _ in range(self._repeat + 1)
        ][1:]

    def _figures(self, way: Way, flops: ModelFlops, caption_tokens: int) -> WayFigures:
        forwards = (
            _PLAIN_FORWARDS if way is Way.PLAIN else ModelProfile.TURBO.steps(Quality.STANDARD)
        )
        images = []
        for size in self._sizes:
            samples = self._samples[way, size]
            whole = flops.image(size, forwards=forwards, caption_tokens=caption_tokens)
            images.append(
                ImageFigures(
                    size=size,
                    whole=Spread.of(samples.whole),
                    stages={name: Spread.of(each) for name, each in samples.stages.items()},
                    cpu=Spread.of(samples.cpu),
                    encode=Spread.of(samples.encode),
                    flops=whole,
                    denoise_flops=forwards * flops.forward(size, caption_tokens=caption_tokens),
                )
            )
        return WayFigures(
            images=images,
            text_seen=Spread.of(self._seen[way]),
            conditions=self._samples[way, self._sizes[0]].conditions,
        )


def _note(samples: _Samples, request: ImageRequest, drawing: Drawing) -> None:
    """Note the stages of an image, and what its file takes."""
    samples.conditions = drawing.conditions
    for stage, seconds in drawing.durations_s.items():
        samples.stages[stage].append(seconds)
    start = time.perf_counter()
    encode_png(drawing.image, recipe=make_recipe(request, drawing))
    samples.encode.append(time.perf_counter() - start)
