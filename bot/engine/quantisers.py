"""What reads quantised weights, and whether it is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bot.errors import ModelFilesError

# Method of quantisation -> the package that reads such weights, and what pip calls it.
_QUANTISERS: Final = {
    "auto-round": ("auto_round", "auto-round"),
    "awq": ("gptqmodel", "gptqmodel"),
    "bitsandbytes": ("bitsandbytes", "bitsandbytes"),
    "compressed-tensors": ("compressed_tensors", "compressed-tensors"),
    "gptq": ("gptqmodel", "gptqmodel"),
    "hqq": ("hqq", "hqq"),
    "modelopt": ("modelopt", "nvidia-modelopt"),
    "quanto": ("optimum.quanto", "optimum-quanto"),
    "sdnq": ("sdnq", "sdnq"),
    "torchao": ("torchao", "torchao"),
}


def find_quantiser(folder: Path, part: str, config: Mapping[str, Any]) -> str | None:
    """Return how a part is quantised; None where it is not.

    Raises:
        ModelFilesError: The package that reads it is not installed, or nothing here reads it.

    """
    found = config.get("quantization_config")
    if found is None:
        return None
    how = found if isinstance(found, Mapping) else {"quant_method": found}
    method = str(how.get("quant_method") or ("bitsandbytes" if _is_in_few_bits(how) else "?"))
    known = next((name for name in _QUANTISERS if method.startswith(name)), None)
    quantised = f"The {part} of the model in {folder} is quantised"
    if known is None:
        raise ModelFilesError(
            f"{quantised} by the method {method!r}, which nothing here reads: use the files in "
            f"bfloat16, or of one of {', '.join(_QUANTISERS)}."
        )
    module, package = _QUANTISERS[known]
    if not _is_installed(module):
        raise ModelFilesError(
            f"{quantised} by {known}, but {package} is not installed: run `pip install {package}`, "
            "or use the files in bfloat16."
        )
    return known


def _is_in_few_bits(how: Mapping[str, Any]) -> bool:
    return bool(how.get("load_in_4bit") or how.get("load_in_8bit"))


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it is a part of is not there
        return False
