"""How the 8-bit values of a file are meant: which scale each matrix has, by any of three habits.

Old files have `X.scale_weight` and one tensor `scaled_fp8`, newer ones `X.weight_scale` and a
description `X.comfy_quant` for each layer, or all descriptions in the header. Values without a
scale are taken as they are, where no other matrix of the file has one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.engine.single_files.content import bytes_of
from bot.engine.single_files.files import SingleFile
from bot.engine.single_files.recognition import Names
from bot.errors import ModelFilesError

FP8: Final = ("F8_E4M3", "F8_E5M2")
_FORMATS: Final = {"float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2"}  # as ComfyUI calls them
_KINDS: Final = ("", "_rowwise", "_blockwise")  # which of them it is, the scale's shape tells
_SCALES: Final = (".scale_weight", ".weight_scale")
_OF_INPUTS: Final = (".scale_input", ".input_scale")  # for products in 8 bits, which are not made
_DESCRIPTION: Final = ".comfy_quant"
_HELPERS: Final = (*_SCALES, *_OF_INPUTS, _DESCRIPTION)
_MARK: Final = "scaled_fp8"
_HEADER: Final = "_quantization_metadata"


@dataclass(frozen=True, kw_only=True)
class Scales:
    """What a part's tensors say of others.

    Attributes:
        of: Name of a matrix in the part -> name of its scale in the file.
        types: Name of a matrix -> the type that its bytes have, where the file describes it.
        helpers: Names in the part that are no tensors of a module.
        are_used: Whether matrices in 8 bits have scales in this file.

    """

    of: Mapping[str, str]
    types: Mapping[str, str]
    helpers: frozenset[str]
    are_used: bool


def read_scales(file: SingleFile, names: Names) -> Scales:
    """Find the scales of a part, and what describes how it is quantised.

    Raises:
        ModelFilesError: A matrix is quantised in a way that cannot be read here, or a scale has no
            matrix.

    """
    scales = {
        f"{name.removesuffix(suffix)}.weight": own
        for name, own in names.items()
        for suffix in _SCALES
        if name.endswith(suffix)
    }
    helpers = {name for name in names if name.endswith(_HELPERS)}
    _refuse_stray(file, names, helpers)
    types = {
        f"{layer}.weight": _type(file, layer, description)
        for layer, description in _descriptions(file, names).items()
    }
    return Scales(
        of=scales,
        types=types,
        helpers=frozenset(helpers | ({_MARK} & names.keys())),
        are_used=bool(scales or types) or _MARK in names,
    )


def _refuse_stray(file: SingleFile, names: Names, helpers: Collection[str]) -> None:
    """Refuse what belongs to no matrix of the file, and a second scale of one that is."""
    seen: set[str] = set()
    for name in sorted(helpers):
        layer, _, kind = name.rpartition(".")
        what = f"{layer}.scale" if f".{kind}" in _SCALES else name
        if f"{layer}.weight" not in names or what in seen:
            raise ModelFilesError(
                f"{file.path} has a tensor {names[name]}, but not the matrix that it is of, or a "
                "second one for that: download the file again."
            )
        seen.add(what)


def _descriptions(file: SingleFile, names: Names) -> dict[str, Any]:
    """Return what is said of each layer, by its name in the part."""
    found = {
        name.removesuffix(_DESCRIPTION): _parsed(file, bytes_of(file, own))
        for name, own in names.items()
        if name.endswith(_DESCRIPTION)
    }
    if (written := file.metadata.get(_HEADER)) is not None:
        layers = _parsed(file, written).get("layers")
        shorts = {own: name for name, own in names.items()}
        for layer, description in (layers if isinstance(layers, dict) else {}).items():
            # With the prefix that its tensors have, or without.
            own = shorts.get(f"{layer}.weight") or f"{layer}.weight"
            if own in names:
                found[own.removesuffix(".weight")] = description
    return found


def _parsed(file: SingleFile, text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ModelFilesError(
            f"{file.path} says in no readable way how it is quantised: download it again, or use "
            "the file in bfloat16."
        ) from error
    return found if isinstance(found, dict) else {}


def _type(file: SingleFile, layer: str, description: Any) -> str:
    """Return the type of a layer's values.

    Raises:
        ModelFilesError: It is none that can be read here.

    """
    how = description if isinstance(description, dict) else {"format": description}
    known = {name + kind: own for name, own in _FORMATS.items() for kind in _KINDS}
    named = str(how.get("format"))
    if named not in known or how.get("convrot"):
        raise ModelFilesError(
            f"{file.path} is quantised as {named!r} (its layer {layer}), which cannot be read "
            "here: use the file in bfloat16, in fp8 or as GGUF; PRECISION=int8 and int4 make it "
            "small again."
        )
    return known[named]
