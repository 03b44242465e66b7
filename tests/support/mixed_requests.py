"""Jobs of every kind, drawn at random: what must be made again to the same pixels.

Every kind of operation is among them, a new one by itself where it needs a source and a mask at
most; with LoRAs, maps and styles, from braces and from files of prompts.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from PIL import Image, ImageDraw

from bot.domain.batches import Batch, BatchKind, combined
from bot.domain.drawing import RawImage
from bot.domain.jobs import Relation
from bot.domain.loras import LoraFinder, NoLoras
from bot.domain.permutations import Permutation
from bot.domain.prompt_files import parse_prompt_file
from bot.domain.regions import region_of
from bot.domain.requests import (
    DETAIL,
    ControlKind,
    ImageRequest,
    ModelRules,
    OperationKind,
    Quality,
    Size,
)
from bot.domain.styles import BUILT_IN, StyleBook
from bot.media.control_maps import control_map
from bot.media.encoding import to_pillow
from bot.media.masks import mask_of_region
from bot.media.source_pictures import raw_image

PROMPTS: Final = (
    "a red apple", "红苹果", "a cat, pixel art", "像素风格的城堡", "rocket, dark blue background",
    "一只 orange fox 在左边", "two cars", "一只猫和一只狗", "a sketch of a house", "a purple owl",
)  # fmt: skip
BRACES: Final = ("{red, green} apple on {white, black}", "a {cat, dog}", "{红, 蓝}色的{苹果, 汽车}")
REGIONS: Final = ("left half", "top third", "center", "edges", "top left, bottom right")
LORA_SCALES: Final = ("", ":0.5", ":1.2", ":-0.4")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """An image to be made, and what it is made from."""

    request: ImageRequest
    pictures: tuple[RawImage, ...] = ()
    parents: Sequence[str] = ()
    relation: Relation = "imagine"


@dataclass(frozen=True, kw_only=True)
class MixedJob:
    """What is asked for at once."""

    wishes: Sequence[Wish]
    batch: Batch | None = None

    @property
    def requests(self) -> list[ImageRequest]:
        """Return those of the images."""
        return [each.request for each in self.wishes]

    @property
    def pictures(self) -> list[RawImage]:
        """Return what they are made from."""
        return [picture for each in self.wishes for picture in each.pictures]


@dataclass(kw_only=True)
class Mixture:
    """Draws wishes and jobs; the same ones for the same seed.

    Attributes:
        sizes: To choose from.
        loras: Names to choose from; none for requests without.
        finder: What knows them.
        has_control: Whether maps steer some of them.
        rows: Of a file of prompts; more than nine let others go between its images.

    """

    dice: random.Random
    sizes: Sequence[Size]
    loras: Sequence[str] = ()
    finder: LoraFinder = field(default_factory=NoLoras)
    has_control: bool = False
    rows: int = 10

    def jobs(self) -> Iterator[MixedJob]:
        """Yield jobs without an end: of one to three images each, and batches between them."""
        kinds = itertools.cycle(OperationKind)
        singles = (self._job([next(kinds) for _ in range(n)]) for n in self._counts())
        while True:
            yield from itertools.islice(singles, 4)
            yield self.permutation()
            yield from itertools.islice(singles, 4)
            yield self.prompt_file()

    def word_jobs(self) -> Iterator[MixedJob]:
        """Yield jobs whose images are drawn from words alone."""
        return (
            MixedJob(wishes=[Wish(request=self.words()) for _ in range(n)]) for n in self._counts()
        )

    def _counts(self) -> Iterator[int]:
        while True:
            yield self.dice.choice((1, 1, 2, 3))

    def _job(self, kinds: Sequence[OperationKind]) -> MixedJob:
        return MixedJob(wishes=[self.steered(self.wish(each)) for each in kinds])

    def permutation(self) -> MixedJob:
        """Return all combinations of some braces."""
        title = self.dice.choice(BRACES)
        permutation = Permutation.of({**self.typed(), "prompt": title})
        requests = list(map(self.request, permutation.combinations()))
        batch, requests = combined(title, permutation.labels, requests)
        return MixedJob(wishes=[Wish(request=each) for each in requests], batch=batch)

    def prompt_file(self) -> MixedJob:
        """Return the images of a file."""
        lines = [json.dumps(self.typed()) for _ in range(self.rows)]
        file = parse_prompt_file("\n".join(lines), "mixed.jsonl")
        assert not file.wrong
        return MixedJob(
            wishes=[Wish(request=self.request(each.typed)) for each in file.rows],
            batch=Batch(kind=BatchKind.PROMPTS, title=file.name),
        )

    def words(self) -> ImageRequest:
        """Return a request of words alone."""
        return self.request(self.typed())

    def typed(self) -> dict[str, Any]:
        """Return what somebody types, by the names of the options."""
        size = self.dice.choice(self.sizes)
        typed = {
            "prompt": self.dice.choice(PROMPTS),
            "seed": str(self.dice.randrange(2**32)),
            "size": f"{size.width}x{size.height}",
            "quality": str(self.dice.choice(list(Quality))),
            "guidance": self.dice.choice(("0", "0", "1.4")),
            "variety": self.dice.choice(("0", "0", "40")),
            "style": self.dice.choice(("none", "none", self.dice.choice(BUILT_IN).english.name)),
        }
        if self.loras and self.dice.random() < 0.5:
            chosen = self.dice.sample(self.loras, self.dice.choice((1, 2)))
            typed["lora"] = ", ".join(name + self.dice.choice(LORA_SCALES) for name in chosen)
        return typed

    def request(self, typed: Any) -> ImageRequest:
        """Return what is made of it."""
        native = max(max(each.width, each.height) for each in self.sizes)
        rules = ModelRules(native=native, loras=self.finder)
        return ImageRequest.parse(rules=rules, **StyleBook().applied(typed))

    def wish(self, kind: OperationKind) -> Wish:
        """Return an image of a kind, made from pictures that were never seen."""
        request = self.words()
        if kind is OperationKind.TEXT_TO_IMAGE:
            return Wish(request=request)
        source = self.picture(request.size)
        request = replace(request, strength=self.dice.randint(20, 100))
        if kind is OperationKind.IMAGE_TO_IMAGE:
            return Wish(request=request.begun_with(source.pixel_sha256), pictures=(source,))
        if kind is OperationKind.UPSCALE:
            twice = Size(width=2 * source.width, height=2 * source.height)
            strength = self.dice.choice((0, DETAIL))
            larger = request.upscaled_from(source.pixel_sha256, twice, strength=strength)
            return Wish(request=larger, pictures=(source,))
        mask = mask_of_region(region_of(self.dice.choice(REGIONS)), request.size)
        drawn = request.drawn_into(kind, source=source.pixel_sha256, mask=mask.pixel_sha256)
        return Wish(request=drawn, pictures=(source, mask))

    def steered(self, wish: Wish) -> Wish:
        """Return a wish that a map steers, too, half of the time."""
        request = wish.request
        if not self.has_control or request.is_upscaled or self.dice.choice((True, False)):
            return wish
        kind = self.dice.choice(list(ControlKind))
        picture = self.picture(request.size)
        chart = raw_image(control_map(to_pillow(picture), kind))
        request = replace(request, control_scale=self.dice.choice((0.3, 0.75, 1.2)))
        request = request.steered_by(kind, chart.pixel_sha256)
        return replace(wish, request=request, pictures=(*wish.pictures, chart))

    def picture(self, size: Size) -> RawImage:
        """Return a disc of some colour on a ground of shades."""
        colour = tuple(self.dice.randrange(256) for _ in range(3))
        image = Image.linear_gradient("L").resize((size.width, size.height)).convert("RGB")
        width, height = image.size
        place = (width // 4, height // 4, width * 3 // 4, height * 3 // 4)
        ImageDraw.Draw(image).ellipse(place, fill=colour)
        return raw_image(image)


def kinds_of(requests: Sequence[ImageRequest]) -> dict[str, int]:
    """Return how many there are of each kind of image that has to be made again."""
    return {name: sum(map(is_one, requests)) for name, is_one in _KINDS.items()}


_KINDS: Final[dict[str, Callable[[ImageRequest], bool]]] = {
    **{str(kind): lambda each, kind=kind: each.operation.kind is kind for kind in OperationKind},
    **{
        f"control: {kind}": lambda each, kind=kind: (
            each.control is not None and each.control.kind is kind
        )
        for kind in ControlKind
    },
    "one LoRA": lambda each: len(each.adapters) == 1,
    "two LoRAs": lambda each: len(each.adapters) == 2,
    "LoRA and control": lambda each: bool(each.adapters and each.control),
    "LoRA and a picture": lambda each: bool(each.adapters and each.operation.inputs),
    "control and a picture": lambda each: bool(each.control and each.operation.inputs),
    "style": lambda each: bool(each.style),
    "upscaled with detail": lambda each: each.is_upscaled and each.strength > 0,
    "neither LoRA nor control": lambda each: not each.adapters and each.control is None,
}
