"""The record of a picture as a JSON document, and the values that it stands for."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.domain.batches import batch_of
from bot.domain.boards import Board, Item
from bot.domain.jobs import Generation, ImageMessage, Job, JobSource, JobState, now
from bot.domain.picture_score import PictureScore
from bot.domain.recipe import Recipe
from bot.domain.requests import Axis
from bot.storage.boards.rows import BOARD_COLUMNS, ITEM_COLUMNS, board_values, item_values
from bot.storage.deletions import Deletion

_VERSION: Final = 1
_POSTED_WITHIN: Final = dt.timedelta(days=1)

Place = tuple[str, int]  # the id of a job, and which of its images


class RecordError(ValueError):
    """A record cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Visibility:
    """Where an image is shown, according to its record.

    Attributes:
        message: The answer to its job.
        copies: All other messages.
        deletion: The image's deletion, if one is under way.

    """

    place: Place
    message: ImageMessage | None
    copies: tuple[ImageMessage, ...]
    deletion: Deletion | None

    @property
    def messages(self) -> tuple[ImageMessage, ...]:
        """Return all messages that show it."""
        return self.copies if self.message is None else (self.message, *self.copies)


def read_record(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises:
        RecordError: It is damaged, or of a newer version of this program.

    """
    try:
        document = json.loads(path.read_bytes())
        if document["version"] > _VERSION:
            raise RecordError(f"it is of version {document['version']}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"the record {path} cannot be read ({error})") from error
    return dict(document)


def visibility_of(place: Place, path: Path) -> Visibility:
    """Return where an image is shown; records of earlier versions know one message only.

    Raises:
        RecordError: The record cannot be read, or a value is missing or wrong.

    """
    document = read_record(path)
    with _as_record_errors(f"the record {path}"):
        message_id, deleted = document["message_id"], document.get("deletion")
        return Visibility(
            place=place,
            message=None
            if message_id is None
            else ImageMessage(channel_id=int(document["channel_id"]), message_id=int(message_id)),
            copies=tuple(
                ImageMessage(channel_id=int(channel), message_id=int(message))
                for channel, message in document.get("copies", ())
            ),
            deletion=None if deleted is None else _deletion(str(document["id"]), deleted),
        )


@contextlib.contextmanager
def _as_record_errors(subject: str) -> Iterator[None]:
    """Raise a RecordError about `subject` if a value is missing or has the wrong type."""
    try:
        yield
    except (KeyError, ValueError, TypeError) as error:
        raise RecordError(f"{subject} holds what cannot be meant ({error!r})") from error


def _deletion(generation_id: str, found: Mapping[str, Any]) -> Deletion:
    return Deletion(
        generation_id=generation_id,
        user_id=int(found["user_id"]),
        locale=str(found["locale"]),
        created_at=dt.datetime.fromisoformat(found["created_at"]),
    )


def time_of(path: Path) -> dt.datetime:
    """Return when a record's image was made or, if the record is damaged, when it was written."""
    with contextlib.suppress(RecordError, KeyError, ValueError, TypeError):
        return dt.datetime.fromisoformat(read_record(path)["created_at"])
    return modified_at(path)


def modified_at(path: Path) -> dt.datetime:
    """Return when a file was written."""
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)


def image_of(
    document: Mapping[str, Any], recipe: Recipe, *, path: Path, recipe_text: str, likeness: bytes
) -> tuple[Job, Generation]:
    """Return an image and its job, with this image's request as the only one.

    Raises:
        RecordError: A value is missing or wrong.

    """
    with _as_record_errors(f"a record of {path}"):
        job = _job(document, recipe)
        return job, _generation(document, job, recipe, path, recipe_text, likeness)


def _job(document: Mapping[str, Any], recipe: Recipe) -> Job:
    parent_id = document["parent_id"]
    return Job(
        id=str(document["job_id"]),
        requests=(recipe.request,),
        origin=JobSource(
            guild_id=document["guild_id"],
            channel_id=int(document["channel_id"]),
            user_id=int(document["user_id"]),
            user_name=str(document["user_name"]),
            locale=str(document["locale"]),
            application_id=int(document["application_id"]),
            token=None,
            expires_at=dt.datetime.fromisoformat(document["expires_at"]),
        ),
        relation=document["job_relation"],
        spoiler=bool(document["spoiler"]),
        created_at=dt.datetime.fromisoformat(document["job_created_at"]),
        parents=() if parent_id is None else (str(parent_id),),
        state=_state_of(document),
        message_id=document["message_id"],
        axis=None if document["axis"] is None else Axis(document["axis"]),
        batch=batch_of(document.get("batch")),  # records of earlier versions have none
    )


def _generation(
    document: Mapping[str, Any],
    job: Job,
    recipe: Recipe,
    path: Path,
    recipe_text: str,
    likeness: bytes,
) -> Generation:
    safety = document.get("safety")  # records of earlier versions have none
    return Generation(
        id=str(document["id"]),
        job_id=job.id,
        index=int(document["position"]),
        request=recipe.request,
        path=path,
        pixel_sha256=recipe.pixel_sha256,
        conditions=recipe.conditions,
        durations_s={str(k): float(v) for k, v in document["durations"].items()},
        user_id=job.origin.user_id,
        guild_id=job.origin.guild_id,
        parent_id=document["parent_id"],
        created_at=dt.datetime.fromisoformat(document["created_at"]),
        relation=document["relation"],
        channel_id=job.origin.channel_id,
        message_id=document["message_id"],
        recipe_text=recipe_text,
        likeness=likeness,
        score=None if safety is None else PictureScore.from_json(safety),
        is_withheld=bool(document.get("is_withheld", False)),
    )


def _state_of(document: Mapping[str, Any]) -> JobState:
    """Return the state that makes the next start post a job, if it is recent and was not posted.

    The start searches the channel for it first. The requester of an older job has been told that
    it could not be posted, and that of one that is withheld, why.
    """
    if document.get("is_withheld", False):
        return JobState.POSTED
    age = now() - dt.datetime.fromisoformat(document["created_at"])
    is_open = not document["is_posted"] and age < _POSTED_WITHIN
    return JobState.MADE if is_open else JobState.POSTED


def image_document(
    job: Job,
    generation: Generation,
    messages: Sequence[ImageMessage],
    deletion: Deletion | None,
) -> bytes:
    """Return the record of an image; see `Records.write_image`."""
    origin = job.origin
    document: dict[str, object] = {
        "version": _VERSION,
        "id": generation.id,
        "job_id": generation.job_id,
        "position": generation.index,
        "relation": generation.relation,
        "parent_id": generation.parent_id,
        "user_id": origin.user_id,
        "user_name": origin.user_name,
        "guild_id": origin.guild_id,
        "channel_id": origin.channel_id,
        "message_id": generation.message_id,
        "is_posted": job.state is JobState.POSTED,
        "locale": origin.locale,
        "application_id": origin.application_id,
        "expires_at": origin.expires_at.isoformat(),
        "spoiler": job.spoiler,
        "axis": job.axis,
        "batch": None if job.batch is None else job.batch.to_json(),
        "job_relation": job.relation,
        "job_created_at": job.created_at.isoformat(),
        "created_at": generation.created_at.isoformat(),
        "durations": dict(generation.durations_s),
        "safety": None if generation.score is None else generation.score.to_json(),
        "is_withheld": generation.is_withheld,
    }
    document["copies"] = [
        [each.channel_id, each.message_id]
        for each in messages
        if each.message_id != generation.message_id
    ]
    if deletion is not None:
        document["deletion"] = {
            "user_id": deletion.user_id,
            "locale": deletion.locale,
            "created_at": deletion.created_at.isoformat(),
        }
    return _encoded(document)


def item_document(board: Board, item: Item, place: int) -> bytes:
    """Return the record of a picture on a board."""
    row = dict(zip(ITEM_COLUMNS, item_values(item, place), strict=True))
    row["likeness"] = item.likeness.hex()
    return _encoded(
        {
            "version": _VERSION,
            "board": dict(zip(BOARD_COLUMNS, board_values(board), strict=True)),
            "item": row,
        }
    )


def _encoded(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"
