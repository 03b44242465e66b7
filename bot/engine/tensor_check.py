"""Whether the tensors of a part's files are those of its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bot.engine.weight_files import WeightFiles
from bot.engine.weight_headers import read_tensors
from bot.errors import ModelFilesError

FLOATS: Final = ("F64", "F32", "F16", "BF16")
# Parts of a whole language model that its encoder does without; transformers skips them, too.
_UNUSED: Final = re.compile(
    r"lm_head\.weight|(model\.)?(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq"
)
LANGUAGE_MODEL: Final = "model."  # before the names of an encoder that was saved as a whole one


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """The tensors of a part that do not fit its configuration.

    Attributes:
        missing: Names.
        misshapen: Name -> shape in the file, shape by the configuration.
        unknown: Names of what no module reads.

    """

    missing: Iterable[str]
    misshapen: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    unknown: Iterable[str]


def check_tensors(folder: Path, files: WeightFiles, skeleton: Any, *, is_quantised: bool) -> None:
    """Compare the headers with the configuration.

    Raises:
        ModelFilesError: They do not fit.
        WeightFileError: A file is broken.

    """
    part, found = files.part, read_tensors(files)
    expected = {name: tuple(each.shape) for name, each in skeleton.state_dict().items()}
    modules = modules_of(expected)
    if part == "text_encoder":
        found = {encoder_name(name, modules): tensor for name, tensor in found.items()}
    if is_quantised:
        refuse_misfit(folder, part, _quantised_misfit(found.keys(), expected.keys()))
        return
    odd = [name for name in sorted(found) if found[name].dtype not in FLOATS and name in expected]
    if odd:
        raise ModelFilesError(
            f"The {part} of the model in {folder} is quantised without saying how: {odd[0]}"
            f"{_more(len(odd))} has the type {found[odd[0]].dtype}, whose scales are not applied "
            "here; use the files in bfloat16."
        )
    listed = {encoder_name(name, modules) for name in files.listed}
    misfit = Misfit(
        missing=expected.keys() - found.keys(),
        misshapen={
            name: (found[name].shape, shape)
            for name, shape in expected.items()
            if name in found and found[name].shape != shape
        },
        unknown=[name for name in (found.keys() | listed) - expected.keys() if not is_unused(name)],
    )
    refuse_misfit(folder, part, misfit)


def is_unused(name: str) -> bool:
    """Tell whether a tensor is of a language model's parts that its encoder does without."""
    return _UNUSED.fullmatch(name) is not None


def modules_of(names: Iterable[str]) -> AbstractSet[str]:
    """Return the modules that own the tensors of these names."""
    return {_owner(name) for name in names}


def encoder_name(name: str, modules: AbstractSet[str]) -> str:
    """Take off what a whole language model writes before a name, also before a quantised one."""
    short = name.removeprefix(LANGUAGE_MODEL)
    return short if _module(short, modules) else name


def _quantised_misfit(found: AbstractSet[str], expected: AbstractSet[str]) -> Misfit:
    """Compare module by module: how many tensors a weight became, only its quantiser knows."""
    modules = modules_of(expected)
    modules_found = {_module(name, modules) for name in found}
    return Misfit(
        missing=[
            name
            for name in expected - found
            if not _owner(name) or _owner(name) not in modules_found
        ],
        unknown=[
            name for name in found - expected if not _module(name, modules) and not is_unused(name)
        ],
    )


def _owner(name: str) -> str:
    return name.rpartition(".")[0]


def _module(name: str, modules: AbstractSet[str]) -> str:
    """Return the module that a tensor such as `layers.0.w1.weight.absmax` is of; else nothing."""
    while name and name not in modules:
        name = _owner(name)
    return name


def refuse_misfit(folder: Path, part: str, misfit: Misfit) -> None:
    """Name the first tensor of each kind that does not fit."""
    if said := faults(misfit):
        raise ModelFilesError(
            f"The {part} of the model in {folder} does not fit its configuration: of its tensors, "
            f"{said}; copy the files of {part} again from where they came from."
        )


def faults(misfit: Misfit) -> str:
    """Return what does not fit, the first tensor of each kind by its name; else nothing."""
    found = []
    if missing := sorted(misfit.missing):
        found.append(f"{_named(missing)} missing")
    if misshapen := sorted(misfit.misshapen):
        own, due = misfit.misshapen[misshapen[0]]
        found.append(
            f"{misshapen[0]}{_more(len(misshapen))} has the shape {list(own)}, not {list(due)}"
        )
    if unknown := sorted(misfit.unknown):
        found.append(f"{_named(unknown)} unknown")
    return ", and ".join(found)


def _named(names: Sequence[str]) -> str:
    """Return the subject of a sentence, with its verb."""
    return f"{names[0]} is" if len(names) == 1 else f"{names[0]} and {len(names) - 1} more are"


def _more(count: int) -> str:
    """Say how many there are beside the one that is named."""
    return f" (and {count - 1} more)" if count > 1 else ""
