"""Turns are fair, limits are plain, and moderators change only what is theirs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.jobs import Job, JobSource, new_id, now
from bot.domain.requests import ImageRequest, Size
from bot.services.queue import EVERYWHERE, FairQueue, QueueFullError


def request(side: int = 128, **changes: object) -> ImageRequest:
    return ImageRequest(
        **{"prompt": "x", "seed": 1, "size": Size(width=side, height=side), **changes}
    )


def job(user_id: int, name: str = "") -> Job:
    origin = JobSource(
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


def big(user: str, name: str, *, side: int, images: int = 1, guild_id: int = 1) -> Job:
    """Return a job that costs more than the others here."""
    plain = job(ord(user), name)
    return replace(
        plain,
        requests=(request(side),) * images,
        origin=replace(plain.origin, guild_id=guild_id),
    )


def test_turns_are_worth_the_same_whatever_is_asked_for():
    queue = queue_of("b1", "b2", "b3", "b4", "b5")
    queue.add(big("a", "a1", side=256))  # costs as much as four of b's
    queue.add(big("a", "a2", side=128, images=4))
    assert drained(queue) == ["b1", "b2", "b3", "b4", "a1", "b5", "a2"]


def test_one_image_waits_for_one_turn_of_each_other_and_not_for_twenty_jobs():
    queue = queue_of(*(f"a{i}" for i in range(20)), *(f"b{i}" for i in range(20)), "c1")
    assert drained(queue).index("c1") == 2


def test_the_served_cost_of_users_who_all_wait_stays_even():
    queue = FairQueue(max_jobs=1000, max_jobs_per_user=1000)
    for i in range(60):
        queue.add(big("a", f"a{i}", side=128))
        queue.add(big("b", f"b{i}", side=256))
        queue.add(big("c", f"c{i}", side=384, images=2))
    served = dict.fromkeys("abc", 0)
    for _ in range(60):  # a's line, the one that empties first, is not empty yet
        taken = queue.take()
        served[taken.id[0]] += taken.cost
    dearest = big("c", "c", side=384, images=2).cost
    assert max(served.values()) - min(served.values()) <= dearest


def test_the_order_shown_happens_with_costs_moves_and_pauses_too():
    queue = queue_of("a1", "a2", "b1", "b2")
    queue.add(big("c", "c1", side=512))
    queue.add(big("d", "d1", side=128, guild_id=2))
    queue.move_to_front("b2")
    queue.pause(2)
    shown = [waiting.id for waiting in queue.order()]
    assert shown[0] == "b2"
    assert "d1" not in shown
    assert [held.id for held in queue.held_back()] == ["d1"]
    assert drained(queue) == shown
    assert not queue.has_turn()
    queue.resume(2)
    assert queue.has_turn()
    assert drained(queue) == ["d1"]


def test_a_moved_job_takes_a_turn_of_its_own_guild_only():
    queue = FairQueue(max_jobs=100, max_jobs_per_user=100)
    queue.add(big("a", "a1", side=128, guild_id=1))
    queue.add(big("b", "b1", side=128, guild_id=2))
    queue.add(big("c", "c1", side=128, guild_id=2))
    queue.move_to_front("c1")
    assert drained(queue) == ["a1", "c1", "b1"]


def test_whoever_was_moved_before_their_turn_pays_with_the_next_one():
    queue = queue_of("a1", "b1", "b2", "c1")
    queue.move_to_front("b2")
    assert drained(queue) == ["b2", "a1", "c1", "b1"]


def test_everything_can_be_held_back():
    queue = queue_of("a1", "b1")
    queue.pause(EVERYWHERE)
    assert queue.take() is None
    assert queue.is_paused(1)
    queue.add(job(ord("c"), "c1"))
    queue.resume(EVERYWHERE)
    assert len(drained(queue)) == 3


def turns_of(batch: Job) -> list[int]:
    """Return what each turn of a batch costs; all its images are alike."""
    count = len(batch.requests)
    return [batch.cost // count] * count


def taken_in_turns(queue: FairQueue, count: int = 99) -> list[str]:
    """Take turns as the dispatcher does: what has turns left waits again."""
    taken, left = [], {}
    while len(taken) < count and (job := queue.take()) is not None:
        taken.append(job.id)
        left[job.id] = left.get(job.id, turns_of(job))[1:]
        if left[job.id]:
            queue.put_back(job, left[job.id])
    return taken


def add_batch(queue: FairQueue, user: str, name: str, turns: int) -> None:
    batch = big(user, name, side=128, images=turns)
    queue.add(batch, turns_of(batch))


def test_a_large_batch_gives_way_to_everybody_and_takes_the_same_share():
    queue = queue_of("b1", "b2", "b3")
    add_batch(queue, "a", "a1", 6)
    shown = [job.id for job in queue.schedule()]
    assert shown == ["b1", "a1", "b2", "a1", "b3", "a1", "a1", "a1", "a1"]
    assert [job.id for job in queue.order()] == ["b1", "a1", "b2", "b3"]
    assert taken_in_turns(queue) == shown


def test_who_comes_while_a_batch_is_drawn_waits_for_one_image_of_it():
    queue = queue_of()
    add_batch(queue, "a", "a1", 100)
    assert taken_in_turns(queue, 1) == ["a1"]
    queue.add(job(ord("b"), "b1"))
    assert queue.take().id in {"a1", "b1"}
    assert queue.take().id in {"a1", "b1"}
    assert not queue.has("b1")


def test_a_shorter_job_of_the_same_person_goes_before_the_rest_of_their_batch():
    queue = queue_of()
    add_batch(queue, "a", "a1", 3)
    queue.add(job(ord("a"), "a2"))
    add_batch(queue, "a", "a3", 2)
    shown = [job.id for job in queue.schedule()]
    assert shown == ["a1", "a2", "a1", "a1", "a3", "a3"]
    assert taken_in_turns(queue) == shown


def test_a_batch_that_is_drawn_now_is_in_the_schedule_with_what_is_left():
    queue = queue_of("b1")
    batch = big("a", "a1", side=128, images=3)
    shown = [job.id for job in queue.schedule([(batch, turns_of(batch)[1:])])]
    assert shown == ["b1", "a1", "a1"]
    assert not queue.has("a1")
