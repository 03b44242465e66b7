"""Who is next: fair turns between users, limits, positions, and what moderators may change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.domain.jobs import Job
from bot.errors import BotError

EVERYWHERE: Final = 0  # in place of a guild's id; no guild has it


class QueueFullError(BotError):
    """No more jobs are taken now."""


@dataclass(kw_only=True)
class _Line:
    """The jobs of one user, in the order in which they were asked for.

    Attributes:
        credit: What the user may still spend, in forwards x tokens; below 0 after a job that was
            moved before its turn.
        is_served: Whether this round's credit was already given.

    """

    jobs: list[Job] = field(default_factory=list)
    credit: int = 0
    is_served: bool = False


class FairQueue:
    """Jobs that wait, taken by deficit round robin over users (Shreedhar & Varghese, 1995).

    In each round every user is given the same credit, and may spend it on jobs that cost forwards
    x tokens x images. So everybody gets the same share of the engine, whoever asks for much waits
    longer, and twenty jobs of one user do not stand before one of another. A round's credit is the
    cost of the cheapest job in front of a line: turns are as short as they can be.

    A job that gives way has several turns, each with its cost: in between it waits like any other,
    behind the shorter jobs of its requester.

    It knows nothing of images and is used by one event loop only.
    """

    def __init__(self, *, max_jobs: int, max_jobs_per_user: int) -> None:
        """Begin empty."""
        self._max_jobs = max_jobs
        self._max_jobs_per_user = max_jobs_per_user
        self._lines: OrderedDict[int, _Line] = OrderedDict()  # the first line is next
        self._turns: dict[str, tuple[int, ...]] = {}  # what is left of jobs that give way
        self._moved: list[str] = []  # jobs that moderators put in front, the first one first
        self._paused: set[int] = set()

    def __len__(self) -> int:
        """Return how many jobs wait, those of paused guilds included."""
        return sum(len(line.jobs) for line in self._lines.values())

    def check_room(self, user_id: int, *, running: int = 0, arriving: int = 0) -> None:
        """Refuse one more job of a user.

        Args:
            user_id: Who asks.
            running: How many of their jobs are drawn or being written down right now.
            arriving: How many jobs of anybody are being written down.

        Raises:
            QueueFullError: The user's limit or that of the whole queue is reached.

        """
        line = self._lines.get(user_id)
        own = (len(line.jobs) if line is not None else 0) + running
        if own >= self._max_jobs_per_user:
            raise QueueFullError(
                f"You already have {own} jobs in the queue, and {self._max_jobs_per_user} are the "
                "limit: wait for one or cancel one with /cancel."
            )
        if len(self) + arriving >= self._max_jobs:
            raise QueueFullError(
                f"The queue is full with {len(self) + arriving} jobs: try again in a few minutes."
            )

    def add(self, job: Job, turns: Sequence[int] = ()) -> None:
        """Put a job behind its requester's others.

        Args:
            job: The job.
            turns: What each of its turns costs; none is one turn of the job's own cost.

        """
        self._lines.setdefault(job.origin.user_id, _Line()).jobs.append(job)
        if turns:
            self._turns[job.id] = tuple(turns)

    def put_back(self, job: Job, turns: Sequence[int]) -> None:
        """Let a job wait for its next turn, before its requester's others that give way."""
        self.add(job, turns)
        jobs = self._lines[job.origin.user_id].jobs
        jobs.remove(job)
        place = (i for i, each in enumerate(jobs) if len(self._turns.get(each.id, ())) > 1)
        jobs.insert(next(place, len(jobs)), job)

    def take(self) -> Job | None:
        """Remove and return the next job; None if no job waits, or all are held back."""
        turn = self._next_turn()
        if turn is None:
            return None
        job = self._moved_before(turn) or turn
        self._lines[job.origin.user_id].credit -= self._cost(job)
        self.remove(job.id)
        self._end_turn(turn.origin.user_id)
        return job

    def peek(self) -> Job | None:
        """Return the job that `take` would return now."""
        return self._rehearsal().take()

    def has_turn(self) -> bool:
        """Tell whether there is a job to take."""
        return any(self._head(line) is not None for line in self._lines.values())

    def has(self, job_id: str) -> bool:
        """Tell whether a job waits here."""
        return any(job.id == job_id for job in self._jobs())

    def remove(self, job_id: str) -> Job | None:
        """Remove a job wherever it stands."""
        for user_id, line in self._lines.items():
            for job in line.jobs:
                if job.id == job_id:
                    line.jobs.remove(job)
                    self._turns.pop(job_id, None)
                    if not line.jobs:
                        del self._lines[user_id]
                    self._moved = [moved for moved in self._moved if moved != job_id]
                    return job
        return None

    def order(self) -> list[Job]:
        """Return the waiting jobs in the order in which they would be taken, if none came."""
        return list({job.id: job for job in self.schedule()}.values())

    def schedule(self, begun: Sequence[tuple[Job, Sequence[int]]] = ()) -> list[Job]:
        """Return the jobs turn by turn, as they would be taken if none came.

        Args:
            begun: Jobs that give way when their turn of now is over, and the turns after that.

        """
        rehearsal, schedule = self._rehearsal(), []
        for job, turns in begun:
            rehearsal.put_back(job, turns)
        left = {**self._turns, **{job.id: tuple(turns) for job, turns in begun}}
        while (turn := rehearsal.take()) is not None:
            schedule.append(turn)
            left[turn.id] = left.get(turn.id, ())[1:]
            if left[turn.id]:
                rehearsal.put_back(turn, left[turn.id])
        return schedule

    def _rehearsal(self) -> FairQueue:
        """Return a copy to try on what would happen."""
        rehearsal = FairQueue(max_jobs=self._max_jobs, max_jobs_per_user=self._max_jobs_per_user)
        rehearsal._lines = OrderedDict(
            (user_id, _Line(jobs=list(line.jobs), credit=line.credit, is_served=line.is_served))
            for user_id, line in self._lines.items()
        )
        rehearsal._turns = dict(self._turns)
        rehearsal._moved, rehearsal._paused = list(self._moved), self._paused
        return rehearsal

    def held_back(self) -> list[Job]:
        """Return the jobs that wait until a pause ends."""
        return [job for job in self._jobs() if self._is_paused(job)]

    def move_to_front(self, job_id: str) -> None:
        """Let a job be the next of its guild: it takes the turn that any job of the guild gets.

        Jobs of other guilds keep their turns, and the requester pays for it with their own later.
        One that no longer waits stays where it is.
        """
        if not self.has(job_id):
            return
        self._moved = [job_id, *(moved for moved in self._moved if moved != job_id)]

    def pause(self, guild_id: int) -> None:
        """Hold back the jobs of a guild, or of `EVERYWHERE`."""
        self._paused.add(guild_id)

    def resume(self, guild_id: int) -> None:
        """Let the jobs of a guild, or of `EVERYWHERE`, go on."""
        self._paused.discard(guild_id)

    def is_paused(self, guild_id: int | None) -> bool:
        """Tell whether the jobs of a guild are held back."""
        return EVERYWHERE in self._paused or guild_id in self._paused

    def _cost(self, job: Job) -> int:
        """Return what the next turn of a job costs."""
        return self._turns[job.id][0] if job.id in self._turns else job.cost

    def _jobs(self) -> Iterable[Job]:
        return (job for line in self._lines.values() for job in line.jobs)

    def _is_paused(self, job: Job) -> bool:
        return self.is_paused(job.origin.guild_id)

    def _head(self, line: _Line) -> Job | None:
        return next((job for job in line.jobs if not self._is_paused(job)), None)

    def _next_turn(self) -> Job | None:
        """Go round the lines, giving credit, until one can pay for its first job."""
        costs = [self._cost(head) for line in self._lines.values() if (head := self._head(line))]
        if not costs:
            return None
        round_credit = min(costs)
        self._skip_rounds(round_credit)
        while True:
            user_id, line = next(iter(self._lines.items()))
            head = self._head(line)
            if head is not None and not line.is_served:
                line.credit += round_credit
                line.is_served = True
            if head is not None and self._cost(head) <= line.credit:
                return head
            line.is_served = False
            self._lines.move_to_end(user_id)

    def _end_turn(self, user_id: int) -> None:
        """Send a line that cannot pay again to the back now, not when newcomers stand there."""
        line = self._lines.get(user_id)
        if line is not None and (
            (head := self._head(line)) is None or self._cost(head) > line.credit
        ):
            line.is_served = False
            self._lines.move_to_end(user_id)

    def _skip_rounds(self, round_credit: int) -> None:
        """Give at once the credit of all rounds in which nobody could pay."""
        waiting = [(line, head) for line in self._lines.values() if (head := self._head(line))]
        rounds = min(-(-(self._cost(head) - line.credit) // round_credit) for line, head in waiting)
        for line, _ in waiting:
            line.credit += max(0, rounds - 1) * round_credit

    def _moved_before(self, turn: Job) -> Job | None:
        """Return the job that a moderator put in place of the one whose turn it is."""
        for moved in self._moved:
            for job in self._jobs():
                if job.id == moved and job.origin.guild_id == turn.origin.guild_id:
                    return None if self._is_paused(job) else job
        return None
