"""What a file of weights says that it holds; its values are not read, and no torch is imported."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.engine.single_files.gguf_header import GgufHeader, GgufTensor, read_gguf_header
from bot.engine.weight_files import SUFFIX, WeightFileError, check_content
from bot.engine.weight_headers import Tensor, read_whole_header
from bot.environment.installation import install_line
from bot.errors import ModelFilesError

ARCHITECTURE: Final = "general.architecture"  # in a GGUF file's metadata
_TITLE: Final = "general.name"
GGUF: Final = ".gguf"
WEIGHT_SUFFIXES: Final = (SUFFIX, ".sft", GGUF)  # .sft: as Flux's VAE was first published
_PICKLES: Final = (".ckpt", ".pt", ".pth", ".bin", ".pkl")
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"  # how they begin, whatever they are called
_SHAPES: Final = "comfy.gguf.orig_shape."  # in the metadata, of a tensor stored in rows of 256
# What these become, the library's own reference decides.
_GGUF_TYPES: Final = (
    "F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_0", "Q5_1", "Q5_K", "Q4_0", "Q4_1", "Q4_K",
    "IQ4_NL", "IQ4_XS", "Q3_K", "Q2_K",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SingleFile:
    """A file of weights.

    Attributes:
        tensors: By their names in it; `dtype` is what the format calls it, for example BF16 or
            Q4_K.
        metadata: What else its header says in words.
        places: Of a GGUF file, where its tensors lie.

    """

    path: Path
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, GgufTensor] = field(default_factory=dict)

    @property
    def is_gguf(self) -> bool:
        """Tell whether it is of llama.cpp's format."""
        return self.path.suffix.lower() == GGUF


def is_weight_file(path: Path) -> bool:
    """Tell whether a file's name is that of weights that can be read here."""
    return path.suffix.lower() in WEIGHT_SUFFIXES


def is_gguf_readable() -> bool:
    """Tell whether the package that reads GGUF files is installed."""
    return importlib.util.find_spec("gguf") is not None


def open_single_file(path: Path) -> SingleFile:
    """Read a file's header, and prove that the file has all bytes.

    Raises:
        ModelFilesError: It is truncated, of another format, pickled, or a GGUF file whose package
            is not installed.

    """
    try:
        check_content(path, path.name)
        _refuse_pickle(path)
        return _open_gguf(path) if path.suffix.lower() == GGUF else _open_safetensors(path)
    except WeightFileError as error:
        raise ModelFilesError(
            f"The model's file {path} is broken: {error.reason}; copy or download it again."
        ) from error


def _refuse_pickle(path: Path) -> None:
    with path.open("rb") as content:
        begin = content.read(9)
    # A safetensors file begins with a length, which may be any number, and then a brace.
    is_pickle = begin.startswith((_ZIP, _PICKLE)) and begin[8:] != b"{"
    if path.suffix.lower() in _PICKLES or is_pickle:
        raise ModelFilesError(
            f"{path} is pickled, which could run any code: it is never opened; get the same "
            "weights as .safetensors, or save them so with the program they come from."
        )


def _open_safetensors(path: Path) -> SingleFile:
    header = read_whole_header(path, path.name)
    metadata = {str(key): str(value) for key, value in header.metadata.items()}
    return SingleFile(path=path, tensors=header.tensors, metadata=metadata)


def _open_gguf(path: Path) -> SingleFile:
    """Read a GGUF file's header.

    Raises:
        ModelFilesError: The package that reads it is not installed, or it has a type that cannot
            be made plain.
        WeightFileError: It is truncated, or no such file.

    """
    if not is_gguf_readable():
        raise ModelFilesError(
            f"{path} is a GGUF file, but gguf is not installed: run `{install_line('gguf')}`."
        )
    header = read_gguf_header(path)
    odd = [name for name, each in header.tensors.items() if each.type not in _GGUF_TYPES]
    if odd:
        raise ModelFilesError(
            f"{path} is quantised as {header.tensors[odd[0]].type} (its tensor {odd[0]}), which "
            f"cannot be read here: use one of {', '.join(_GGUF_TYPES[3:])}, or the file in "
            "bfloat16."
        )
    said = {key: value for key, value in header.values.items() if isinstance(value, str)}
    return SingleFile(
        path=path,
        tensors={
            name: Tensor(dtype=each.type, shape=_original_shape(header, name))
            for name, each in header.tensors.items()
        },
        metadata={key: said[key] for key in (ARCHITECTURE, _TITLE) if key in said},
        places=header.tensors,
    )


def _original_shape(header: GgufHeader, name: str) -> tuple[int, ...]:
    """Return the shape of a tensor before it was stored in rows of another length."""
    stored, original = header.tensors[name].shape, header.values.get(_SHAPES + name)
    if not isinstance(original, tuple):
        return stored
    shape = tuple(int(str(size)) for size in original)
    return shape if math.prod(shape) == math.prod(stored) else stored
