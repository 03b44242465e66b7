"""Which tensor of a file becomes which of a module: all of them, or the file is refused."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch

from bot.engine.original_names import diffusers_names, text_names, vae_names
from bot.engine.single_files.content import read_tensor
from bot.engine.single_files.files import SingleFile
from bot.engine.single_files.recognition import Names, parts_of
from bot.engine.single_files.scales import FP8, Scales, read_scales
from bot.engine.tensor_check import FLOATS, Misfit, encoder_name, faults, is_unused, modules_of
from bot.engine.weight_headers import Tensor
from bot.errors import ModelFilesError

_NAMES: Final = {
    "transformer": "transformer",
    "text_encoder": "text encoder",
    "vae": "VAE",
}
_IN_BYTES: Final = "U8"  # what holds 8-bit floats in some files


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A tensor of a file.

    Attributes:
        name: In the file.
        targets: The module's tensors that it becomes, each an equal share of its rows.
        scale: The name of its scale in the file.
        type: What its bytes are.

    """

    name: str
    targets: tuple[str, ...]
    scale: str | None
    type: str


@dataclass(frozen=True, kw_only=True)
class PartPlan:
    """How a part is made of a file, complete and checked.

    Attributes:
        shapes: Of the module's tensors.
        idle: Names in the file that the module does without.

    """

    part: str
    file: SingleFile
    stored: tuple[Stored, ...]
    shapes: Mapping[str, tuple[int, ...]]
    idle: tuple[str, ...]

    @functools.cached_property
    def _by_target(self) -> dict[str, Stored]:
        return {target: each for each in self.stored for target in each.targets}

    def tensors(self, dtype: torch.dtype) -> Iterator[tuple[str, torch.Tensor]]:
        """Read all tensors, one of the file after another."""
        for stored in self.stored:
            yield from self._read(stored, dtype).items()

    def tensor(self, name: str, dtype: torch.dtype) -> torch.Tensor:
        """Read one tensor of the module."""
        return self._read(self._by_target[name], dtype)[name]

    def _read(self, stored: Stored, dtype: torch.dtype) -> dict[str, torch.Tensor]:
        whole = read_tensor(self.file, stored.name, dtype, scale=stored.scale, stored=stored.type)
        count = len(stored.targets)
        shares = whole.chunk(count) if count > 1 else (whole,)
        return {
            name: share.reshape(self.shapes[name])
            for name, share in zip(stored.targets, shares, strict=True)
        }


def plan_part(file: SingleFile, part: str, skeleton: Any) -> PartPlan:
    """Decide for each tensor of a part what it becomes.

    Raises:
        ModelFilesError: One is missing, has another shape or type, or nothing reads it.

    """
    names = parts_of(file)[part]
    scales = read_scales(file, names)
    shapes = {name: tuple(each.shape) for name, each in skeleton.state_dict().items()}
    found = {
        name: _targets(part, name, shapes, skeleton) for name in names if name not in scales.helpers
    }
    idle = [name for name, targets in found.items() if not targets or is_unused(targets[0])]
    used = {name: targets for name, targets in found.items() if name not in idle}
    _refuse_misfit(file, part, {names[name]: targets for name, targets in used.items()}, shapes)
    stored = tuple(
        Stored(
            name=names[name],
            targets=targets,
            scale=scales.of.get(name),
            type=_checked_type(file, names, name, scales),
        )
        for name, targets in used.items()
    )
    return PartPlan(
        part=part,
        file=file,
        stored=stored,
        shapes=shapes,
        idle=tuple(names[name] for name in (*idle, *sorted(scales.helpers))),
    )


def _targets(
    part: str, name: str, shapes: Mapping[str, tuple[int, ...]], skeleton: Any
) -> tuple[str, ...]:
    if name in shapes:
        return (name,)
    if part == "transformer":
        return diffusers_names(name)
    if part == "vae":
        return vae_names(name, blocks=len(skeleton.config.up_block_types))
    return text_names(encoder_name(name, modules_of(shapes)))


def _refuse_misfit(
    file: SingleFile,
    part: str,
    used: Mapping[str, tuple[str, ...]],
    shapes: Mapping[str, tuple[int, ...]],
) -> None:
    """Compare what the file's tensors become with what the module has."""
    own = {
        target: _share(file.tensors[name], len(targets))
        for name, targets in used.items()
        for target in targets
    }
    every = Counter(target for targets in used.values() for target in targets)
    misfit = Misfit(
        missing=shapes.keys() - own.keys(),
        misshapen={
            name: (own[name], shape)
            for name, shape in shapes.items()
            if name in own and _bare(own[name]) != _bare(shape)
        },
        unknown=[
            *(name for name, targets in used.items() if not shapes.keys() >= set(targets)),
            *(f"a second {name}" for name, count in every.items() if count > 1),
        ],
    )
    if said := faults(misfit):
        raise ModelFilesError(
            f"{file.path} does not fit the {_NAMES[part]} of the model: of its tensors, {said}; "
            "use a file that was made of this model, or download it again."
        )


def _share(tensor: Tensor, count: int) -> tuple[int, ...]:
    rows = tensor.shape[0] if tensor.shape else 0
    if count == 1 or rows % count:
        return tensor.shape
    return (rows // count, *tensor.shape[1:])


def _bare(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Leave out sizes of 1: some programs store a vector as a row, and a matrix as a filter."""
    return tuple(size for size in shape if size != 1)


def _checked_type(file: SingleFile, names: Names, name: str, scales: Scales) -> str:
    """Return the type of a tensor's bytes.

    Raises:
        ModelFilesError: They cannot be read here, or their scale is missing or does not fit.

    """
    tensor = file.tensors[names[name]]
    if file.is_gguf:
        return tensor.dtype
    stored = tensor.dtype
    if stored == _IN_BYTES:
        stored = scales.types.get(name, stored)
    if stored not in (*FLOATS, *FP8):
        raise ModelFilesError(
            f"{file.path} is quantised in a way that cannot be read here: its tensor "
            f"{names[name]} has the type {stored}; use the file in bfloat16, in fp8 or as GGUF."
        )
    if name in scales.of and stored in FP8:
        _check_scale(file, tensor, names[name], scales.of[name])
    elif name in scales.of:
        raise ModelFilesError(
            f"{file.path} has a scale for its tensor {names[name]}, whose type is {stored}: what "
            "it is for, nothing says; use the file in bfloat16."
        )
    elif stored in FP8 and scales.are_used:
        raise ModelFilesError(
            f"{file.path} has no scale for its tensor {names[name]}, though its values in 8 bits "
            "are scaled: without it the pictures would be noise; download the file again."
        )
    return stored


def _check_scale(file: SingleFile, tensor: Tensor, name: str, scale: str) -> None:
    own = file.tensors[scale]
    sizes = own.shape or (1,)
    is_one = math.prod(sizes) == 1
    is_in_blocks = (
        len(sizes) <= len(tensor.shape) == 2  # noqa: PLR2004 - a matrix
        and all(sizes)
        and not any(size % of for size, of in zip(tensor.shape, sizes, strict=False))
        and (len(sizes) == 2 or sizes[0] == tensor.shape[0])  # noqa: PLR2004
    )
    if own.dtype not in FLOATS or not (is_one or is_in_blocks):
        raise ModelFilesError(
            f"{file.path} has a scale {scale} of the type {own.dtype} and the shape "
            f"{list(own.shape)}, which is none for {name} of the shape {list(tensor.shape)}: use "
            "the file in bfloat16, or with one scale a matrix."
        )
