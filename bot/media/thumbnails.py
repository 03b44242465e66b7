"""Small copies of a board's pictures, kept in a folder: each picture is decoded once.

A copy is named after the picture's pixels and its size, so it is never out of date, and two boards
share it. Sizes are few (each one and a half times the one before), so a picture that moves to a
row of another height needs no new copy.
"""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from PIL import Image, ImageFilter

from bot.domain.boards import Item
from bot.errors import BotError
from bot.locales import text
from bot.media.decoding import decode, open_picture
from bot.media.picture_files import FileState, copy_state, is_temporary, write_whole

logger = logging.getLogger(__name__)

SIDES: Final = (256, 384, 576, 864, 1296, 1944, 2916)  # pixels, of a copy's longer side
_QUALITY: Final = 90  # of JPEG, colours unreduced: type and flat art stay clean
_BLURRED_SIDE: Final = 7  # pixels: so few that nothing can be recognised
_GROUND: Final = "white"  # behind transparency
_UNFINISHED_S: Final = 3600.0  # a copy takes a second to write: one so old is of a killed process


class ExportStoppedError(BotError):
    """Whoever wanted an export wants it no more."""


class PictureCache:
    """Small copies in a folder; any number of threads and processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; it is made when the first copy is."""
        self._folder = folder
        self._known: dict[Path, tuple[tuple[int, ...], FileState]] = {}
        self._stop: threading.Event | None = None

    def until(self, stop: threading.Event) -> Self:
        """Return the same cache for an export that ends at its next picture once `stop` is set."""
        own = copy(self)
        own._stop = stop  # noqa: SLF001 - of this class
        return own

    def state_of(self, item: Item) -> FileState:
        """Tell whether the picture's file is whole; it is read once, and again if it changed.

        Raises:
            ExportStoppedError: See `until`.

        """
        if self._stop is not None and self._stop.is_set():
            raise ExportStoppedError("The export was stopped.")
        try:
            found = item.path.stat()
        except OSError:
            return FileState.MISSING
        stamp = (found.st_size, found.st_mtime_ns, found.st_ino)
        known = self._known.get(item.path)
        if known is None or known[0] != stamp:
            known = self._known[item.path] = (stamp, copy_state(item.path))
        return known[1]

    def look_again(self) -> None:
        """Have every file read anew: a disk may rot without a trace."""
        self._known.clear()

    def copy_of(self, item: Item, *, side: int) -> Path | None:
        """Return a JPEG of the picture, its longer side about `side` pixels or its own.

        None where the picture's file is gone or damaged, even if there is an earlier copy.
        """
        if self.state_of(item) is not FileState.WHOLE:
            return None
        step = next((each for each in SIDES if each >= side), SIDES[-1])
        path = self._folder / item.pixel_sha256[:2] / f"{item.pixel_sha256}-{step}.jpg"
        if path.exists():
            return path
        picture = opened(item, side=step)
        if picture is None:
            return None
        picture.thumbnail((step, step), Image.Resampling.LANCZOS, reducing_gap=3.0)
        write_whole(path, jpeg(picture))
        return path

    def shown_copy(self, item: Item, *, side: int) -> Path | None:
        """Return a JPEG of what may be seen at once: of a spoiler only its colours."""
        if not item.is_spoiler:
            return self.copy_of(item, side=side)
        path = self._folder / item.pixel_sha256[:2] / f"{item.pixel_sha256}-blurred.jpg"
        if not path.exists():
            small = min(SIDES[0], max(item.width, item.height))
            scale = small / max(item.width, item.height)
            size = (max(1, round(item.width * scale)), max(1, round(item.height * scale)))
            picture = self.picture(item, width=size[0], height=size[1])
            if picture is None:
                return None
            write_whole(path, jpeg(picture))
        return path

    def picture(self, item: Item, *, width: int, height: int) -> Image.Image | None:
        """Return the picture in a size; a spoiler blurred; None where its file is gone."""
        path = self.copy_of(item, side=max(width, height))
        if path is None:
            return None
        with Image.open(path) as copy:
            copy.draft("RGB", (width, height))
            exact = copy.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        return blurred(exact) if item.is_spoiler else exact

    def kept_sheet(self, digest: str, draw: Callable[[], bytes]) -> Path:
        """Return the file of a sheet, drawn only if it is not there."""
        path = self._folder / "sheets" / f"{digest}.jpg"
        if not path.exists():
            write_whole(path, draw())
        return path

    def sweep(self, kept: Collection[str]) -> int:
        """Remove the copies of pictures whose hashes are not `kept`, and all sheets.

        Sheets are drawn again when they are wanted. How many files are removed is returned.
        """
        wanted = frozenset(kept)
        copies = self._folder.glob("??/*.jpg")
        gone = [path for path in copies if path.name.split("-")[0] not in wanted]
        gone += self._folder.glob("sheets/*.jpg")
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def sweep_unfinished(self) -> None:
        """Remove what a killed process had half written."""
        oldest = time.time() - _UNFINISHED_S
        for path in self._folder.glob("*/.*.part"):
            with suppress(FileNotFoundError):  # another process may be at it
                if is_temporary(path) and path.stat().st_mtime < oldest:
                    path.unlink()


@dataclass(frozen=True, kw_only=True)
class Copies:
    """The copies of pictures that an export shows, in one size; `side` in pixels."""

    pictures: PictureCache
    side: int

    def of(self, item: Item) -> Path | None:
        """Return the JPEG of a picture, a spoiler's too."""
        return self.pictures.copy_of(item, side=self.side)

    def damage(self, item: Item, locale: str) -> str:
        """Return what is said in the place of a picture that is missing or damaged."""
        return damage_words(self.pictures.state_of(item), locale)

    def shown(self, item: Item) -> Path | None:
        """Return the JPEG of what may be seen of a picture at once."""
        return self.pictures.shown_copy(item, side=self.side)


def damage_words(state: FileState, locale: str) -> str:
    """Return what is said of a picture whose file cannot be shown."""
    is_missing = state is FileState.MISSING
    return text("exhibit_missing" if is_missing else "exhibit_damaged", locale)


def blurred(picture: Image.Image) -> Image.Image:
    """Return a picture of which only the colours can be told."""
    scale = _BLURRED_SIDE / max(picture.size)
    tiny = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))),
        Image.Resampling.BOX,
    )
    smooth = tiny.resize(picture.size, Image.Resampling.BICUBIC)
    return smooth.filter(ImageFilter.GaussianBlur(max(picture.size) / 24))


def opened(item: Item, *, side: int | None = None) -> Image.Image | None:
    """Return the pixels of a picture's file, or None where it is gone or broken.

    Args:
        item: The picture; its file was looked at when it was handed in.
        side: In pixels; a JPEG is unpacked no larger than this needs.

    """
    try:
        return decode(open_picture(item.path.read_bytes()), ground=_GROUND, side=side).image
    except Exception as error:  # noqa: BLE001 - decoders raise whatever a damaged file makes them
        logger.info("The picture %s cannot be decoded: %r", item.id, error)
        return None


def jpeg(picture: Image.Image, *, quality: int = _QUALITY) -> bytes:
    """Return a JPEG with unreduced colours."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()
