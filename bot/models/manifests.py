"""Lists of checksums, as `md5sum` and other programs write them."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Final

from bot.errors import ModelFilesError

MANIFEST_NAME: Final = "manifest.md5"
_LINE: Final = re.compile(r"([0-9a-fA-F]{32})[ \t]+\*?(?:\./)?(\S.*)")


def read_manifest(path: Path) -> dict[str, str]:
    """Read lines of `MD5  relative/path` into path -> MD5; `#` begins a comment.

    Takes what Windows makes of such a file: a byte order mark, UTF-16, CRLF, backslashes.

    Raises:
        ModelFilesError: It is no text, or a line is none of these.

    """
    try:
        content = path.read_bytes()
        is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        lines = content.decode("utf-16" if is_utf16 else "utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise ModelFilesError(f"The manifest {path} cannot be read: {error}.") from error
    manifest = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise ModelFilesError(
                f"The manifest {path} cannot be read: line {number}, {text[:60]!r}, is not an MD5 "
                "and a path as `md5sum` writes them."
            )
        manifest[match[2].replace("\\", "/")] = match[1].lower()
    return manifest
