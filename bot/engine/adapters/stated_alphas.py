"""The alphas that diffusers and peft write into a file's metadata."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from bot.engine.adapters.names import Target


class StatedAlphas:
    """The alphas that diffusers and peft write into the metadata and not beside the tensors."""

    def __init__(self, metadata: Mapping[str, str]) -> None:
        try:
            found = json.loads(metadata.get("lora_adapter_metadata", "{}"))
        except (ValueError, RecursionError):
            found = {}
        self._values: Mapping[str, Any] = found if isinstance(found, dict) else {}

    def strength(self, target: Target, rank: int) -> tuple[float | None, float]:
        """Return alpha of a layer, None where it is not stated, and its factor."""
        value: Any = self._values.get(f"{target.part}.lora_alpha")
        patterns = self._values.get(f"{target.part}.alpha_pattern")
        for pattern, of in patterns.items() if isinstance(patterns, dict) else ():
            if _matches(pattern, target.modules[0]):
                value = of
                break
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None, 1.0
        is_rooted = self._values.get(f"{target.part}.use_rslora") is True
        return float(value), value / (math.sqrt(rank) if is_rooted else rank)


def _matches(pattern: str, module: str) -> bool:
    """Tell whether a layer is meant, by its whole name or by the end of it."""
    return module == pattern or module.endswith("." + pattern)
