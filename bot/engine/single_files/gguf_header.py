"""The header of GGUF files: names, types and places of tensors, and what else it says.

The format's package reads it, too, but makes an array of every word of a tokenizer: 18 s and half a
gigabyte for that of Qwen3, where this takes a fifth of a second. What the values mean, it decides.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from bot.engine.weight_files import WeightFileError, unreadable

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)  # of before, nothing of interest was written
_NUMBERS: Final = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
_STRING, _ARRAY = 8, 9
_ALIGNMENT: Final = 32  # bytes, unless the file says another
_MOST_KEPT: Final = 16  # values of an array; shapes are shorter, the words of tokenizers longer
_BUFFER: Final = 2**20


@dataclass(frozen=True, kw_only=True)
class GgufTensor:
    """A tensor as it lies in the file.

    Attributes:
        type: Its name in the format, for example Q4_K.
        shape: Rows first, as torch writes it.
        begin: Its first byte in the file.
        row_bytes: Of a row, which is a whole number of blocks.
        bytes: Of all of it.

    """

    type: str
    shape: tuple[int, ...]
    begin: int
    row_bytes: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class GgufHeader:
    """What a file says of itself; long lists are left out."""

    values: Mapping[str, object]
    tensors: Mapping[str, GgufTensor]


def read_gguf_header(path: Path) -> GgufHeader:
    """Read a header, and prove that the file has the bytes of all tensors.

    Raises:
        WeightFileError: It is truncated, or no such file.

    """
    try:
        with path.open("rb", buffering=_BUFFER) as content:
            header = _Reader(content).header()
            size = path.stat().st_size
    except OSError as error:
        raise WeightFileError(path.name, unreadable(error)) from error
    except EOFError as error:
        raise WeightFileError(path.name, "truncated: it ends in its header") from error
    except (ValueError, KeyError, OverflowError, MemoryError) as error:
        raise WeightFileError(path.name, "not a GGUF file that can be read") from error
    end = max((each.begin + each.bytes for each in header.tensors.values()), default=0)
    if size < end:
        raise WeightFileError(path.name, f"truncated: {size} bytes, {end} by its own header")
    return header


class _Reader:
    """Reads the fields of a header one after another."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content

    def header(self) -> GgufHeader:
        if self._content.read(4) != _MAGIC or self._number("I") not in _VERSIONS:
            raise ValueError
        tensors, values = self._number("Q"), self._number("Q")
        said = {self._string(): self._value(self._number("I")) for _ in range(values)}
        described = [self._tensor() for _ in range(tensors)]
        alignment = int(str(said.get("general.alignment", _ALIGNMENT)))
        start = -(-self._content.tell() // alignment) * alignment
        found = {name: _placed(start + at, *what) for name, at, what in described}
        if len(found) != len(described):
            raise ValueError
        return GgufHeader(values=said, tensors=found)

    def _take(self, size: int) -> bytes:
        taken = self._content.read(size)
        if len(taken) != size:
            raise EOFError
        return taken

    def _number(self, kind: str) -> int:
        own = "<" + kind
        number: int = struct.unpack(own, self._take(struct.calcsize(own)))[0]
        return number

    def _string(self) -> str:
        return self._take(self._number("Q")).decode("utf-8")

    def _value(self, kind: int) -> object:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._number(_NUMBERS[kind])
        inner, count = self._number("I"), self._number("Q")
        if count <= _MOST_KEPT:
            return tuple(self._value(inner) for _ in range(count))
        if inner == _STRING:
            for _ in range(count):
                self._take(self._number("Q"))
        else:
            self._content.seek(count * struct.calcsize("<" + _NUMBERS[inner]), 1)
        return None

    def _tensor(self) -> tuple[str, int, tuple[str, tuple[int, ...], int, int]]:
        from gguf import GGML_QUANT_SIZES, GGMLQuantizationType  # noqa: PLC0415 - is an extra

        name = self._string()
        sizes = [self._number("Q") for _ in range(self._number("I"))] or [1]
        kind = GGMLQuantizationType(self._number("I"))
        at = self._number("Q")
        block, block_bytes = GGML_QUANT_SIZES[kind]
        row = -(-sizes[0] // block) * block_bytes
        whole = row * math.prod(sizes[1:])
        return name, at, (kind.name, tuple(reversed(sizes)), row, whole)


def _placed(begin: int, kind: str, shape: tuple[int, ...], row: int, whole: int) -> GgufTensor:
    return GgufTensor(type=kind, shape=shape, begin=begin, row_bytes=row, bytes=whole)
