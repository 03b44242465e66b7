"""What the files of pictures do not tell, written down beside the database.

A PNG of this bot holds its recipe, but not who asked for it, where, and what it is called here: it
is posted, and that is nobody's business. A record is a small JSON file under `records/` with just
this. With it, a row can be made again from files alone. From the moment in which its image is
deleted it says that, and which messages have to go; it goes behind the picture, as the last of all,
so what is deleted neither comes back nor is forgotten half-way.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.domain.boards import Board, Item
from bot.domain.jobs import Generation, ImageMessage, Job, JobSource, JobState, now
from bot.domain.recipe import Recipe
from bot.domain.requests import Axis
from bot.media.picture_files import write_once
from bot.storage.boards.rows import BOARD_COLUMNS, ITEM_COLUMNS, board_values, item_values
from bot.storage.deletions import Deletion

_VERSION: Final = 1
_POSTED_WITHIN: Final = dt.timedelta(days=1)
_NAME: Final = re.compile(r"([0-9a-f]{64})\.([a-z0-9]+)-(\d+)\.json")
_ITEM_NAME: Final = re.compile(r"([a-z0-9]+)\.json")

Place = tuple[str, int]  # the id of a job, and which of its images


class RecordError(ValueError):
    """A record cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Visibility:
    """Where an image is shown, as its record tells.

    Attributes:
        message: The one that answers its job.
        copies: The others.
        deletion: Where the image is on its way out.

    """

    place: Place
    message: ImageMessage | None
    copies: tuple[ImageMessage, ...]
    deletion: Deletion | None

    @property
    def messages(self) -> tuple[ImageMessage, ...]:
        """Return all messages that show it."""
        return self.copies if self.message is None else (self.message, *self.copies)


class Records:
    """The records of a data folder.

    Attributes:
        lock: Held from reading an image's rows to writing its record: an older state must not
            replace a newer one.

    """

    def __init__(self, data: Path) -> None:
        """Use the folder `records` of a data folder; it is made when it is needed."""
        self.images = data / "records" / "images"
        self.boards = data / "records" / "boards"
        self.lock = asyncio.Lock()

    def image_path(self, pixel_sha256: str, place: Place) -> Path:
        """Return where the record of an image is, or would be."""
        job_id, index = place
        return self.images / pixel_sha256[:2] / f"{pixel_sha256}.{job_id}-{index}.json"

    def path_of(self, generation: Generation) -> Path:
        """Return where the record of an image is, or would be."""
        return self.image_path(generation.pixel_sha256, (generation.job_id, generation.index))

    def item_path(self, item_id: str) -> Path:
        """Return where the record of a picture on a board is, or would be."""
        return self.boards / f"{item_id}.json"

    def write_image(
        self,
        job: Job,
        generation: Generation,
        *,
        messages: Sequence[ImageMessage] = (),
        deletion: Deletion | None = None,
    ) -> None:
        """Write the record of an image, or write it anew; not for the event loop.

        Args:
            job: What it was asked for with.
            generation: The image.
            messages: Which show it.
            deletion: Of the image, until that has come to its end.

        Raises:
            OSError: It cannot be written.

        """
        document = _image_document(job, generation)
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
        write_once(self.path_of(generation), _encoded(document))

    def write_item(self, board: Board, item: Item, *, place: int = 0) -> None:
        """Write the record of a picture on a board; the same as above."""
        row = dict(zip(ITEM_COLUMNS, item_values(item, place), strict=True))
        row["likeness"] = item.likeness.hex()
        document = {
            "version": _VERSION,
            "board": dict(zip(BOARD_COLUMNS, board_values(board), strict=True)),
            "item": row,
        }
        write_once(self.item_path(item.id), _encoded(document))

    def delete_items(self, item_ids: Iterable[str]) -> None:
        """Delete the records of pictures that were taken off for good."""
        for item_id in item_ids:
            self.item_path(item_id).unlink(missing_ok=True)


def place_of(path: Path) -> tuple[str, Place] | None:
    """Return the pixels' SHA-256 and the place that a record's name tells; None of other files."""
    match = _NAME.fullmatch(path.name)
    return None if match is None else (match[1], (match[2], int(match[3])))


def item_id_of(path: Path) -> str | None:
    """Return the id of a picture on a board that a record's name tells; None of other files."""
    match = _ITEM_NAME.fullmatch(path.name)
    return None if match is None else match[1]


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
    """Return where an image is shown; records of earlier versions tell of one message only.

    Raises:
        RecordError: The record cannot be read, or holds what cannot be meant.

    """
    document = read_record(path)
    try:
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
    except (KeyError, ValueError, TypeError) as error:
        raise RecordError(f"the record {path} holds what cannot be meant ({error!r})") from error


def _deletion(generation_id: str, found: Mapping[str, Any]) -> Deletion:
    return Deletion(
        generation_id=generation_id,
        user_id=int(found["user_id"]),
        locale=str(found["locale"]),
        created_at=dt.datetime.fromisoformat(found["created_at"]),
    )


def time_of(path: Path) -> dt.datetime:
    """Return when the image of a record was made; of a damaged record, when that was written."""
    with contextlib.suppress(RecordError, KeyError, ValueError, TypeError):
        return dt.datetime.fromisoformat(read_record(path)["created_at"])
    return modified_at(path)


def modified_at(path: Path) -> dt.datetime:
    """Return when a file was written."""
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)


def image_of(
    document: Mapping[str, Any], recipe: Recipe, *, path: Path, recipe_text: str, likeness: bytes
) -> tuple[Job, Generation]:
    """Return an image and its job, which has this one request only.

    Raises:
        RecordError: The record lacks something.

    """
    try:
        return _image_of(document, recipe, path=path, recipe_text=recipe_text, likeness=likeness)
    except (KeyError, ValueError, TypeError) as error:
        raise RecordError(f"a record of {path} holds what cannot be meant ({error!r})") from error


def _image_of(
    document: Mapping[str, Any], recipe: Recipe, *, path: Path, recipe_text: str, likeness: bytes
) -> tuple[Job, Generation]:
    message_id, parent_id = document["message_id"], document["parent_id"]
    origin = JobSource(
        guild_id=document["guild_id"],
        channel_id=int(document["channel_id"]),
        user_id=int(document["user_id"]),
        user_name=str(document["user_name"]),
        locale=str(document["locale"]),
        application_id=int(document["application_id"]),
        token=None,
        expires_at=dt.datetime.fromisoformat(document["expires_at"]),
    )
    job = Job(
        id=str(document["job_id"]),
        requests=(recipe.request,),
        origin=origin,
        relation=document["job_relation"],
        spoiler=bool(document["spoiler"]),
        created_at=dt.datetime.fromisoformat(document["job_created_at"]),
        parents=() if parent_id is None else (str(parent_id),),
        state=_state_of(document),
        message_id=message_id,
        axis=None if document["axis"] is None else Axis(document["axis"]),
    )
    generation = Generation(
        id=str(document["id"]),
        job_id=job.id,
        index=int(document["position"]),
        request=recipe.request,
        path=path,
        pixel_sha256=recipe.pixel_sha256,
        conditions=recipe.conditions,
        durations_s={str(k): float(v) for k, v in document["durations"].items()},
        user_id=origin.user_id,
        guild_id=origin.guild_id,
        parent_id=parent_id,
        created_at=dt.datetime.fromisoformat(document["created_at"]),
        relation=document["relation"],
        channel_id=origin.channel_id,
        message_id=message_id,
        recipe_text=recipe_text,
        likeness=likeness,
    )
    return job, generation


def _state_of(document: Mapping[str, Any]) -> JobState:
    """Tell whether the next start has to post a job: one of today that is not known to be posted.

    It is looked for in its channel before. An older one could not be posted and was told so.
    """
    age = now() - dt.datetime.fromisoformat(document["created_at"])
    is_open = not document["is_posted"] and age < _POSTED_WITHIN
    return JobState.MADE if is_open else JobState.POSTED


def _image_document(job: Job, generation: Generation) -> dict[str, object]:
    origin = job.origin
    return {
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
        "job_relation": job.relation,
        "job_created_at": job.created_at.isoformat(),
        "created_at": generation.created_at.isoformat(),
        "durations": dict(generation.durations_s),
    }


def _encoded(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"
