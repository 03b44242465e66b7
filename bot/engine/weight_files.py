"""The files of weights of a model's parts: which ones a loader takes, and what is in their headers.

Nothing here imports torch, and of a file only its header is read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.errors import ModelFilesError

# The stem of each part's files, as the libraries that load them name it.
STEMS: Final = {
    "text_encoder": "model",
    "transformer": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
}
SUFFIX: Final = ".safetensors"
_VARIANTS: Final = (None, "bf16", "fp16", "fp32")  # in the order of preference; others come after
_PICKLES: Final = (".bin", ".pt", ".pth", ".ckpt")
_LFS_POINTER: Final = b"version https://git-lfs"
_MAX_HEADER_BYTES: Final = 100_000_000  # as the format's own library allows
_BITS: Final = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16,
    "BF16": 16, "I16": 16, "U16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "F8_E8M0": 8, "I8": 8, "U8": 8, "BOOL": 8, "F6_E2M3": 6, "F6_E3M2": 6,
    "F4": 4,
}  # fmt: skip


class WeightFileError(Exception):
    """A file, named by its path from the model's folder, is not what it should be."""

    def __init__(self, path: str, reason: str) -> None:
        """Keep both; the message is `path (reason)`."""
        super().__init__(f"{path} ({reason})")
        self.path = path
        self.reason = reason


def broken_model(folder: Path, fault: WeightFileError) -> ModelFilesError:
    """Build the sentence for a model of which one file is not what it should be."""
    return ModelFilesError(
        f"The model in {folder} is broken: {fault}; copy it there again from where the folder came "
        "from."
    )


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """What a header says of a tensor; `dtype` is the format's name, for example BF16."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class WeightFiles:
    """The files that hold the weights of one part.

    Attributes:
        variant: Of `model.fp16.safetensors` it is fp16; None for files without one.
        index: What lists the tensors of several files; None for a single one.
        listed: The names of the tensors in it.

    """

    part: str
    variant: str | None
    index: Path | None
    files: tuple[Path, ...]
    listed: frozenset[str] = frozenset()

    @property
    def paths(self) -> list[str]:
        """Return all files, as paths from the model's folder."""
        own = [] if self.index is None else [self.index]
        return [f"{self.part}/{path.name}" for path in (*own, *self.files)]


def is_clutter(name: str) -> bool:
    """Tell whether a file or folder is none of a model's, but was left by a system or a tool.

    `._model.safetensors`, `.DS_Store`, `._____temp`, `.cache`, `.git`, `Thumbs.db` …
    """
    return name.startswith(".") or name.lower() in {"thumbs.db", "desktop.ini"}


def find_weights(folder: Path, part: str) -> WeightFiles:
    """Choose, of the files in a part's folder, those that its library is to load.

    Raises:
        WeightFileError: There are none, or what is there must not or cannot be loaded.

    """
    stem, names = STEMS[part], _names(folder / part)
    single = re.compile(rf"{stem}(?:\.(\w+))?{re.escape(SUFFIX)}")
    index = re.compile(rf"{stem}{re.escape(SUFFIX)}\.index(?:\.(\w+))?\.json")
    singles = {match[1]: name for name in names if (match := single.fullmatch(name))}
    indexes = {match[1]: name for name in names if (match := index.fullmatch(name))}
    variants = sorted({*singles, *indexes}, key=_preference)
    if not variants:
        raise WeightFileError(*_nothing_to_load(part, stem, names))
    variant = variants[0]
    # Where both are there, transformers takes the single file and diffusers the index.
    if variant in singles and (part == "text_encoder" or variant not in indexes):
        files = (folder / part / singles[variant],)
        return WeightFiles(part=part, variant=variant, index=None, files=files)
    path = folder / part / indexes[variant]
    shards = weight_map(path, part)
    return WeightFiles(
        part=part,
        variant=variant,
        index=path,
        files=tuple(path.parent / shard for shard in sorted(set(shards.values()))),
        listed=frozenset(shards),
    )


def _names(folder: Path) -> list[str]:
    try:
        found = sorted(path.name for path in folder.iterdir() if _is_file_or_was(path))
    except OSError:
        return []
    return [name for name in found if not is_clutter(name)]


def _is_file_or_was(path: Path) -> bool:
    return path.is_file() or path.is_symlink()  # a link to nothing is told as that


def _preference(variant: str | None) -> tuple[int, str]:
    known = variant in _VARIANTS
    return (_VARIANTS.index(variant) if known else len(_VARIANTS), variant or "")


def _nothing_to_load(part: str, stem: str, names: list[str]) -> tuple[str, str]:
    """Say of a folder without weights, or with others, what is wrong with which file."""
    others = [name for name in names if name.endswith(SUFFIX)]
    if shards := [name for name in others if re.search(r"-\d+-of-\d+", name)]:
        return f"{part}/{stem}{SUFFIX}.index.json", f"missing, which lists {shards[0]}"
    if others:
        return f"{part}/{others[0]}", f"of another program: its name should be {stem}{SUFFIX}"
    for name in names:
        if name.endswith(".gguf"):
            return f"{part}/{name}", "GGUF, which cannot be loaded here: .safetensors is needed"
        if name.endswith(_PICKLES):
            return f"{part}/{name}", "pickled, which could run any code: .safetensors is needed"
    return f"{part}/{stem}{SUFFIX}", "missing"


def weight_map(index: Path, part: str) -> dict[str, str]:
    """Read which tensor an index says to be in which file.

    Raises:
        WeightFileError: It is no index.

    """
    path = f"{part}/{index.name}"
    content = read_json(index, path)
    names = content.get("weight_map")
    if not isinstance(content.get("metadata"), dict):
        raise WeightFileError(path, "without its metadata, which a loader needs")
    if not isinstance(names, dict) or not names:
        raise WeightFileError(path, "without the names of tensors")
    for shard in names.values():
        if not isinstance(shard, str) or Path(shard).name != shard:
            raise WeightFileError(path, f"naming {str(shard)[:60]!r}, which is no file beside it")
    return names


def read_json(file: Path, path: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        WeightFileError: It is none.

    """
    check_content(file, path)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightFileError(path, _unreadable(error)) from error
    except (ValueError, RecursionError) as error:
        raise WeightFileError(path, f"not readable as JSON: {_json_fault(error)}") from error
    if not isinstance(content, dict):
        raise WeightFileError(path, "not readable as JSON: it is no object")
    return content


def _json_fault(error: BaseException) -> str:
    if isinstance(error, json.JSONDecodeError):
        if "BOM" in error.msg:
            return "it begins with a byte order mark, save it as UTF-8 without one"
        return f"line {error.lineno}, column {error.colno}"
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else "it is nested too deep"


def check_content(file: Path, path: str) -> None:
    """Refuse a file that is not there, has nothing in it, or only stands for another one.

    Raises:
        WeightFileError: It does.

    """
    try:
        if not file.is_file():
            to = f": it is a link to {file.readlink()}" if file.is_symlink() else ""
            raise WeightFileError(path, f"missing{to}")
        with file.open("rb") as content:
            begin = content.read(len(_LFS_POINTER))
    except OSError as error:
        raise WeightFileError(path, _unreadable(error)) from error
    if not begin:
        raise WeightFileError(path, "empty")
    if begin == _LFS_POINTER:
        raise WeightFileError(path, "only a pointer of Git LFS: run `git lfs pull` in its folder")


def _unreadable(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"


def read_header(file: Path, path: str) -> dict[str, Tensor]:
    """Read the names, dtypes and shapes of a file's tensors, and prove that it has all bytes.

    Raises:
        WeightFileError: It is cut off, too long, or no file of this format.

    """
    check_content(file, path)
    try:
        size = file.stat().st_size
        with file.open("rb") as content:
            length = int.from_bytes(content.read(8), "little")
            header = content.read(min(length, _MAX_HEADER_BYTES))
    except OSError as error:
        raise WeightFileError(path, _unreadable(error)) from error
    if header[:1] not in (b"{", b"") or length > _MAX_HEADER_BYTES:
        raise WeightFileError(path, f"not a {SUFFIX[1:]} file")
    if length + 8 > size:
        raise WeightFileError(path, f"truncated: {size} bytes")
    try:
        tensors = _tensors(json.loads(header))
        expected = 8 + length + _data_bytes(tensors.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WeightFileError(path, f"not a {SUFFIX[1:]} file") from error
    if size != expected:
        fault = "truncated" if size < expected else "too long"
        raise WeightFileError(path, f"{fault}: {size} bytes, {expected} by its own header")
    return {name: tensor for name, (tensor, _) in tensors.items()}


_Entry = tuple[Tensor, tuple[int, int]]  # with the place of its bytes


def _tensors(header: Mapping[str, Any]) -> dict[str, _Entry]:
    return {
        name: (
            Tensor(dtype=entry["dtype"], shape=tuple(map(int, entry["shape"]))),
            (entry["data_offsets"][0], entry["data_offsets"][1]),
        )
        for name, entry in header.items()
        if name != "__metadata__"
    }


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
