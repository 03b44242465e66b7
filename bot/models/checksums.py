"""Checksums of model files, from a manifest or from the links of Hugging Face's cache."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

from bot.models.model_folder import FileProgress, ModelFiles

_CHUNK: Final = 2**20
_BLOB: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NAMES: Final = {32: "MD5", 40: "SHA-1", 64: "SHA-256"}  # by the number of digits


def known_checksum(files: ModelFiles, path: str) -> str | None:
    """Return the checksum that a file must have, where one is known.

    In Hugging Face's cache a file is a link to `blobs/<etag>`, which is the SHA-256 of a large file
    and git's SHA-1 of a small one.
    """
    file = files.path_of(path)
    if path in files.manifest or not file.is_symlink():
        return files.manifest.get(path)
    blob = file.readlink()
    return blob.name if blob.parent.name == "blobs" and _BLOB.fullmatch(blob.name) else None


def checksum_fault(file: Path, path: str, wanted: str, progress: FileProgress | None) -> str | None:
    """Hash a file; return what is wrong with it, if anything is."""
    size, done = file.stat().st_size, 0
    if len(wanted) == 64:  # noqa: PLR2004 - hexadecimal digits
        digest = hashlib.sha256()
    elif len(wanted) == 40:  # noqa: PLR2004
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)  # as git does
    else:
        digest = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(path, done, size)
    return None if digest.hexdigest() == wanted else f"wrong {_NAMES[len(wanted)]}"
