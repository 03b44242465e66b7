"""Somebody's copy of their data: zip files that fit the place they are sent to."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.domain.privacy import OwnPicture, PersonalData
from bot.errors import BotError
from bot.media.encoding import fit_under

DOCUMENT: Final = "data.json"
_ENTRY: Final = 400  # bytes that a file takes in an archive beside its content
_SMALLEST: Final = 4_000  # bytes of a picture that still shows something
_SHARED_OUT: Final = 0.9  # of the room: pictures do not fill archives to the last byte


@dataclass(frozen=True, kw_only=True)
class DataArchive:
    """The files of an archive.

    Attributes:
        num_smaller: Pictures in smaller copies.
        num_left_out: Pictures for which there is no room at all.

    """

    paths: tuple[Path, ...]
    num_smaller: int = 0
    num_left_out: int = 0


def write_archive(
    data: PersonalData,
    folder: Path,
    *,
    limit_bytes: int | None = None,
    most_files: int = 10,
    stop: threading.Event | None = None,
) -> DataArchive:
    """Write somebody's data to zip files; slow, so not on the loop.

    Where the originals do not fit, pictures are in copies as large as there is room for, and where
    that is too little, the oldest are left out.

    Args:
        data: What is known of them.
        folder: For the files; it is made.
        limit_bytes: Of each file; None writes one, however large.
        most_files: How many files there may be.
        stop: Ends the work early, when nobody waits for it any more.

    Raises:
        BotError: The words alone do not fit.

    """
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dict(data.sections), ensure_ascii=False, indent=1).encode()
    writer = _Writer(folder, limit_bytes=limit_bytes, most_files=most_files)
    writer.add(DOCUMENT, text, is_text=True)
    share = None if limit_bytes is None else writer.share(data.pictures)
    num_smaller = num_left_out = 0
    for name, content, is_smaller in _contents(data.pictures, share, stop):
        if writer.add(name, content):
            num_smaller += is_smaller
        else:
            num_left_out += 1
    writer.close()
    return DataArchive(
        paths=tuple(writer.paths), num_smaller=num_smaller, num_left_out=num_left_out
    )


def _contents(
    pictures: Iterable[OwnPicture], share: int | None, stop: threading.Event | None
) -> Iterator[tuple[str, bytes, bool]]:
    """Yield names and bytes of pictures, and whether these are smaller than the original."""
    for picture in pictures:
        if stop is not None and stop.is_set():
            return
        content, suffix = picture.path.read_bytes(), picture.path.suffix
        is_smaller = share is not None and len(content) > share
        if is_smaller and share is not None:
            copy = fit_under(content, limit_bytes=share)
            content, suffix = copy.content, copy.suffix
        yield picture.name + suffix, content, is_smaller


class _Writer:
    """Zip files of a limited size, one after the other."""

    def __init__(self, folder: Path, *, limit_bytes: int | None, most_files: int) -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._most_files = most_files
        self._file: zipfile.ZipFile | None = None
        self.paths: list[Path] = []

    def share(self, pictures: Iterable[OwnPicture]) -> int | None:
        """Return the bytes that each picture may have; None where all originals fit."""
        assert self._limit is not None
        sizes = [each.path.stat().st_size + _ENTRY for each in pictures]
        room = self._limit * self._most_files - self._used()
        if max(sizes, default=0) < self._limit and sum(sizes) < room * _SHARED_OUT:
            return None
        fair = int(room * _SHARED_OUT) // len(sizes) - _ENTRY
        return min(max(_SMALLEST, fair), self._limit - 2 * _ENTRY)

    def add(self, name: str, content: bytes, *, is_text: bool = False) -> bool:
        """Write a file; False where there is no room left for it."""
        if self._file is None or self._is_full(len(content), is_text=is_text):
            if len(self.paths) == self._most_files or self._is_too_large(content, is_text=is_text):
                return False
            self._begin()
        assert self._file is not None
        method = zipfile.ZIP_DEFLATED if is_text else zipfile.ZIP_STORED
        self._file.writestr(name, content, compress_type=method)
        if is_text and self._limit is not None and self._used() > self._limit:
            self.close()
            raise BotError(
                "What is stored about you does not fit into a file that can be sent here: ask "
                "whoever runs this bot for it."
            )
        return True

    def _is_full(self, size: int, *, is_text: bool) -> bool:
        return not is_text and self._limit is not None and self._used() + size > self._limit

    def _is_too_large(self, content: bytes, *, is_text: bool) -> bool:
        too_large = self._limit is not None and len(content) + 2 * _ENTRY > self._limit
        return too_large and not is_text

    def _begin(self) -> None:
        self.close()
        path = self._folder / f"my-data-{len(self.paths) + 1}.zip"
        self.paths.append(path)
        self._file = zipfile.ZipFile(path, "w")

    def _used(self) -> int:
        """Return the bytes of the open file, with what its end will take."""
        if self._file is None or self._file.fp is None:
            return 0
        return self._file.fp.tell() + _ENTRY * (len(self._file.filelist) + 1)

    def close(self) -> None:
        """End the file that is open."""
        if self._file is not None:
            self._file.close()
