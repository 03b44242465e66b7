"""Whatever was done to make an image, it is made again to the same pixels after a restart.

Every kind of operation is among them; a new one joins by itself.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from bot.domain.jobs import Generation
from bot.domain.requests import STRENGTHS, Operation, OperationKind, Size
from bot.media.source_pictures import raw_image
from bot.models import LoraFolder
from bot.services import Service
from bot.settings import Settings
from tests.support.discord_env import SteeredEngine
from tests.support.mixed_requests import Mixture, Wish
from tests.unit.services.test_service import here, idle, opened, submit

pytest_plugins = ["tests.support.bot_fixtures"]
pytestmark = pytest.mark.engine

SIZES: Final = (Size(width=128, height=128), Size(width=144, height=128))


def variation(mixture: Mixture, parent: Generation) -> Wish:
    """Return a variation of an image that was made before."""
    strength = STRENGTHS[mixture.dice.choice(("subtle", "strong"))]
    seed = mixture.dice.randrange(2**32)
    request = replace(parent.request, seed=seed, operation=Operation(), strength=strength)
    with Image.open(parent.path) as picture:
        source = raw_image(picture)
    return Wish(
        request=request.begun_with(parent.pixel_sha256),
        pictures=(source,),
        parents=[parent.id],
        relation="source",
    )


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
    names, finder = ("neon", "ink"), LoraFolder(lora_shelf)
    mixture = Mixture(dice=random.Random(19), sizes=SIZES, loras=names, finder=finder)
    made: list[Generation] = []
    deeds = itertools.cycle([*OperationKind, None])  # None: a variation of what was made
    async with opened(settings, engine) as service:
        for kind in itertools.islice(deeds, count):
            is_new = kind is not None
            wish = mixture.wish(kind) if is_new else variation(mixture, mixture.dice.choice(made))
            made.append(await made_once(service, wish))
    again = []
    async with opened(settings, engine) as service:
        for each in made:
            kept = await service.images.find(each.id, viewer=here(10))
            assert kept is not None
            wish = Wish(request=kept.request, parents=[kept.id], relation="same_seed")
            again.append(await made_once(service, wish))
    assert [each.pixel_sha256 for each in again] == [each.pixel_sha256 for each in made]
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
