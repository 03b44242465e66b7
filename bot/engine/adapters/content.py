"""The bytes of a LoRA's file, proven to be whole and to be numbers; without torch."""

from __future__ import annotations

import hashlib
import math
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bot.domain.plain_text import visible
from bot.engine.weight_files import WeightFileError
from bot.engine.weight_headers import Tensor, read_whole_header
from bot.errors import AdapterFileError

_KEY_SHOWN: Final = 120  # characters of a tensor's name
_NAME_SHOWN: Final = 80
_MAX_BYTES: Final = 4 * 1024**3  # the largest LoRAs known have 1.3 GB
# By dtype: how the bits are seen, those beside the sign, and what of them is infinite or no number.
_BITS: Final[Mapping[str, tuple[str, int, int]]] = {
    "F64": ("u8", (1 << 63) - 1, 0x7FF << 52),
    "F32": ("u4", 0x7FFFFFFF, 0x7F800000),
    "F16": ("u2", 0x7FFF, 0x7C00),
    "BF16": ("u2", 0x7FFF, 0x7F80),
    "F8_E5M2": ("u1", 0x7F, 0x7C),
    "F8_E4M3": ("u1", 0x7F, 0x7F),  # no infinity, and one pattern that is no number
}


_WHOLE: Final[Mapping[str, str]] = {"I64": "<i8", "I32": "<i4"}  # an alpha may be one
_NUMBERS: Final[Mapping[str, str]] = {"F64": "<f8", "F32": "<f4", "F16": "<f2", **_WHOLE}


def cannot_use(name: str, reason: str) -> AdapterFileError:
    """Build the sentence for a file that is refused."""
    return AdapterFileError(f"The LoRA {visible(name, _NAME_SHOWN)} cannot be used: {reason}.")


def shown(key: str) -> str:
    """Return a tensor's name as a sentence repeats it."""
    return visible(key, _KEY_SHOWN)


@dataclass(frozen=True, kw_only=True)
class AdapterContent:
    """A file of changes in memory.

    Attributes:
        name: Of the file.
        sha256: Of all its bytes.
        data: The bytes.
        tensors: By the names in the file.
        places: Where each begins and ends in `data`.
        metadata: What the program that wrote it says.

    """

    name: str
    sha256: str
    data: np.ndarray
    tensors: Mapping[str, Tensor]
    places: Mapping[str, tuple[int, int]]
    metadata: Mapping[str, str]

    def number(self, key: str) -> float:
        """Return the value of a tensor with one value."""
        begin, end = self.places[key]
        raw, dtype = self.data[begin:end].tobytes(), self.tensors[key].dtype
        if dtype == "BF16":
            return float(np.frombuffer(b"\0\0" + raw, "<f4")[0])
        return float(np.frombuffer(raw, _NUMBERS[dtype])[0])


def read_content(file: Path) -> AdapterContent:
    """Read a file, and see that it is whole and has numbers in it.

    Raises:
        AdapterFileError: It is not; the sentence names the first tensor at fault.

    """
    name = file.name
    _refuse_others(file)
    try:
        header = read_whole_header(file, name)
        if file.stat().st_size > _MAX_BYTES:
            raise cannot_use(name, f"it has more than {_MAX_BYTES >> 30} GiB, so it is no LoRA")
        data = np.fromfile(file, np.uint8)
    except WeightFileError as error:
        raise cannot_use(name, f"it is {error.reason}") from error
    except OSError as error:
        raise cannot_use(name, f"it cannot be read ({error.strerror or error})") from error
    if len(data) != max((end for _, end in header.places.values()), default=len(data)):
        raise cannot_use(name, "it changed while it was read")
    with ThreadPoolExecutor(1) as beside:  # hashing takes as long as the rest
        digest = beside.submit(lambda: hashlib.sha256(data.data).hexdigest())
        content = AdapterContent(
            name=name,
            sha256="",
            data=data,
            tensors=header.tensors,
            places=header.places,
            metadata={key: each for key, each in header.metadata.items() if isinstance(each, str)},
        )
        _check_numbers(content)
        return AdapterContent(**{**vars(content), "sha256": digest.result()})


def _refuse_others(file: Path) -> None:
    """Name the formats that people take for this one."""
    try:
        with file.open("rb") as content:
            begin = content.read(9)
    except OSError:
        return  # what follows says why
    if begin[:4] == b"GGUF":
        raise cannot_use(file.name, "it is a GGUF file, and .safetensors is needed")
    is_pickle = begin[:1] == b"\x80" and begin[8:9] != b"{"
    if is_pickle or zipfile.is_zipfile(file):
        raise cannot_use(
            file.name, "it is pickled, which could run any code, and .safetensors is needed"
        )


def _check_numbers(content: AdapterContent) -> None:
    """Refuse tensors that are no floats, empty ones, and values that are no numbers."""
    for key, tensor in content.tensors.items():
        begin, end = content.places[key]
        if begin == end:
            raise cannot_use(content.name, f"{shown(key)} is empty")
        if tensor.dtype in _WHOLE and math.prod(tensor.shape) == 1:
            continue
        if tensor.dtype not in _BITS:
            raise cannot_use(
                content.name, f"{shown(key)} has the type {tensor.dtype}, and floats are needed"
            )
        kind, most, first_odd = _BITS[tensor.dtype]
        values = content.data[begin:end]
        if begin % int(kind[1]):
            values = values.copy()
        if int((values.view(f"<{kind}") & most).max()) >= first_odd:
            raise cannot_use(content.name, f"{shown(key)} has values that are no numbers (NaN)")
