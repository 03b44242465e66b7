"""The steps of a restoration, in a new database that takes the old one's place in the end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from bot.domain.jobs import Generation, Job
from bot.domain.viewers import NO_CHANNEL
from bot.errors import InvalidRequestError
from bot.services.restoration.board_items import BoardItems
from bot.services.restoration.inventory import Files, UnprovenFileError, read_image_row
from bot.services.restoration.options import RestoreOptions
from bot.services.restoration.report import RestoreReport
from bot.services.restoration.sources import DATABASE, bring_back, choose, move_aside
from bot.storage import Store
from bot.storage.backups import copy_database
from bot.storage.quarantine import Quarantine
from bot.storage.record_documents import (
    Place,
    RecordError,
    Visibility,
    modified_at,
    read_record,
    time_of,
    visibility_of,
)
from bot.storage.restoration import NOBODY, Restoration

_AT_ONCE: Final = 50  # images a transaction

_T = TypeVar("_T")
Progress = Callable[[int, int], None]  # done, of how many pictures
Candidate = tuple[str, Path | None]  # the SHA-256 of the pixels, and the record


async def restore(
    data: Path, options: RestoreOptions, *, quarantine_days: int, progress: Progress
) -> RestoreReport:
    """Put the best database in place, with a row for every file that it does not know.

    All work is done in a new database; the old one is moved aside only in the end, so that an
    interruption leaves everything as it was. Nobody else may use the folder meanwhile.

    Raises:
        BotError: There is nothing to restore, or the copy that was named is damaged.

    """
    files = await asyncio.to_thread(Files.found, data, Quarantine(data, days=quarantine_days))
    report = await asyncio.to_thread(choose, data, options)
    if report.source is None and files.are_none:
        raise InvalidRequestError(
            f"There is nothing to restore in {data}: neither a good database or copy of ours nor a "
            "picture; a copy of your own can be named."
        )
    with tempfile.TemporaryDirectory(
        prefix=".restore-", dir=None if options.is_dry else data
    ) as folder:
        new = Path(folder) / DATABASE
        if report.source is not None:
            await asyncio.to_thread(copy_database, report.source, new, alone=report.is_alone)
        work = _Procedure(data, new, files, options, report, quarantine_days)
        await work.make_rows(progress)
        if not options.is_dry:
            await asyncio.to_thread(work.put_in_place)
    return report


class _Procedure:
    """One restoration that is under way."""

    def __init__(
        self,
        data: Path,
        new: Path,
        files: Files,
        options: RestoreOptions,
        report: RestoreReport,
        quarantine_days: int,
    ) -> None:
        self._data = data
        self._new = new
        self._files = files
        self._options = options
        self._report = report
        self._store = Store(new, images=data / "images", quarantine_days=quarantine_days, data=data)
        self._rows = Restoration(self._store)
        self._alone: list[tuple[Job, Generation]] = []  # their records are written in the end
        self._needed: list[Path] = []  # files that rows name

    async def make_rows(self, progress: Progress) -> None:
        """Bring the new database to the state of the files."""
        async with self._store:
            unfinished = await self._rows.unfinished()
            by_job = await asyncio.to_thread(self._records_of, set(unfinished))
            torn = {
                job_id
                for job_id, records in by_job.items()
                if sum(each["has_file"] for each in records) < unfinished[job_id]
                and not any(_is_posted(each) for each in records)
            }
            await self._add_images(await self._candidates(torn), progress)
            if self._options.guild_id is not None or self._options.user_id is not None:
                given = await self._rows.give(self._options.guild_id, self._options.user_id)
                self._report.given = len(given)
                self._alone += given
            await self._note_records()
            await self._settle_images()
            await self._settle_sources()
            await self._settle_jobs(unfinished, by_job, torn)
            items = BoardItems(self._rows.boards, self._files, self._report)
            await items.add()
            self._needed += await items.settle()

    # Images

    async def _candidates(self, torn: set[str]) -> list[Candidate]:
        """Return the pictures that have no row, oldest first.

        Args:
            torn: Jobs that were killed while their images were written; they are left out, as
                they are drawn again.

        """
        found: list[tuple[Any, Candidate]] = []
        for sha, path in self._files.images.items():
            known = await self._store.generations.places(sha)
            records = self._files.records.get(sha, {})
            new = [place for place in records if place not in known and place[0] not in torn]
            found += [(time_of(records[place]), (sha, records[place])) for place in new]
            if not known and not records:
                found.append((modified_at(path), (sha, None)))
        return [candidate for _, candidate in sorted(found, key=lambda each: each[0])]

    async def _add_images(self, candidates: list[Candidate], progress: Progress) -> None:
        done = 0
        for batch in _batches(candidates):
            images = await asyncio.to_thread(self._read_all, batch)
            added = await self._rows.add_images(images)
            self._report.images += len(added)
            self._report.unknown += sum(image.user_id == NOBODY for _, image in added)
            self._alone += [each for each in added if each[1].channel_id == NO_CHANNEL]
            done += len(batch)
            progress(done, len(candidates))

    def _read_all(self, candidates: list[Candidate]) -> list[tuple[Job, Generation]]:
        """Return the images whose files prove what they are."""
        return [found for each in candidates if (found := self._read(each)) is not None]

    def _read(self, candidate: Candidate) -> tuple[Job, Generation] | None:
        sha, record = candidate
        path = self._files.images[sha]
        place = self._store.image_path(sha)
        try:
            try:
                return read_image_row(path, record, self._options, place=place)
            except RecordError as error:
                self._report.damaged_records.append(str(error))
                return read_image_row(path, None, self._options, place=place)
        except UnprovenFileError as error:
            self._report.unproven.append((path, str(error)))
            return None

    async def _note_records(self) -> None:
        """Write down which messages show images, and take up deletions that were under way."""
        found = (each for records in self._files.records.values() for each in records.items())
        for batch in _batches(found):
            read = await asyncio.to_thread(self._visibilities, batch)
            moved, deletions = await self._rows.note(read, is_current=self._report.is_current)
            self._report.moved += moved
            self._report.deletions += deletions

    def _visibilities(self, records: Sequence[tuple[Place, Path]]) -> list[Visibility]:
        """Return where images are shown; a damaged record tells nothing."""
        found = []
        for place, path in records:
            with contextlib.suppress(RecordError):
                found.append(visibility_of(place, path))
        return found

    async def _settle_images(self) -> None:
        """Mark images that were deleted after the copy was made, and report lost ones."""
        deleted: list[str] = []
        alone = {image.id for _, image in self._alone}  # their records are written in the end
        for sha in await self._rows.live_pixels():
            records = self._files.records.get(sha, {})
            if sha in self._files.images:
                self._needed.append(self._files.images[sha])
            for row in await self._rows.live_images(sha):
                place = row["job_id"], row["position"]
                has_record = place in records
                if has_record:
                    self._needed.append(records[place])
                if sha in self._files.images:
                    # Other images with these pixels have a record; this one's was deleted.
                    if records and row["has_record"] and not has_record and row["id"] not in alone:
                        deleted.append(row["id"])
                elif has_record or "images" not in self._files.kept:
                    self._report.lost.append(row["id"])
                else:
                    deleted.append(row["id"])
        await self._rows.mark_deleted(deleted)
        self._report.deleted = len(deleted)

    async def _settle_sources(self) -> None:
        """Have the pictures that images are made from brought back from the quarantine."""
        needed, _ = await self._store.sources.needed("")
        for path in map(self._store.sources.path, sorted(needed)):
            if not path.is_file():
                moved = self._store.quarantine.found(path)
                self._needed += [each for each in moved if each.name == path.name][:1]

    # Jobs

    def _records_of(self, job_ids: set[str]) -> dict[str, list[dict[str, Any]]]:
        """Return the records of some jobs' images, each with whether its file is there."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for sha, records in self._files.records.items():
            for (job_id, _), path in records.items():
                if job_id in job_ids:
                    try:
                        record = read_record(path)
                    except RecordError:
                        record = {}
                    found[job_id].append({**record, "has_file": sha in self._files.images})
        return found

    async def _settle_jobs(
        self,
        unfinished: dict[str, int],
        by_job: dict[str, list[dict[str, Any]]],
        torn: set[str],
    ) -> None:
        """Keep jobs that ended after the copy was made from being drawn or posted again."""
        posted = {
            job_id: each.get("message_id")
            for job_id, records in by_job.items()
            for each in records
            if _is_posted(each)
        }
        made = by_job.keys() - posted.keys() - torn
        await self._rows.set_ended(posted, made)
        self._report.ended = len(posted) + sum(unfinished[job_id] > 0 for job_id in made)
        if self._report.is_current and not self._report.images:
            return
        await self._rows.distrust_messages()
        report = self._report
        if report.images or report.deleted or report.deletions:  # the bot went on after the copy
            lost = [id_ for id_, num in unfinished.items() if num and id_ not in by_job]
            await self._rows.give_up(lost)
            self._report.given_up = len(lost)

    # In the end

    def put_in_place(self) -> None:
        """Bring files back from quarantine, and replace the old database, which is moved aside."""
        for job, generation in self._alone:
            self._store.records.write_image(job, generation)
        unproven = {path for path, _ in self._report.unproven}
        self._store.quarantine.move(
            path for path in unproven if path.is_relative_to(self._data / "images")
        )
        bring_back(self._data, self._store.quarantine.folder, self._needed)
        if not self._report.changes_rows:
            return
        self._report.set_aside = move_aside(self._data)
        self._new.replace(self._data / DATABASE)


def _is_posted(record: dict[str, Any]) -> bool:
    """Tell whether an image was posted; a message id alone may be that of a promised answer."""
    return bool(record.get("is_posted"))


def _batches(found: Iterable[_T]) -> Iterator[list[_T]]:
    left = iter(found)
    while batch := list(itertools.islice(left, _AT_ONCE)):
        yield batch
