"""What is asked for in the same moment: limits hold for all of it together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.boards import Access, Grant, rules
from bot.domain.jobs import CancelOutcome
from bot.errors import BotError
from bot.services import open_service
from bot.services.queue import QueueFullError
from bot.settings import Settings
from tests.support.boards_env import (
    ADA,
    BEN,
    CLEO,
    MOD,
    BoardsEnv,
    an_image,
    open_boards_env,
    picture,
)
from tests.support.discord_env import PATIENCE_S, SteeredEngine, crash
from tests.unit.services.test_service import Recorder, here, idle, opened, origin, request, submit

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture
async def boards_env(tmp_path: Path):
    async with open_boards_env(tmp_path) as boards_env:
        yield boards_env


async def at_once(doings: Iterable[Awaitable[Any]]) -> tuple[list[Any], list[str]]:
    """Do things at once; return what came of those that worked, and the others' refusals."""
    done = await asyncio.gather(*doings, return_exceptions=True)
    for each in done:
        assert not isinstance(each, BaseException) or isinstance(each, BotError), repr(each)
    return (
        [each for each in done if not isinstance(each, BaseException)],
        [each.message for each in done if isinstance(each, BotError)],
    )


# Jobs


async def test_a_users_limit_holds_for_twenty_images_that_have_a_parent(
    settings: Settings, engine: SteeredEngine
):
    async with opened(settings, engine) as service:
        first = await submit(service)
        await idle(service)
        [parent] = first.generations
        engine.hold()
        taken, refusals = await at_once(
            submit(service, request(seed=i), parents=[parent.id], relation="new_seed")
            for i in range(20)
        )
        assert len(taken) == settings.max_jobs_per_user == 5
        assert all("5 are the limit" in each for each in refusals)
        engine.release()
        await idle(service)


async def test_the_limit_of_the_whole_queue_holds_for_everybody_at_once(
    settings: Settings, engine: SteeredEngine
):
    small = settings.model_copy(update={"max_jobs": 6})
    async with opened(small, engine) as service:
        first = await submit(service)
        await idle(service)
        engine.hold()
        await submit(service, by=origin(99))
        # The limit is of jobs that wait: from here on none of them leaves the line.
        assert await asyncio.to_thread(engine.at_step.wait, PATIENCE_S)
        taken, refusals = await at_once(
            submit(service, by=origin(user), parents=[first.generations[0].id])
            for user in range(100, 120)
        )
        assert len(taken) == 6
        assert len(refusals) == 14
        engine.release()
        await idle(service)


async def test_what_cannot_be_written_down_takes_no_place(
    settings: Settings, engine: SteeredEngine
):
    async with opened(settings, engine) as service:
        async with service._store.database.transaction() as db:
            await db.execute("CREATE TRIGGER refuse BEFORE INSERT ON jobs"
                             " BEGIN SELECT RAISE(FAIL, 'no'); END")  # fmt: skip
        taken, _ = await at_once(submit(service) for _ in range(9))
        assert taken == []
        async with service._store.database.transaction() as db:
            await db.execute("DROP TRIGGER refuse")
        assert len((await at_once(submit(service) for _ in range(3)))[0]) == 3
        await idle(service)


async def test_jobs_of_the_last_run_count_before_they_are_taken_up(
    settings: Settings, engine: SteeredEngine
):
    engine.hold()
    async with open_service(settings, lambda: engine) as service:
        for _ in range(4):
            await submit(service)
        await crash(service)
        engine.release()
    engine.hold()
    async with opened(settings, engine) as service:
        await submit(service)
        with pytest.raises(QueueFullError, match="already have 5 jobs"):
            await submit(service)
        taken, _ = await at_once(
            [service.system.resume(lambda _: Recorder()), *(submit(service) for _ in range(5))]
        )
        assert len(taken) == 1, "of the submissions none, while those left are taken up"
        engine.release()
        await idle(service)


async def test_a_job_of_the_last_run_is_cancelled_before_it_is_taken_up(
    settings: Settings, engine: SteeredEngine
):
    engine.hold()
    async with open_service(settings, lambda: engine) as service:
        left = [await submit(service) for _ in range(2)]
        await crash(service)
        engine.release()
    async with opened(settings, engine) as service:
        outcome = await service.jobs.cancel(left[1].job_id, viewer=here(10))
        assert outcome is CancelOutcome.QUEUED
        replies = {}
        await service.system.resume(lambda job: replies.setdefault(job.id, Recorder()))
        engine.release()
        await idle(service)
        assert replies[left[1].job_id].was_cancelled
        assert replies[left[0].job_id].generations


async def test_a_job_is_moved_or_cancelled_but_not_both(settings: Settings, engine: SteeredEngine):
    async with opened(settings, engine) as service:
        engine.hold()
        jobs = [await submit(service, by=origin(user)) for user in range(3)]
        moderator = replace(here(9), is_moderator=True)
        async with service._store.database.transaction():  # the move waits to be written down
            moving = asyncio.create_task(
                service.moderation.move_to_front(jobs[2].job_id, viewer=moderator)
            )
            cancelling = asyncio.create_task(service.jobs.cancel(jobs[2].job_id, viewer=here(2)))
            async with asyncio.timeout(PATIENCE_S):
                while service._queue.has(jobs[2].job_id):  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0)
        entry, outcome = await moving, await cancelling
        assert outcome is CancelOutcome.QUEUED
        assert entry is None, "what was cancelled meanwhile is not said to come next"
        assert service._queue._moved == []
        engine.release()
        await idle(service)


async def test_a_job_is_cancelled_once_however_many_press(
    settings: Settings, engine: SteeredEngine
):
    async with opened(settings, engine) as service:
        engine.hold()
        await submit(service)
        waiting = await submit(service)
        outcomes = await asyncio.gather(
            *(service.jobs.cancel(waiting.job_id, viewer=here(10)) for _ in range(5))
        )
        assert sorted(outcomes).count(CancelOutcome.QUEUED) == 1
        assert set(outcomes) == {CancelOutcome.QUEUED, CancelOutcome.TOO_LATE}
        engine.release()
        await idle(service)
        assert not waiting.generations


# Boards


async def test_a_server_has_no_more_boards_than_it_may_have(boards_env: BoardsEnv, monkeypatch):
    monkeypatch.setattr(rules, "MAX_BOARDS", 3)
    made, refusals = await at_once(boards_env.board(f"Board {i}") for i in range(8))
    assert len(made) == 3
    assert all("3 are the limit" in each for each in refusals)


async def test_deleted_boards_come_back_only_while_there_is_room(
    boards_env: BoardsEnv, monkeypatch
):
    boards = [await boards_env.board(f"Board {i}") for i in range(4)]
    for board in boards:
        await boards_env.boards.delete(board.id, viewer=ADA)
    monkeypatch.setattr(rules, "MAX_BOARDS", 2)
    back, _ = await at_once(boards_env.boards.restore(board.id, viewer=ADA) for board in boards)
    assert len(back) == 2


async def test_a_board_has_no_more_pictures_than_it_may_have(boards_env: BoardsEnv, monkeypatch):
    board = await boards_env.board()
    taken_off = (await boards_env.upload(board, seed=50)).item
    await boards_env.boards.remove(board.id, taken_off.number, viewer=ADA)
    monkeypatch.setattr(rules, "MAX_ITEMS", 3)
    hung, refusals = await at_once(
        [
            *(boards_env.upload(board, seed=i) for i in range(8)),
            boards_env.boards.bring_back(board.id, taken_off.number, viewer=ADA),
        ]
    )
    assert len(hung) == len(await boards_env.numbers(board)) == 3
    assert len(refusals) == 6
    assert len(boards_env.copies()) in {3, 4}, "nothing is left of what was refused"


async def test_the_room_of_a_servers_pictures_is_not_exceeded(boards_env: BoardsEnv):
    boards = [await boards_env.board(f"Board {i}") for i in range(3)]
    boards_env.context.space_bytes = 3 * len(picture(1)) + 500
    await at_once(boards_env.upload(boards[i % 3], seed=i) for i in range(9))
    assert 0 < await boards_env.boards.space(viewer=ADA) <= boards_env.boards.space_bytes
    assert len(boards_env.copies()) == 3


async def test_the_same_picture_hangs_once_however_many_hang_it_up(boards_env: BoardsEnv):
    board = await boards_env.board()
    hung, _ = await at_once(boards_env.upload(board, by=who) for who in (ADA, BEN, CLEO, MOD, ADA))
    assert [each.is_exact for each in hung].count(False) == 1
    assert await boards_env.numbers(board) == [1]


async def test_an_image_that_is_deleted_meanwhile_is_not_hung_up(boards_env: BoardsEnv):
    board = await boards_env.board()
    image = await an_image(boards_env.store)
    asked, _ = await asyncio.gather(
        boards_env.boards.add_generation(board.id, image.id, viewer=ADA),
        boards_env.store.deletions.begin([image.id], by=1, locale="en-US"),
        return_exceptions=True,
    )
    assert isinstance(asked, BotError)
    assert f"There is no image '{image.id}'" in asked.message
    assert await boards_env.numbers(board) == []
    assert boards_env.copies() == []


async def test_a_picture_comes_back_once(boards_env: BoardsEnv):
    board = await boards_env.board()
    number = (await boards_env.upload(board)).item.number
    await boards_env.boards.remove(board.id, number, viewer=ADA)
    back, _ = await at_once(
        [
            *(boards_env.boards.bring_back(board.id, number, viewer=ADA) for _ in range(4)),
            boards_env.upload(board),
        ]
    )
    assert len(await boards_env.numbers(board)) == 1
    assert back


async def test_what_is_said_of_a_picture_keeps_to_its_limits(boards_env: BoardsEnv, monkeypatch):
    board = await boards_env.board()
    await boards_env.upload(board)
    monkeypatch.setattr(rules, "MAX_COMMENTS", 3)
    monkeypatch.setattr(rules, "MAX_TAGS", 4)
    said, _ = await at_once(
        boards_env.boards.comment(board.id, 1, f"{i}", viewer=BEN) for i in range(8)
    )
    tagged, _ = await at_once(
        boards_env.boards.describe(board.id, 1, viewer=ADA, tags=[f"tag {i}"]) for i in range(8)
    )
    [item] = (await boards_env.now(board)).items
    assert len(item.comments) == len(said) == 3
    assert len(item.tags) == len(tagged) == 4


async def test_everybody_has_one_vote_and_the_threshold_is_reached_once(boards_env: BoardsEnv):
    board = await boards_env.board(threshold=2)
    await boards_env.upload(board)
    await at_once(
        boards_env.boards.vote(board.id, 1, viewer=who) for who in (ADA, BEN, CLEO, ADA, ADA)
    )
    [item] = (await boards_env.now(board)).items
    assert item.voter_ids == {ADA.user_id, BEN.user_id, CLEO.user_id}
    activities = (await boards_env.boards.log(board.id, viewer=ADA)).activities
    assert [each.verb for each in activities].count("shortlisted") == 1


async def test_a_board_names_no_more_members_than_it_may(boards_env: BoardsEnv, monkeypatch):
    board = await boards_env.board()
    monkeypatch.setattr(rules, "MAX_GRANTS", 3)
    grants = [Grant(kind="member", subject_id=i, access=Access.CURATE) for i in range(8)]
    await at_once(boards_env.boards.grant(board.id, grant, viewer=ADA) for grant in grants)
    assert len((await boards_env.now(board)).grants) == 3
