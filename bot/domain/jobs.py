"""The values of a job: who asked for what, from where, and what became of it."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

from bot.domain.batches import Batch
from bot.domain.picture_score import PictureScore
from bot.domain.requests import Axis, ImageRequest
from bot.domain.scenes import ChannelKind, Scene

# How an image came from another one; `bot.domain.lineage.relation_of` says which is which.
Relation = Literal[
    "imagine", "same_seed", "new_seed", "variation", "edit", "source", "region", "extension",
    "upscale",
]  # fmt: skip

# No vowels, so that no words appear; none of 0 O 1 l, so that a person can read it aloud.
_ID_CHARACTERS: Final = "23456789bcdfghjkmnpqrstvwxz"
_WHOLE: Final = 9  # images of a batch that are drawn in one turn
_ID_LENGTH: Final = 7  # 27**7: ten thousand million


class JobState(StrEnum):
    """Where a job is in its life; the last three are its ends."""

    QUEUED = "queued"
    RUNNING = "running"
    MADE = "made"
    POSTED = "posted"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CancelOutcome(StrEnum):
    """What a cancel really stopped."""

    QUEUED = "queued"
    RUNNING = "running"
    TOO_LATE = "too_late"
    NOT_YOURS = "not_yours"
    UNKNOWN = "unknown"


def typed_id(typed: str) -> str:
    """Return an id as it was meant, however it was typed or copied."""
    return typed.strip().strip("`").lower()


@dataclass(frozen=True, kw_only=True)
class JobSource:
    """Where a job comes from and how its requester is answered.

    Attributes:
        guild_id: None in direct messages and in groups.
        token: Of the interaction, valid until `expires_at`; None once it is of no more use.
        upload_limit: Bytes that one file may have there, where the interaction told.
        channel_kind: What the channel is when it is asked.
        role_ids: The requester's in the guild.
        places: The thread, channel and category that it is asked in, the innermost first.

    """

    guild_id: int | None
    channel_id: int
    user_id: int
    user_name: str
    locale: str
    application_id: int
    token: str | None = field(repr=False)
    expires_at: dt.datetime
    upload_limit: int | None = None
    channel_kind: ChannelKind = ChannelKind.NORMAL
    role_ids: frozenset[int] = frozenset()
    places: tuple[int, ...] = ()

    @property
    def scene(self) -> Scene:
        """Return whose rules it falls under."""
        return Scene(
            guild_id=self.guild_id,
            user_id=self.user_id,
            role_ids=self.role_ids,
            places=self.places or (self.channel_id,),
            kind=self.channel_kind,
        )


@dataclass(frozen=True, kw_only=True)
class Job:
    """One to 100 images that were asked for together and are answered by one message.

    Attributes:
        parents: The id of the image that each of them comes from; none where they come from words.
        attempts: How often the engine began with it.
        error: Why it failed, in one sentence; of one that was made in part, why the first missing
            image did.
        ended_by: Who cancelled it; a comparison may still show what was made before.
        axis: What differs between the images of a comparison; None for any other job.
        batch: What its images have to do with each other, where braces or a file asked for them.
        held_why: Why a moderator has to look at it before it goes on, in a sentence for them; None
            where none has to.
        approved_by: The moderator who let it go on.

    """

    id: str
    requests: tuple[ImageRequest, ...]
    origin: JobSource
    relation: Relation
    spoiler: bool
    created_at: dt.datetime
    parents: tuple[str, ...] = ()
    state: JobState = JobState.QUEUED
    message_id: int | None = None
    attempts: int = 0
    error: str | None = None
    ended_by: int | None = None
    axis: Axis | None = None
    batch: Batch | None = None
    held_why: str | None = None
    approved_by: int | None = None

    @property
    def is_held(self) -> bool:
        """Tell whether no moderator has let it go on that has to."""
        return self.held_why is not None and self.approved_by is None

    @property
    def is_sheet(self) -> bool:
        """Tell whether its images are shown as one labelled or numbered sheet."""
        return self.axis is not None or self.batch is not None

    @property
    def takes_turns(self) -> bool:
        """Tell whether it gives way after each image to whoever waits: it would take too long."""
        return self.batch is not None and len(self.requests) > _WHOLE

    @property
    def title(self) -> str:
        """Return what it is called in one line: what was typed, a file's name, or its prompt."""
        return self.requests[0].prompt if self.batch is None else self.batch.title

    def parent_of(self, index: int) -> str | None:
        """Return the id of the image that the one at `index` comes from."""
        return self.parents[index] if self.parents else None

    @functools.cached_property  # the order of a long queue asks for it thousands of times
    def cost(self) -> int:
        """Return forwards x image tokens, which the time on the engine grows with."""
        return math.ceil(sum(request.work for request in self.requests))


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One finished image: its file, what made it, and where it belongs.

    Attributes:
        index: Its place in the job, from 0.
        path: Of the PNG on this disk.
        conditions: What, beside the request, decided the pixels.
        recipe_text: The whole recipe as it was written; None for images older than recipes.
        likeness: What a changed copy is recognised by.
        score: What the check of pictures said; None where it was not asked.
        is_withheld: Whether it is shown to nobody, as the check found it unsuitable.

    """

    id: str
    job_id: str
    index: int
    request: ImageRequest
    path: Path
    pixel_sha256: str
    conditions: Mapping[str, object]
    durations_s: Mapping[str, float]
    user_id: int
    guild_id: int | None
    parent_id: str | None
    created_at: dt.datetime
    relation: Relation = "imagine"
    channel_id: int | None = None
    message_id: int | None = None
    recipe_text: str | None = None
    likeness: bytes | None = field(default=None, repr=False)
    score: PictureScore | None = None
    is_withheld: bool = False

    @property
    def duration_s(self) -> float:
        """Return the seconds of all stages together."""
        return sum(self.durations_s.values())


@dataclass(frozen=True, kw_only=True)
class ImageMessage:
    """A message that shows images.

    Attributes:
        token: Of an interaction that reaches it until `expires_at`, also where the bot is no
            member; None where there is none.

    """

    channel_id: int
    message_id: int
    application_id: int | None = None
    token: str | None = field(default=None, repr=False)
    expires_at: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How fast this machine draws images of one size.

    Attributes:
        seconds_per_forward: Of the transformer.
        seconds_beside: What an image takes beside its forwards: its text and its decoding.

    """

    seconds_per_forward: float
    seconds_beside: float = 0.0


def new_id() -> str:
    """Draw a short id that can be typed and said."""
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(_ID_LENGTH))


def derived_id(text: str) -> str:
    """Return an id that is the same for the same text."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    characters = []
    for _ in range(_ID_LENGTH):
        number, place = divmod(number, len(_ID_CHARACTERS))
        characters.append(_ID_CHARACTERS[place])
    return "".join(characters)


def now() -> dt.datetime:
    """Return the time in UTC."""
    return dt.datetime.now(dt.UTC)
