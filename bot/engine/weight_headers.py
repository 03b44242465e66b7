"""What the headers of safetensors files say; nothing else of them is read, and without torch."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.engine.weight_files import (
    SUFFIX,
    WeightFileError,
    WeightFiles,
    check_content,
    unreadable,
)

_MAX_HEADER_BYTES: Final = 100_000_000  # as the format's own library allows
# What reading anything else but a header raises.
_NO_HEADER: Final = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
_BITS: Final = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16,
    "BF16": 16, "I16": 16, "U16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "F8_E8M0": 8, "I8": 8, "U8": 8, "BOOL": 8, "F6_E2M3": 6, "F6_E3M2": 6,
    "F4": 4,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """What a header says of a tensor; `dtype` is the format's name, for example BF16."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Header:
    """What stands before the tensors of a file.

    Attributes:
        places: Name -> where a tensor's bytes begin and end, from the beginning of the file.
        metadata: What the program that wrote the file says of it.

    """

    tensors: Mapping[str, Tensor]
    places: Mapping[str, tuple[int, int]]
    metadata: Mapping[str, str]


def read_header(file: Path, path: str) -> dict[str, Tensor]:
    """Read the names, dtypes and shapes of a file's tensors, and prove that it has all bytes.

    Raises:
        WeightFileError: It is cut off, too long, or no file of this format.

    """
    return dict(read_whole_header(file, path).tensors)


def read_whole_header(file: Path, path: str) -> Header:
    """Read all that stands before the tensors of a file, and prove that it has all bytes.

    Raises:
        WeightFileError: As for `read_header`.

    """
    check_content(file, path)
    try:
        size = file.stat().st_size
        with file.open("rb") as content:
            length = int.from_bytes(content.read(8), "little")
            header = content.read(min(length, _MAX_HEADER_BYTES))
    except OSError as error:
        raise WeightFileError(path, unreadable(error)) from error
    if header[:1] not in (b"{", b"") or length > _MAX_HEADER_BYTES:
        raise WeightFileError(path, f"not a {SUFFIX[1:]} file")
    if length + 8 > size:
        raise WeightFileError(path, f"truncated: {size} bytes")
    try:
        found = json.loads(header)
        tensors = _tensors(found)
        expected = 8 + length + _data_bytes(tensors.values())
    except _NO_HEADER as error:
        raise WeightFileError(path, f"not a {SUFFIX[1:]} file") from error
    if size != expected:
        fault = "truncated" if size < expected else "too long"
        raise WeightFileError(path, f"{fault}: {size} bytes, {expected} by its own header")
    start, metadata = 8 + length, found.get("__metadata__")
    return Header(
        tensors={name: tensor for name, (tensor, _) in tensors.items()},
        places={name: (start + begin, start + end) for name, (_, (begin, end)) in tensors.items()},
        metadata=metadata if isinstance(metadata, dict) else {},
    )


_Entry = tuple[Tensor, tuple[int, int]]  # with the place of its bytes


def _tensors(header: Mapping[str, Any]) -> dict[str, _Entry]:
    return {
        name: (
            Tensor(dtype=entry["dtype"], shape=tuple(map(_whole, entry["shape"]))),
            (_whole(entry["data_offsets"][0]), _whole(entry["data_offsets"][1])),
        )
        for name, entry in header.items()
        if name != "__metadata__"
    }


def _whole(number: Any) -> int:
    """Return a whole number from 0 on; 3.0 and "3" are none."""
    if (found := operator.index(number)) < 0:
        raise ValueError
    return found


def _data_bytes(entries: Iterable[_Entry]) -> int:
    """Return where the last tensor ends.

    Raises:
        ValueError: They do not lie one behind the other, or have too many bytes for their shape.

    """
    end = 0
    for tensor, (begin, stop) in sorted(entries, key=lambda entry: entry[1]):
        bits = math.prod(tensor.shape) * _BITS[tensor.dtype]
        if begin != end or (stop - begin) * 8 != bits:
            raise ValueError
        end = stop
    return end


def read_tensors(files: WeightFiles) -> dict[str, Tensor]:
    """Read the headers of all files of a part; its index must name every tensor in them.

    Raises:
        WeightFileError: One of them is broken, or they contradict one another.

    """
    found: dict[str, Tensor] = {}
    for file in files.files:
        path = f"{files.part}/{file.name}"
        for name, tensor in read_header(file, path).items():
            if name in found:
                raise WeightFileError(path, f"with the tensor {name}, which another file has, too")
            found[name] = tensor
    if files.index is not None and (astray := sorted(found.keys() - files.listed)):
        path = f"{files.part}/{files.index.name}"
        raise WeightFileError(path, f"without the tensor {astray[0]}, which is in its files")
    return found
