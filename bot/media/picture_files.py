"""The files of pictures that are kept here, written whole, and read so that damage is noticed.

An image's file is named for its pixels, a board's copy for its bytes: either name proves what is
inside, so nothing else has to be asked.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

from PIL import Image

from bot.errors import DamagedPictureError

IMAGE_NAME: Final = re.compile(r"[0-9a-f]{64}\.png")
COPY_NAME: Final = re.compile(r"[0-9a-f]{64}\.[a-z]{3,4}")
_TEMPORARY_NAME: Final = re.compile(r"\.[a-z0-9_]{8}\.part")  # as `tempfile` draws them
_DECODING_ERRORS: Final = (
    OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError,
)  # fmt: skip


class FileState(StrEnum):
    """What became of a file that was written once."""

    WHOLE = "whole"
    MISSING = "missing"
    DAMAGED = "damaged"


def read_image(path: Path) -> bytes:
    """Read an image of this bot; its pixels are those that its file is named for.

    Raises:
        DamagedPictureError: The file is gone, cannot be read, or has other pixels.

    """
    content = _read(path)
    if pixel_sha256_of(content) != path.stem:
        raise damaged(path)
    return content


def read_pixels(path: Path) -> Image.Image:
    """Return the pixels of an image of this bot (RGB); raises as `read_image` does."""
    content = _read(path)
    with contextlib.suppress(*_DECODING_ERRORS), _opened(content) as image:
        pixels = image.convert("RGB")
        if hashlib.sha256(pixels.tobytes()).hexdigest() == path.stem:
            return pixels
    raise damaged(path)


def read_copy(path: Path) -> bytes:
    """Read a board's copy of a picture; its bytes are those that its file is named for.

    Raises:
        DamagedPictureError: The file is gone, cannot be read, or has other bytes.

    """
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != path.stem:
        raise damaged(path)
    return content


def image_state(path: Path) -> FileState:
    """Tell whether an image's file is whole; it is decoded for that."""
    try:
        read_image(path)
    except DamagedPictureError as error:
        return FileState.MISSING if error.is_missing else FileState.DAMAGED
    return FileState.WHOLE


def copy_state(path: Path) -> FileState:
    """Tell whether a board's copy is whole; its bytes are hashed for that."""
    try:
        read_copy(path)
    except DamagedPictureError as error:
        return FileState.MISSING if error.is_missing else FileState.DAMAGED
    return FileState.WHOLE


def pixel_sha256_of(content: bytes) -> str | None:
    """Return the SHA-256 of an RGB picture's pixels; None where they cannot be decoded."""
    try:
        with _opened(content) as image:
            return hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()
    except _DECODING_ERRORS:
        return None


@contextlib.contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    with warnings.catch_warnings(), Image.open(io.BytesIO(content)) as image:
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield image


def write_once(
    path: Path, content: bytes, *, is_whole: Callable[[Path], bool] | None = None
) -> None:
    """Write a file whole or not at all.

    Args:
        path: Of the file.
        content: Its bytes.
        is_whole: Whether a file that is there already holds what it should; by default, whether it
            has these bytes. A whole one stays, a damaged one is replaced.

    Raises:
        OSError: The disk is full or cannot be written.

    """
    if path.exists() and (path.read_bytes() == content if is_whole is None else is_whole(path)):
        return
    write_whole(path, content, is_durable=True)
    _keep_names(path.parent)
    _keep_names(path.parent.parent)


def write_whole(path: Path, content: bytes, *, is_durable: bool = False) -> None:
    """Write a file whole or not at all; a durable one outlives a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()


def _keep_names(folder: Path) -> None:
    """Make the names in a folder survive a power cut, as its files do."""
    if os.name == "nt":
        return  # Windows cannot open folders
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_temporary(path: Path) -> bool:
    """Tell whether a file is one that a write of this program, which was killed, left behind."""
    return _TEMPORARY_NAME.fullmatch(path.name) is not None


def damaged(path: Path) -> DamagedPictureError:
    """Return the error of a file whose contents are not the ones that were kept."""
    return DamagedPictureError(
        f"The file {path} is damaged: its contents are not the ones that were kept.",
        is_missing=False,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DamagedPictureError(f"The file {path} is gone.", is_missing=True) from error
    except OSError as error:
        raise DamagedPictureError(
            f"The file {path} cannot be read: {error.strerror or error}.", is_missing=False
        ) from error
