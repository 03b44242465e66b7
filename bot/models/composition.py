"""Models that are put together: files of weights in the place of some parts of another model.

`MODEL` names them with semicolons between: `z_image_turbo_fp8.safetensors; qwen_3_4b.gguf`. Which
part a file holds, its tensors tell. A folder of ComfyUI stands for the files in it that fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.engine.single_files.files import (
    GGUF,
    SingleFile,
    is_gguf_readable,
    is_weight_file,
    open_single_file,
)
from bot.engine.single_files.recognition import Joints, fits, joints, parts_of
from bot.engine.weight_files import STEMS, is_clutter
from bot.errors import ModelFilesError

SEPARATOR: Final = ";"

# Part -> where ComfyUI keeps its files, in the order in which it looks itself.
COMFYUI: Final[Mapping[str, tuple[str, ...]]] = {
    "transformer": ("diffusion_models", "unet", "checkpoints"),
    "text_encoder": ("text_encoders", "clip"),
    "vae": ("vae",),
}
_ROOTS: Final = (".", "models", "split_files")  # of ComfyUI's own folder, and of its downloads
_USUAL: Final = {
    "transformer": "z_image_turbo_bf16.safetensors",
    "text_encoder": "qwen_3_4b.safetensors",
    "vae": "ae.safetensors",
}
_TITLES: Final = ("general.name", "modelspec.title")  # in the metadata of GGUF and safetensors
_SHOWN: Final = 3  # files in one sentence


@dataclass(frozen=True, kw_only=True)
class Composition:
    """What `MODEL` names.

    Attributes:
        rest: The model that all other parts come from; None where it is not said.
        weights: Part -> the file that holds it.
        sizes: Of the transformer in one of the files.
        title: What else tells which model the transformer is of, in small letters.

    """

    rest: str | None
    weights: Mapping[str, Path] = field(default_factory=dict)
    sizes: Joints | None = None
    title: str = ""

    @property
    def name(self) -> str:
        """Return what a recipe calls the model: by its transformer, else by its first file."""
        return self.weights.get("transformer", next(iter(self.weights.values()))).stem


def read_composition(model: str) -> Composition:
    """Read what `MODEL` names; a model that is none of files is its own rest.

    Raises:
        ModelFilesError: A file cannot be used, or it is not clear which.

    """
    parts = [model] if _path(model) is not None else model.split(SEPARATOR)
    names = [each for part in parts if (each := part.strip())]
    files = [path for each in names if (path := _weight_file(each)) is not None]
    folders = [path for each in names if (path := _comfyui(each)) is not None]
    rest = [each for each in names if _weight_file(each) is None and _comfyui(each) is None]
    lost = [each for each in rest if is_weight_file(Path(each)) and _path(each) is None]
    if lost:
        raise ModelFilesError(f"MODEL names a file that is not there: {lost[0]}.")
    if not files and not folders and len(names) <= 1:
        return Composition(rest=model)
    if len(names) == 1 and files and (files[0].parent.parent / "model_index.json").is_file():
        raise ModelFilesError(
            f"{files[0]} is one of the files of a whole model: set MODEL={files[0].parent.parent}."
        )
    if len(rest) > 1:
        raise ModelFilesError(
            f"MODEL names two models, {rest[0]} and {rest[1]}: name one, and beside it only files."
        )
    if len(folders) > 1:
        raise ModelFilesError(
            f"MODEL names two folders of ComfyUI, {folders[0]} and {folders[1]}: keep one of them."
        )
    opened: dict[str, SingleFile] = {}
    for path in files:
        _add(opened, open_single_file(path))
    for folder in folders:
        _fill(opened, folder)
    return _composed(opened, rest[0] if rest else None)


def _composed(opened: Mapping[str, SingleFile], rest: str | None) -> Composition:
    weights = {part: opened[part].path for part in STEMS if part in opened}
    transformer = opened.get("transformer")
    if transformer is None:
        if rest is None:
            part, file = next(iter(weights.items()))
            raise ModelFilesError(
                f"{file} is only the {part} of a model: name the transformer's file as well, "
                f"MODEL=transformer.safetensors{SEPARATOR}{file}, or a model that it is for."
            )
        return Composition(rest=rest, weights=weights)
    told = [transformer.path.stem, *map(transformer.metadata.get, _TITLES)]
    title = " ".join(each for each in told if each).lower()
    return Composition(rest=rest, weights=weights, sizes=joints(transformer), title=title)


def _add(opened: dict[str, SingleFile], file: SingleFile) -> None:
    for part in parts_of(file):
        if part in opened:
            raise ModelFilesError(
                f"MODEL names two files for the {part}, {opened[part].path} and {file.path}: keep "
                "one of them."
            )
        opened[part] = file


def _weight_file(name: str) -> Path | None:
    """Return the file that a name is the path of, whatever is in it; None for anything else."""
    path = _path(name)
    if path is None or not path.is_file() or path.suffix == ".json":
        return None
    return path


def _path(name: str) -> Path | None:
    try:
        path = Path(name).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError, ValueError):
        return None


def _comfyui(name: str) -> Path | None:
    """Return the folder that holds ComfyUI's folders of models, if a name leads to one."""
    path = _path(name)
    if path is None or not path.is_dir() or (path / "model_index.json").is_file():
        return None
    if any((path / part / "config.json").is_file() for part in STEMS):
        return None
    above = [path.parent] if path.name in _folders() else []
    cached = sorted(path.glob("snapshots/*/split_files"), reverse=True)  # by Hugging Face's tool
    for root in (*(path / each for each in _ROOTS), *above, *cached):
        if any((root / each).is_dir() for each in _folders() if each != "vae"):
            return root
    return None


def _folders() -> list[str]:
    return [each for folders in COMFYUI.values() for each in folders]


def _fill(opened: dict[str, SingleFile], folder: Path) -> None:
    """Choose, for each part that has no file yet, the one in ComfyUI's folder that fits.

    Raises:
        ModelFilesError: There is no transformer, or there are several of a part.

    """
    if "transformer" not in opened:
        found = _chosen(folder, "transformer", None)
        if found is None:
            raise ModelFilesError(
                f"{folder} is a folder of ComfyUI without a transformer of Z-Image: put one, such "
                f"as {_USUAL['transformer']}, into its {COMFYUI['transformer'][0]}."
            )
        opened.update(dict.fromkeys(parts_of(found), found))
    sizes = joints(opened["transformer"])
    for part in ("text_encoder", "vae"):
        if part not in opened and (found := _chosen(folder, part, sizes)) is not None:
            opened[part] = found


def _chosen(folder: Path, part: str, sizes: Joints | None) -> SingleFile | None:
    candidates = list(_candidates(folder, part))
    usual = [path for path in candidates if path.name == _USUAL[part]]
    if len(usual) == 1:
        return _expected(usual[0], part)  # a broken one is told as that
    fitting = [file for path in candidates if (file := _fitting(path, part, sizes)) is not None]
    if len(fitting) > 1:
        paths = [file.path.relative_to(folder).as_posix() for file in fitting]
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        raise ModelFilesError(
            f"{folder} has several files for the {part}, {', '.join(paths[:_SHOWN])}{more}: say "
            f"which, with MODEL={folder}{SEPARATOR}{fitting[0].path}."
        )
    if not fitting and not is_gguf_readable():
        for path in candidates:  # is refused with what to install
            if path.suffix.lower() == GGUF:
                open_single_file(path)
    return fitting[0] if fitting else None


def _expected(path: Path, part: str) -> SingleFile:
    file = open_single_file(path)
    if part not in (held := parts_of(file)):
        raise ModelFilesError(f"{path} holds the {next(iter(held))} of a model, not the {part}.")
    return file


def _candidates(folder: Path, part: str) -> Iterator[Path]:
    for name in COMFYUI[part]:
        for path in sorted((folder / name).rglob("*")):
            below = path.relative_to(folder).parts
            if is_weight_file(path) and path.is_file() and not any(map(is_clutter, below)):
                yield path


def _fitting(path: Path, part: str, sizes: Joints | None) -> SingleFile | None:
    """Open a file if it holds a part of Z-Image; what else people have there is left alone."""
    try:
        file = open_single_file(path)
        is_fitting = part in parts_of(file) and (sizes is None or fits(file, part, sizes))
    except ModelFilesError:
        return None
    return file if is_fitting else None


def without_weights(manifest: Mapping[str, str], parts: Iterable[str]) -> dict[str, str]:
    """Return a manifest without the weights of some parts."""
    gone = tuple(f"{part}/" for part in parts)
    return {
        path: md5
        for path, md5 in manifest.items()
        if not (path.startswith(gone) and ".safetensors" in path)
    }
