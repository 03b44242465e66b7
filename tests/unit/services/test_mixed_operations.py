"""Whatever was done to make an image, it is made again to the same pixels after a restart.

Every kind of operation is among them; a new one joins by itself, with a picture for each role that
it needs, or with a maker of its own in `MAKERS` where that is not all.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pytest
from PIL import Image, ImageDraw

from bot.domain.drawing import RawImage
from bot.domain.jobs import Generation, Relation
from bot.domain.requests import (
    STRENGTHS,
    ImageRequest,
    Operation,
    OperationKind,
    Quality,
    Size,
)
from bot.domain.requests.adapters import parse_adapters
from bot.domain.requests.operations import _ROLES, InputPicture
from bot.media.source_pictures import raw_image
from bot.models import LoraFolder
from bot.services import Service
from bot.settings import Settings
from tests.support.discord_env import SteeredEngine
from tests.unit.services.test_service import here, idle, opened, submit

pytest_plugins = ["tests.support.bot_fixtures"]
pytestmark = pytest.mark.engine

SIZES: Final = (Size(width=128, height=128), Size(width=144, height=128))
LORAS: Final = ("none", "neon:0.8", "ink:0.5, neon:1", "none")
STEPS: Final = (35, 55, 75, 90, 100)


@dataclass(kw_only=True)
class Wish:
    """An image to be made, and what it is made from."""

    request: ImageRequest
    pictures: tuple[RawImage, ...] = ()
    parents: Sequence[str] = ()
    relation: Relation = "imagine"


@dataclass(kw_only=True)
class Maker:
    """Draws wishes at random."""

    dice: random.Random
    loras: LoraFolder
    made: list[Generation] = field(default_factory=list)

    def words(self) -> ImageRequest:
        """Return a request of words alone."""
        return ImageRequest(
            prompt=self.dice.choice(("a red apple", "红苹果 on a table", "a blue rocket")),
            seed=self.dice.randrange(2**32),
            size=self.dice.choice(SIZES),
            quality=self.dice.choice(tuple(Quality)),
            guidance_scale=self.dice.choice((0.0, 0.0, 1.4)),
            variety=self.dice.choice((0, 0, 40)),
            adapters=parse_adapters(self.dice.choice(LORAS), self.loras),
        )

    def wish(self, kind: OperationKind) -> Wish:
        """Return an image of a kind, made from pictures that were never seen."""
        if kind in MAKERS:
            return MAKERS[kind](self)
        request = replace(self.words(), strength=self.dice.choice(STEPS))
        pictures = tuple(self.picture(role, request.size) for role in _ROLES[kind])
        inputs = tuple(
            InputPicture(role=role, pixel_sha256=picture.pixel_sha256)
            for role, picture in zip(_ROLES[kind], pictures, strict=True)
        )
        operation = Operation(kind=kind, inputs=inputs)
        return Wish(request=replace(request, operation=operation), pictures=pictures)

    def variation(self) -> Wish:
        """Return a variation of an image that was made before."""
        parent = self.dice.choice(self.made)
        strength = STRENGTHS[self.dice.choice(("subtle", "strong"))]
        request = replace(
            parent.request,
            seed=self.dice.randrange(2**32),
            operation=Operation(),
            strength=strength,
        ).begun_with(parent.pixel_sha256)
        with Image.open(parent.path) as picture:
            source = raw_image(picture)
        return Wish(request=request, pictures=(source,), parents=[parent.id], relation="source")

    def picture(self, role: str, size: Size) -> RawImage:
        """Return a picture for a role: a mask is black, with white where something is drawn."""
        colour = tuple(self.dice.randrange(256) for _ in range(3))
        picture = Image.new("RGB", (size.width, size.height), (0, 0, 0))
        shape = [size.width // 4, size.height // 4, size.width // 4 * 3, size.height // 4 * 3]
        fill = (255, 255, 255) if role == "mask" else colour
        ImageDraw.Draw(picture).ellipse(shape, fill=fill)
        return raw_image(picture)


def _enlarged(maker: Maker) -> Wish:
    """Return a picture that is made twice as large."""
    request, kind = maker.words(), OperationKind("upscale")
    source = maker.picture("source", request.size)
    inputs = (InputPicture(role="source", pixel_sha256=source.pixel_sha256),)
    size = Size(width=2 * request.size.width, height=2 * request.size.height)
    operation = Operation(kind=kind, inputs=inputs)
    return Wish(
        request=replace(request, size=size, operation=operation, strength=0, adapters=()),
        pictures=(source,),
    )


MAKERS: Final[dict[str, Callable[[Maker], Wish]]] = {
    OperationKind.TEXT_TO_IMAGE: lambda maker: Wish(request=maker.words()),
    "upscale": _enlarged,
}


async def made_once(service: Service, wish: Wish) -> Generation:
    reply = await submit(
        service,
        wish.request,
        sources=wish.pictures,
        parents=wish.parents,
        relation=wish.relation,
    )
    await idle(service)
    assert len(reply.generations) == 1, reply.sentence
    return reply.generations[0]


async def check_all_are_made_again(
    settings: Settings, engine: SteeredEngine, lora_shelf: Path, count: int
) -> None:
    settings = settings.model_copy(update={"lora_dir": lora_shelf})
    maker = Maker(dice=random.Random(19), loras=LoraFolder(lora_shelf))
    deeds = itertools.cycle([*OperationKind, None])  # None: a variation of what was made
    async with opened(settings, engine) as service:
        for kind in itertools.islice(deeds, count):
            wish = maker.variation() if kind is None else maker.wish(kind)
            maker.made.append(await made_once(service, wish))
    again = []
    async with opened(settings, engine) as service:
        for each in maker.made:
            kept = await service.images.find(each.id, viewer=here(10))
            assert kept is not None
            wish = Wish(request=kept.request, parents=[kept.id], relation="same_seed")
            again.append(await made_once(service, wish))
    assert [each.pixel_sha256 for each in again] == [each.pixel_sha256 for each in maker.made]
    assert {each.request.operation.kind for each in again} == {*OperationKind}
    assert {bool(each.request.adapters) for each in again} == {True, False}


async def test_every_operation_is_made_again_after_a_restart(
    settings: Settings, real_engine: SteeredEngine, lora_shelf: Path
):
    await check_all_are_made_again(
        settings, real_engine, lora_shelf, max(6, len(OperationKind) + 1)
    )


@pytest.mark.nightly
async def test_a_hundred_mixed_operations_are_made_again(
    settings: Settings, demo_engine, lora_shelf: Path
):
    await check_all_are_made_again(settings, SteeredEngine(demo_engine), lora_shelf, 100)
