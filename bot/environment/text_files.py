"""Text files as editors and shells of all systems write them."""

from __future__ import annotations

import codecs
from typing import Final

# A mark at the beginning makes the encoding certain. UTF-32's begins with that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class NotTextError(ValueError):
    """Say as the end of a sentence why bytes are not text, and what to do."""


def decode(content: bytes) -> str:
    """Decode text by its byte order mark, or as UTF-8 where it has none.

    Raises:
        NotTextError: The bytes are not in that encoding, or hold NUL characters.

    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].decode(encoding, "ignore").count("\n") + 1
        raise NotTextError(f"it is not UTF-8 text (line {line}): save it as UTF-8") from error
    before, nul, _ = text.partition("\0")
    if nul:
        line = before.count("\n") + 1
        raise NotTextError(
            f"it is not UTF-8 text (line {line} holds a NUL character): save it as UTF-8"
        )
    return text
