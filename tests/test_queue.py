"""Turns are fair, limits are plain, and waiting times come from what was measured."""

from __future__ import annotations

import pytest

from bot.generation import GenerationRequest, Size
from bot.jobs import Job, Origin, new_id, now
from bot.queue import Estimator, FairQueue, QueueFullError


def request(side: int = 128, **changes: object) -> GenerationRequest:
    return GenerationRequest(
        **{"prompt": "x", "seed": 1, "size": Size(width=side, height=side), **changes}
    )


def job(user_id: int, name: str = "") -> Job:
    origin = Origin(
        guild_id=1,
        channel_id=2,
        user_id=user_id,
        user_name="somebody",
        locale="en-US",
        application_id=3,
        token=None,
        expires_at=now(),
    )
    return Job(
        id=name or new_id(),
        requests=(request(),),
        origin=origin,
        parent_id=None,
        relation="imagine",
        spoiler=False,
        created_at=now(),
    )


def queue_of(*names: str, **limits: int) -> FairQueue:
    """Fill a queue with jobs such as `a1`: the letter is the user."""
    queue = FairQueue(**{"max_jobs": 100, "max_jobs_per_user": 50, **limits})
    for name in names:
        queue.add(job(ord(name[0]), name))
    return queue


def drained(queue: FairQueue) -> list[str]:
    taken = []
    while (next_job := queue.take()) is not None:
        taken.append(next_job.id)
    return taken


def test_users_take_turns():
    assert drained(queue_of("a1", "a2", "a3", "b1", "c1", "b2")) == [
        "a1", "b1", "c1", "a2", "b2", "a3",
    ]  # fmt: skip


def test_the_order_shown_is_the_order_that_happens():
    queue = queue_of("a1", "a2", "b1", "a3", "c1", "b2")
    shown = [waiting.id for waiting in queue.order()]
    assert shown == drained(queue)


def test_who_was_just_served_waits_for_the_others():
    queue = queue_of("a1", "a2", "b1")
    assert queue.take().id == "a1"
    queue.add(job(ord("c"), "c1"))
    assert drained(queue) == ["b1", "a2", "c1"]


def test_a_removed_job_is_gone_and_the_others_keep_their_turns():
    queue = queue_of("a1", "b1", "a2")
    assert queue.remove("a1").id == "a1"
    assert queue.remove("a1") is None
    assert drained(queue) == ["a2", "b1"]
    assert len(queue) == 0


def test_limits_are_refused_with_their_numbers():
    queue = queue_of("a1", "a2", "b1", max_jobs=3, max_jobs_per_user=2)
    with pytest.raises(QueueFullError, match=r"already have 2 jobs .* 2 are the limit"):
        queue.check_room(ord("a"))
    with pytest.raises(QueueFullError, match="full with 3 jobs"):
        queue.check_room(ord("c"))
    queue.take()
    queue.check_room(ord("c"))
    with pytest.raises(QueueFullError):
        queue.check_room(ord("a"), running=1)


def test_nothing_is_promised_before_anything_was_measured():
    assert Estimator({}).seconds([request()]) is None


def test_waiting_times_are_learned_and_scaled_to_other_sizes():
    estimator = Estimator({})
    estimator.learn(request(128), 0.8)
    assert estimator.seconds([request(128)]) == pytest.approx(0.8)
    assert estimator.seconds([request(256)]) == pytest.approx(3.2)  # four times the tokens
    assert estimator.seconds([request(guidance_scale=1.5)]) == pytest.approx(1.6)
    estimator.learn(request(128), 1.8)
    assert 0.8 < estimator.seconds([request(128)]) < 1.8
