"""Records: small JSON files that keep what a picture's own file must not say.

A PNG of this bot is posted, so it holds its recipe, but not who asked for it, where, or its id
here. Its record, under `records/`, holds just that: picture and record together are enough to
restore a row. When an image is deleted, its record first notes the deletion and the messages that
have to go, and is itself deleted last, after the picture: a deleted image neither comes back nor
is left half deleted.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from bot.domain.boards import Board, Item
from bot.domain.jobs import Generation, ImageMessage, Job
from bot.media.picture_files import write_once
from bot.storage.deletions import Deletion
from bot.storage.record_documents import Place, image_document, item_document

_NAME: Final = re.compile(r"([0-9a-f]{64})\.([a-z0-9]+)-(\d+)\.json")
_ITEM_NAME: Final = re.compile(r"([a-z0-9]+)\.json")


class Records:
    """The records of a data folder.

    Attributes:
        lock: Held from reading an image's rows to writing its record, so that an older state
            cannot replace a newer one.

    """

    def __init__(self, data: Path) -> None:
        """Use the folder `records` of a data folder; it is created when needed."""
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
        """Write or replace the record of an image; not for the event loop.

        One that a moderator has to see first comes back withheld, if the database is lost.

        Args:
            job: The image's job.
            generation: The image.
            messages: All messages that show it.
            deletion: The image's deletion, while it is under way.

        Raises:
            OSError: It cannot be written.

        """
        if job.is_held:
            generation = replace(generation, is_withheld=True)
        write_once(self.path_of(generation), image_document(job, generation, messages, deletion))

    def write_item(self, board: Board, item: Item, *, place: int = 0) -> None:
        """Write or replace the record of a picture on a board; not for the event loop."""
        write_once(self.item_path(item.id), item_document(board, item, place))

    def delete_items(self, item_ids: Iterable[str]) -> None:
        """Delete the records of pictures that were taken off for good."""
        for item_id in item_ids:
            self.item_path(item_id).unlink(missing_ok=True)


def place_of(path: Path) -> tuple[str, Place] | None:
    """Return the pixels' SHA-256 and the place in a record's name; None for other files."""
    match = _NAME.fullmatch(path.name)
    return None if match is None else (match[1], (match[2], int(match[3])))


def item_id_of(path: Path) -> str | None:
    """Return the id of a picture on a board in a record's name; None for other files."""
    match = _ITEM_NAME.fullmatch(path.name)
    return None if match is None else match[1]
