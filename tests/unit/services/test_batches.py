"""A batch of many images gives way after each of them: to others, to a stop, to a cancel."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.domain.batches import Batch, BatchKind
from bot.domain.jobs import CancelOutcome
from bot.settings import Settings
from tests.support.discord_env import SteeredEngine
from tests.unit.services.test_service import (
    Recorder,
    here,
    idle,
    opened,
    origin,
    reached_a_step,
    request,
    states,
    submit,
)

pytest_plugins = ["tests.support.bot_fixtures"]

FILE = Batch(kind=BatchKind.PROMPTS, title="list.txt")
ADA, MING, MODERATOR = 10, 20, 99


def requests(count: int, first: int = 100) -> list[object]:
    return [request(seed=first + i) for i in range(count)]


def seeds(engine: SteeredEngine) -> list[int]:
    return [each.seed for each in engine.drawn]


async def test_two_batches_take_turns_and_single_images_come_between(
    settings: Settings, engine: SteeredEngine
):
    engine.hold()
    async with opened(settings, engine) as service:
        one = await submit(service, *requests(10, 100), batch=FILE)
        await reached_a_step(engine)
        two = await submit(service, *requests(10, 200), batch=FILE, by=origin(MING))
        three = await submit(service, request(seed=300), by=origin(30))
        engine.release()
        await idle(service)
    assert all(len(each.generations) == 10 for each in (one, two))
    assert len(three.generations) == 1
    drawn = seeds(engine)
    assert sorted(drawn) == [*range(100, 110), *range(200, 210), 300], "each one once"
    assert drawn.index(300) < 4
    halves = [sum(seed < 200 for seed in drawn[i : i + 4]) for i in range(0, 16, 4)]
    assert all(1 <= each <= 3 for each in halves), drawn


async def test_up_to_nine_are_drawn_in_one_go(settings: Settings, engine: SteeredEngine):
    engine.hold()
    async with opened(settings, engine) as service:
        await submit(service, *requests(9), batch=FILE)
        await reached_a_step(engine)
        await submit(service, request(seed=1), by=origin(MING))
        engine.release()
        await idle(service)
    assert seeds(engine) == [*range(100, 109), 1]


async def test_a_stop_does_not_wait_for_all_of_it(settings: Settings, engine: SteeredEngine):
    engine.hold_after = 2
    async with opened(settings, engine) as service:
        await submit(service, *requests(50), batch=FILE)
        await reached_a_step(engine)
        stop = asyncio.create_task(service.stop())
        await asyncio.sleep(0)
        engine.hold_after = None
        engine.release()
        await stop
    assert len(engine.drawn) <= 5
    assert states(settings) == ["running"]
    resumed = Recorder()
    async with opened(settings, engine) as service:
        await service.system.resume(lambda _job: resumed)
        await idle(service)
    assert [each.request.seed for each in resumed.generations] == list(range(100, 150))
    assert len(engine.drawn) == 50, "nothing that was drawn is drawn again"


@pytest.mark.parametrize(("by", "kept"), [(ADA, 3), (MODERATOR, 0)])
async def test_what_is_drawn_is_kept_where_its_requester_cancels_between_two_turns(
    settings: Settings, engine: SteeredEngine, by: int, kept: int
):
    engine.hold_after = 3
    async with opened(settings, engine) as service:
        batch = await submit(service, *requests(12), batch=FILE)
        await reached_a_step(engine)
        other = await submit(service, request(seed=1, prompt="a fox"), by=origin(MING))
        engine.hold_after = 4  # which is of the batch, or the other one
        engine.at_step.clear()
        engine.release()
        await reached_a_step(engine)
        viewer = replace(here(by), is_moderator=by == MODERATOR)
        outcome = await service.jobs.cancel(batch.job_id, viewer=viewer)
        assert outcome in {CancelOutcome.RUNNING, CancelOutcome.QUEUED}
        engine.release()
        await idle(service)
    assert len(batch.generations) >= kept
    assert bool(batch.generations) == bool(kept)
    assert len(other.generations) == 1
    assert len(engine.drawn) <= 7


async def test_the_place_of_who_comes_counts_one_image_of_a_batch(
    settings: Settings, engine: SteeredEngine
):
    engine.hold()
    async with opened(settings, engine) as service:
        await submit(service, *requests(50), batch=FILE)
        await reached_a_step(engine)
        other = await submit(service, request(seed=1), by=origin(MING))
        assert other.entries[0].position == 1
        entries = service.jobs.queue(viewer=here(ADA))
        assert [each.position for each in entries] == [0, 1]
        engine.release()
        await idle(service)
