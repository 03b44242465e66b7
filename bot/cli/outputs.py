"""Where images of the command line go: names from the prompt, folders made, nothing overwritten."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.domain.requests import ImageRequest
from bot.errors import OutputPathError

_MAX_NAME_BYTES: Final = 120  # file systems allow 255; the seed, a number and the ending follow
_MAX_TYPED_BYTES: Final = 220  # of a file's whole name: a number, or a place on a sheet, may follow
_SHOWN: Final = 40  # characters of a name that is too long
_PIXEL_BYTES: Final = 3  # at most, a PNG's own few bytes aside


@dataclass(frozen=True, kw_only=True)
class Target:
    """A place for one file, whose name gets a number if it is taken."""

    folder: Path
    stem: str

    def write(self, content: bytes) -> Path:
        """Write the file whole or not at all, beside what is already there; return its path.

        Raises:
            OutputPathError: The folder cannot be written or the disk is full.

        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".", suffix=".part") as part:
                part.write(content)
                part.flush()
                os.fsync(part.fileno())
                Path(part.name).chmod(0o644)  # a temporary file is private
                return self._link(Path(part.name))
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def _link(self, part: Path) -> Path:
        """Give the finished file the first free name: linking fails where one is taken."""
        number = 1
        while True:
            path = self.folder / f"{self.stem}{'' if number == 1 else f'-{number}'}.png"
            try:
                path.hardlink_to(part)
            except FileExistsError:
                number += 1
            else:
                return path


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The rules of `--output`."""

    root: Path

    def plan(self, output: str | None, requests: Sequence[ImageRequest]) -> list[Target]:
        """Choose a place for every image and check that it can be written.

        Args:
            output: What was typed: a `.png` file, a folder, or nothing.
            requests: The images; several under one file name are numbered.

        Raises:
            OutputPathError: The place cannot be written; nothing was.

        """
        if output is not None and _is_png(output):
            return [self.plan_file(output)] * len(requests)
        targets = [Target(folder=self._folder(output), stem=_stem(each)) for each in requests]
        longest = max(targets, key=lambda target: len(os.fsencode(target.stem)))
        _try(longest, num_bytes=sum(each.size.pixels * _PIXEL_BYTES for each in requests))
        return targets

    def plan_file(self, name: str) -> Target:
        """Choose the place of one `.png` file and check that it can be written."""
        path = self.root / expanded(name)
        if not _is_png(name):
            raise OutputPathError(f"The file {name!r} does not work: its name must end in .png.")
        target = Target(folder=path.parent, stem=path.stem)
        length = len(os.fsencode(path.name))
        if length > _MAX_TYPED_BYTES:
            raise OutputPathError(
                f"The file name {path.name[:_SHOWN]}... has {length} bytes: {_MAX_TYPED_BYTES} are "
                "the limit, which leaves room for a number."
            )
        _try(target)
        if path.is_dir():
            raise OutputPathError(f"{path} is a folder: name a file in it, or another one.")
        return target

    def _folder(self, output: str | None) -> Path:
        return self.root if output is None else self.root / expanded(output)

    def new_folder(self, output: str | None, name: str) -> Path:
        """Make a folder that was not there before, for files that belong together.

        Args:
            output: What was typed: the folder that it lies in, or nothing.
            name: What it is called, with a number if that is taken.

        Raises:
            OutputPathError: It cannot be made.

        """
        parent = self._folder(output)
        _try(Target(folder=parent, stem=name))
        number = 1
        while True:
            folder = parent / f"{name}{'' if number == 1 else f'-{number}'}"
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                number += 1
            except OSError as error:
                raise cannot_write(folder, error) from error
            else:
                return folder


def expanded(name: str) -> Path:
    """Return the path with a `~` at its beginning replaced, where the shell did not do it."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise OutputPathError(f"The output {name!r} does not work: no such user is here.") from None


def _is_png(name: str) -> bool:
    """Tell a file from a folder; an ending of another kind of picture is a mistake."""
    suffix = Path(name).suffix.casefold()
    if suffix in {".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}:
        raise OutputPathError(
            f"The output {name!r} does not work: images are written as .png, which keeps every "
            "pixel and the recipe."
        )
    return suffix == ".png" and not name.endswith(("/", os.sep))


def _try(target: Target, *, num_bytes: int = 0) -> None:
    """Write a file where one is to be later, and take it away again with the folders made for it.

    Args:
        target: The place.
        num_bytes: How much room all the files may take.

    Raises:
        OutputPathError: The system refuses it, for whatever reason it has.

    """
    folder = target.folder
    missing = [each for each in (folder, *folder.parents) if not os.path.exists(each)]  # noqa: PTH110 - no error for a name too long
    existing = [folder, *folder.parents][len(missing)]
    if not existing.is_dir():
        raise OutputPathError(f"The output {folder} cannot be written: {existing} is not a folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{target.stem}", suffix=".part"):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        for each in missing:
            with contextlib.suppress(OSError):
                each.rmdir()
    if free < num_bytes:
        raise OutputPathError(
            f"The output {folder} cannot be written: it may take {num_bytes / 1e6:.0f} MB, and "
            f"{free / 1e6:.0f} MB are free."
        )


def cannot_write(folder: Path, error: OSError) -> OutputPathError:
    """Return the error that a user is shown where files cannot be written to a folder."""
    return OutputPathError(f"The output {folder} cannot be written: {error.strerror or error}.")


def _stem(request: ImageRequest) -> str:
    """Return a file name from the prompt and the seed, in any script: `a-red-apple-42`."""
    return f"{file_words(request.prompt) or 'image'}-{request.seed}"


def file_words(text: str) -> str:
    """Return a text as a part of a file name, in any script: `a-red-apple`; maybe nothing."""
    words = re.sub(r"[^\w]+", "-", text.casefold()).strip("-_")
    return words.encode()[:_MAX_NAME_BYTES].decode(errors="ignore").rstrip("-_")
