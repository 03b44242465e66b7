"""The chunks of a PNG.

Pillow unpacks texts and colour profiles whole and calls a file that holds a large one broken, so it
is given the chunks of the pixels only, and the rest is read here.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
MAX_TEXT_BYTES: Final = 4_000_000  # of all texts together; a large ComfyUI graph has 1 MB
MAX_PROFILE_BYTES: Final = 4_000_000  # profiles of printing presses have 3 MB
XMP_KEY: Final = "XML:com.adobe.xmp"
_PIXEL_CHUNKS: Final = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_MAX_EXIF_BYTES: Final = 1_000_000
_TEXT_CHUNKS: Final = {b"tEXt", b"zTXt", b"iTXt"}
_ENTRY_BYTES: Final = 100  # what a text takes beside its characters
_MAX_LEFT_OUT: Final = 8  # then no more are unpacked: thousands of them would take minutes
_MAX_RANGES: Final = 1000  # a file of millions of empty chunks would take more than its pixels


@dataclass(kw_only=True)
class PngChunks:
    """What a PNG holds.

    Attributes:
        pixels: A PNG of the chunks that decide the pixels, not copied.
        texts: By their keywords.
        profile: The ICC colour profile.
        exif: As it is, or empty.
        is_animated: Whether there are frames behind the first one.
        has_credentials: Whether there is a C2PA manifest.
        left_out: How many texts were left out because they are too long or damaged.
        has_larger_profile: Whether a colour profile was left out for that.

    """

    pixels: BinaryIO = field(default_factory=io.BytesIO)
    texts: dict[str, str] = field(default_factory=dict)
    profile: bytes | None = None
    exif: bytes = b""
    is_animated: bool = False
    has_credentials: bool = False
    left_out: int = 0
    has_larger_profile: bool = False


def read_png(content: bytes) -> PngChunks:
    """Sort the chunks of a PNG.

    Raises:
        ValueError: Nothing of the pixels is there, or they lie in too many pieces.

    """
    found = PngChunks()
    whole = memoryview(content)
    ranges = [(0, len(SIGNATURE))]
    room = MAX_TEXT_BYTES
    for kind, start, end in _chunks(content):
        body = whole[start + 8 : end - 4]
        if kind in _PIXEL_CHUNKS:
            _extend(ranges, start, end)
        elif kind in _TEXT_CHUNKS and found.left_out < _MAX_LEFT_OUT:
            room -= _read_text(found, kind, bytes(body), room)
        elif kind == b"iCCP" and found.profile is None and not found.has_larger_profile:
            _read_profile(found, body)
        elif kind == b"eXIf" and len(body) <= _MAX_EXIF_BYTES:
            found.exif = bytes(body)
        elif kind == b"acTL":
            found.is_animated = int.from_bytes(body[:4]) > 1
        elif kind == b"caBX":
            found.has_credentials = True
    parts = [whole[start:end] for start, end in ranges]
    found.pixels = io.BufferedReader(_Parts(parts))
    return found


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each chunk and where it begins and ends; the last one may be cut short."""
    at = len(SIGNATURE)
    while at + 8 <= len(content):
        kind = content[at + 4 : at + 8]
        end = min(at + 12 + int.from_bytes(content[at : at + 4]), len(content))
        yield kind, at, end
        if kind == b"IEND":
            return
        at = end


def _extend(ranges: list[tuple[int, int]], start: int, end: int) -> None:
    if ranges[-1][1] == start:
        ranges[-1] = (ranges[-1][0], end)
    elif len(ranges) < _MAX_RANGES:
        ranges.append((start, end))
    else:
        raise ValueError("the pixels lie in too many pieces")


def _read_text(found: PngChunks, kind: bytes, body: bytes, room: int) -> int:
    """Keep a text that fits into `room` bytes; return how many it takes."""
    key, _, rest = body.partition(b"\0")
    text = _text(kind, rest, room)
    if text is None:
        found.left_out += 1
        return 0
    size = len(text) + len(key) + _ENTRY_BYTES
    if size > room:
        found.left_out += 1
        return 0
    found.texts[key.decode("latin-1")] = _decoded(text)
    return size


def _text(kind: bytes, rest: bytes, room: int) -> bytes | None:
    if kind == b"zTXt":
        return unpack(rest[1:], room)
    if kind == b"iTXt":
        is_packed = rest[:1] == b"\1"
        _, _, rest = rest[2:].partition(b"\0")  # the language
        _, _, rest = rest.partition(b"\0")  # the keyword in that language
        return unpack(rest, room) if is_packed else rest
    return rest


def _decoded(text: bytes) -> str:
    """Return characters; the standard says Latin-1 of some chunks, most programs write UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _read_profile(found: PngChunks, body: memoryview) -> None:
    _, _, rest = bytes(body).partition(b"\0")
    found.profile = unpack(rest[1:], MAX_PROFILE_BYTES)
    found.has_larger_profile = found.profile is None


def unpack(packed: bytes, limit: int) -> bytes | None:
    """Return what was packed with zlib or gzip, or None if it is damaged or exceeds the limit."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        content = unpacker.decompress(packed, limit + 1)
    except zlib.error:
        return None
    return content if len(content) <= limit and unpacker.eof else None


class _Parts(io.RawIOBase):
    """Pieces of memory as one file."""

    def __init__(self, parts: list[memoryview]) -> None:
        self._parts = parts
        self._size = sum(map(len, parts))
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader gives
        start = self._at
        for part in self._parts:
            if start < len(part):
                piece = part[start : start + len(buffer)]
                buffer[: len(piece)] = piece
                self._at += len(piece)
                return len(piece)
            start -= len(part)
        return 0
