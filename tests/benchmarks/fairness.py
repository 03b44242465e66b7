"""How long a user with one image waits beside users with many, and how evenly turns are shared.

The real service, queue and SQLite; the engine is a stand-in whose time grows with forwards x
tokens. Everybody asks at the start, the greediest first: the worst case for whoever comes last.
Both orders, deficit round robin and first come first served, draw the same jobs in the same run.

    python -m tests.benchmarks.fairness [--users 20] [--most 50] [--seed 1]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
from collections import OrderedDict

from bot.domain.jobs import Job
from bot.domain.requests import ImageRequest, Quality, Size
from bot.domain.viewers import Viewer
from bot.services import service as service_module
from bot.services.queue import FairQueue
from tests.benchmarks.crowd import Customer, ask, opened

SIDES = (128, 192, 256)

MODERATOR = Viewer(user_id=0, guild_id=1, is_moderator=True)


class FirstComeQueue(FairQueue):
    """The queue that other bots have."""

    def take(self) -> Job | None:
        """Return the job that waits longest."""
        jobs = sorted(self._jobs(), key=lambda job: job.created_at)
        return self.remove(jobs[0].id) if jobs else None

    def order(self) -> list[Job]:
        """Return the jobs as they came."""
        return sorted(self._jobs(), key=lambda job: job.created_at)


def wishes(users: int, most: int, chance: random.Random) -> OrderedDict[int, list[int]]:
    """Return the sides of the images each user wants, the greediest user first."""
    counts = [most, 1, *(chance.randint(1, most) for _ in range(users - 2))]
    counts.sort(reverse=True)
    return OrderedDict(
        (user_id, [chance.choice(SIDES) for _ in range(count)])
        for user_id, count in enumerate(counts, start=1)
    )


async def serve(wanted: OrderedDict[int, list[int]], queue: type[FairQueue]) -> list[Customer]:
    """Draw everything with a queue, and return the jobs in the order in which they were done."""
    service_module.FairQueue = queue  # type: ignore[attr-defined]
    async with opened() as service:
        await service.moderation.pause(viewer=MODERATOR)
        customers = [
            await ask(service, user_id, request(side, seed))
            for user_id, sides in wanted.items()
            for seed, side in enumerate(sides)
        ]
        await service.moderation.resume(viewer=MODERATOR)
        await service.idle()
    return sorted(customers, key=lambda customer: customer.done_s or 0)


def request(side: int, seed: int) -> ImageRequest:
    """Return a request of some size."""
    size = Size(width=side, height=side)
    return ImageRequest(prompt="a red apple", seed=seed, size=size, quality=Quality.STANDARD)


def jain(served: list[float]) -> float:
    """Return Jain's index: 1 where all were served the same, 1/n where one got everything."""
    return sum(served) ** 2 / (len(served) * sum(each * each for each in served))


def shares(done: list[Customer]) -> float:
    """Return Jain's index of the cost served to each user while every one of them still waited."""
    left = {c.user_id: 0 for c in done}
    for customer in done:
        left[customer.user_id] += 1
    served = dict.fromkeys(left, 0.0)
    for customer in done:
        assert customer.job is not None
        served[customer.user_id] += customer.job.cost
        left[customer.user_id] -= 1
        if left[customer.user_id] == 0:
            return jain(list(served.values()))
    raise AssertionError("nobody was served to the end")


def report(name: str, done: list[Customer]) -> dict[int, float]:
    """Print one order's figures; return the seconds until each user had everything."""
    start = min(customer.done_s or 0 for customer in done)
    finished = {c.user_id: (c.done_s or 0) - start for c in done}
    counts = {u: sum(c.user_id == u for c in done) for u in finished}
    single = min(counts, key=lambda u: counts[u])
    greedy = max(counts, key=lambda u: counts[u])
    total = max(finished.values())
    print(
        f"{name:24}  one image: {finished[single]:7.2f} s ({finished[single] / total:6.1%} of all)"
        f"   {counts[greedy]} images: {finished[greedy]:7.2f} s ({finished[greedy] / total:6.1%})"
        f"   median user: {statistics.median(finished.values()):6.2f} s"
    )
    return finished


def main() -> None:
    """Run both orders and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--most", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wanted = wishes(options.users, options.most, random.Random(options.seed))
    jobs = sum(len(sides) for sides in wanted.values())
    print(f"{options.users} users with 1 to {options.most} jobs each, {jobs} jobs")
    fair = asyncio.run(serve(wanted, FairQueue))
    first = asyncio.run(serve(wanted, FirstComeQueue))
    report("deficit round robin", fair)
    report("first come first served", first)
    even = OrderedDict(
        (user, [random.Random(user).choice(SIDES) for _ in range(options.most // 2)])
        for user in range(1, options.users + 1)
    )
    print(
        f"\n{options.users} users with {options.most // 2} jobs of mixed sizes each; Jain's index "
        "of the served cost until the first user has everything:"
    )
    for name, queue in (
        ("deficit round robin", FairQueue),
        ("first come first served", FirstComeQueue),
    ):
        print(f"{name:24}  {shares(asyncio.run(serve(even, queue))):.4f}")


if __name__ == "__main__":
    main()
