"""What whoever asked for a job is told, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from bot.domain.jobs import Generation, Job
from bot.errors import BotError


class NotPostableError(BotError):
    """What is to be said is refused where a job came from.

    Attributes:
        is_final: Whether no further try will help.

    """

    def __init__(self, message: str, *, is_final: bool) -> None:
        """Keep the reason, for the log."""
        super().__init__(message)
        self.is_final = is_final


class NotReachedError(BotError):
    """Nobody could be reached now, and the same may work later; the message is for the log."""


class UnansweredError(Exception):
    """Discord takes no first answer any more: the user was told that nobody answered.

    What they asked for is not done, and what was begun of it is withdrawn.
    """


class AnsweredElsewhereError(UnansweredError):
    """Another process has answered, with the same token: it does what was asked for."""


@dataclass(frozen=True, kw_only=True)
class QueueEntry:
    """A job's place.

    Attributes:
        position: 1 is next, 0 is being drawn.
        eta_s: Seconds until the images are there; None where it cannot be known.
        is_paused: Whether a moderator holds it back.

    """

    job: Job
    position: int
    eta_s: float | None
    is_paused: bool = False


@dataclass(frozen=True, kw_only=True)
class PublicQueueEntry:
    """A job's place, as somebody else may know of it.

    Attributes:
        job: None where they may not know what it is and whose.

    """

    job: Job | None
    position: int
    eta_s: float | None
    is_paused: bool = False

    @classmethod
    def of(cls, entry: QueueEntry, *, is_seen: bool) -> Self:
        """Return an entry without its job unless that may be seen."""
        return cls(
            job=entry.job if is_seen else None,
            position=entry.position,
            eta_s=entry.eta_s,
            is_paused=entry.is_paused,
        )


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A step of one of a job's images; `preview` is a WebP, where one was made."""

    step: int
    total: int
    image_index: int
    count: int
    preview: bytes | None


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some images of a history, newest first."""

    generations: list[Generation]
    has_older: bool


class Reply(Protocol):
    """Whoever asked for a job; the service tells them how it goes."""

    async def queued(self, entry: QueueEntry) -> None:
        """Acknowledge: the job is written down.

        Raises:
            UnansweredError: Nobody waits for it here; nothing of it may be shown.

        """

    async def held(self, job: Job) -> None:
        """Acknowledge: the job is written down, and a moderator looks at it first.

        Raises:
            UnansweredError: As of `queued`.

        """

    async def refused(self, job: Job, sentence: str, /) -> None:
        """Say in private why a job that was held is not drawn or posted; nothing of it stays."""

    async def moved(self, entry: QueueEntry) -> None:
        """Correct the place and the time that were shown."""

    async def kept(self, job: Job) -> None:
        """Say that the bot stops, and goes on with this job when it is back."""

    async def progress(self, progress: Progress) -> None:
        """Show how far the drawing is."""

    async def done(self, job: Job, generations: Sequence[Generation]) -> None:
        """Hand over the images; called again after it failed, it must not do it twice.

        Raises:
            NotPostableError: There is no place left for them.
            NotReachedError: It may work later.

        """

    async def failed(self, job: Job, sentence: str, /) -> None:
        """Say what went wrong; raises as `done` does."""

    async def undelivered(self, job: Job, sentence: str, /) -> None:
        """Say in private that the images are made and kept, but could not be handed over."""

    async def cancelled(self, job: Job, *, by_requester: bool) -> None:
        """Take back what was shown of a job that was stopped."""
