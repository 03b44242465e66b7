"""The files of weights of a model's parts, and which of them a loader takes; without torch."""

from __future__ import annotations

import json
import re
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
        raise WeightFileError(path, unreadable(error)) from error
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
        raise WeightFileError(path, unreadable(error)) from error
    if not begin:
        raise WeightFileError(path, "empty")
    if begin == _LFS_POINTER:
        raise WeightFileError(path, "only a pointer of Git LFS: run `git lfs pull` in its folder")


def unreadable(error: OSError) -> str:
    """Return why a file cannot be read."""
    return f"cannot be read: {error.strerror or error}"
