"""Who is next, and when: fair turns between users, limits, positions and waiting times."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from typing import Final

from bot.errors import BotError
from bot.generation import GenerationRequest
from bot.jobs import Job

_MEMORY: Final = 0.7  # how much of a speed is kept when a new measurement arrives


class QueueFullError(BotError):
    """No more jobs are taken now."""


class FairQueue:
    """Jobs that wait. Users take turns, so twenty jobs of one do not stand before one of another.

    It knows nothing of images and is used by one event loop only.
    """

    def __init__(self, *, max_jobs: int, max_jobs_per_user: int) -> None:
        """Begin empty."""
        self._max_jobs = max_jobs
        self._max_jobs_per_user = max_jobs_per_user
        self._turns: OrderedDict[int, deque[Job]] = OrderedDict()  # the first user is next

    def __len__(self) -> int:
        """Return how many jobs wait."""
        return sum(len(jobs) for jobs in self._turns.values())

    def check_room(self, user_id: int, *, running: int = 0) -> None:
        """Refuse one more job of a user.

        Args:
            user_id: Who asks.
            running: How many of their jobs are drawn right now.

        Raises:
            QueueFullError: The user's limit or that of the whole queue is reached.

        """
        own = len(self._turns.get(user_id, ())) + running
        if own >= self._max_jobs_per_user:
            raise QueueFullError(
                f"You already have {own} jobs in the queue, and {self._max_jobs_per_user} are the "
                "limit: wait for one or cancel one with /cancel."
            )
        if len(self) >= self._max_jobs:
            raise QueueFullError(
                f"The queue is full with {len(self)} jobs: try again in a few minutes."
            )

    def add(self, job: Job) -> None:
        """Put a job behind its requester's others."""
        self._turns.setdefault(job.origin.user_id, deque()).append(job)

    def take(self) -> Job | None:
        """Remove and return the next job; its requester's next turn comes after everybody's."""
        if not self._turns:
            return None
        user_id, jobs = self._turns.popitem(last=False)
        job = jobs.popleft()
        if jobs:
            self._turns[user_id] = jobs
        return job

    def remove(self, job_id: str) -> Job | None:
        """Remove a job wherever it stands."""
        for user_id, jobs in self._turns.items():
            for job in jobs:
                if job.id == job_id:
                    jobs.remove(job)
                    if not jobs:
                        del self._turns[user_id]
                    return job
        return None

    def order(self) -> list[Job]:
        """Return the waiting jobs in the order in which they would be taken."""
        rounds = deque(deque(jobs) for jobs in self._turns.values())
        order = []
        while rounds:
            jobs = rounds.popleft()
            order.append(jobs.popleft())
            if jobs:
                rounds.append(jobs)
        return order


class Estimator:
    """Seconds a job will take, from what this machine took for others."""

    def __init__(self, speeds: Mapping[int, float]) -> None:
        """Begin with what is known: seconds a forward by image tokens."""
        self._speeds = dict(speeds)

    def learn(self, request: GenerationRequest, duration_s: float) -> tuple[int, float]:
        """Take in a finished image; return its tokens and the new seconds a forward."""
        measured = duration_s / request.num_forwards
        tokens = request.size.tokens
        known = self._speeds.get(tokens, measured)
        self._speeds[tokens] = _MEMORY * known + (1 - _MEMORY) * measured
        return tokens, self._speeds[tokens]

    def seconds(self, requests: Sequence[GenerationRequest]) -> float | None:
        """Return how long these images will take; None before anything was drawn here."""
        if not self._speeds:
            return None
        return sum(r.num_forwards * self._per_forward(r.size.tokens) for r in requests)

    def _per_forward(self, tokens: int) -> float:
        """Return a measured speed, or one scaled from the size nearest to this one."""
        nearest = min(self._speeds, key=lambda known: abs(known - tokens))
        return self._speeds[nearest] * tokens / nearest
