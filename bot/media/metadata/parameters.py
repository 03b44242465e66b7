"""The values that all image generators have in common, and reading them from anything."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MAX_TEXT: Final = 20_000  # characters of a prompt; whoever shows it cuts it further
MAX_VALUE: Final = 200  # characters of any other value
_MAX_LORAS: Final = 20
_MAX_DIGITS: Final = 20
_MAX_SIDE: Final = 100_000  # pixels
_MAX_JSON: Final = 1_000_000  # characters: as Python objects they may take 30 times as much
_NUMBER: Final = re.compile(r"[+-]?\d{1,20}(?:\.0*)?")
_SIZE: Final = re.compile(r"\D{0,3}(\d{1,5})\D{1,3}(\d{1,5})\D{0,3}")

Object = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class LoraUse:
    """How another program used a LoRA.

    Attributes:
        digits: The beginning of a hash of its file.

    """

    scale: float = 1.0
    digits: str = ""


@dataclass(frozen=True, kw_only=True)
class ToolMetadata:
    """What a file says about how another program made it; none of it is proven.

    Attributes:
        tool: The program, as it is called; empty if it only writes like AUTOMATIC1111.
        size: Width and height in pixels; the file may have been enlarged after it.
        steps: Of the sampler.
        guidance: The CFG scale.
        loras: The names of adapters.
        lora_uses: How those were used of which that is known, by name.

    """

    tool: str
    prompt: str = ""
    negative_prompt: str = ""
    model: str = ""
    seed: int | None = None
    size: tuple[int, int] | None = None
    steps: int | None = None
    sampler: str = ""
    guidance: str = ""
    loras: tuple[str, ...] = ()
    lora_uses: Mapping[str, LoraUse] = field(default_factory=dict)


def parse_object(text: str | None) -> Object | None:
    """Return a JSON object, or None for anything else."""
    if text is None or len(text) > _MAX_JSON or text.lstrip()[:1] != "{":
        return None
    try:
        value = json.loads(text, parse_int=_whole_of)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _whole_of(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MAX_DIGITS else None


def words(value: object, limit: int = MAX_VALUE) -> str:
    """Return a text or a number as it is shown; nothing for all else."""
    if isinstance(value, str):
        return value[:limit].strip()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)[:limit]


def prompt(value: object) -> str:
    """Return a prompt: a text, or a list of texts."""
    if isinstance(value, (list, tuple)):
        value = ", ".join(each for each in value[:100] if isinstance(each, str))
    return words(value, MAX_TEXT) if isinstance(value, str) else ""


def scale_of(value: object) -> float:
    """Return how strongly an adapter was used; 1 where that cannot be read."""
    try:
        scale = float(value) if isinstance(value, (int, float, str)) else 1.0
    except ValueError:
        return 1.0
    return scale if math.isfinite(scale) else 1.0


def whole(value: object) -> int | None:
    """Return a whole number, however it is written; None if it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value.is_integer() else None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return int(value.strip().split(".")[0])
    return None


def size(width: object, height: object) -> tuple[int, int] | None:
    """Return a size in pixels, if both sides can be meant."""
    across, down = whole(width), whole(height)
    if across is None or down is None:
        return None
    return (across, down) if 0 < min(across, down) <= max(across, down) < _MAX_SIDE else None


def size_of(text: object) -> tuple[int, int] | None:
    """Read `512x768` or `(896, 1152)`."""
    found = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
    return None if found is None else size(found[1], found[2])


def names(values: object, *keys: str) -> tuple[str, ...]:
    """Return the names of adapters: of a list of texts, or of objects that have one of the keys."""
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, (list, tuple)):
        return ()
    found = (name_of(each, *keys) for each in values[:_MAX_LORAS])
    return tuple(each for each in found if each)


def name_of(value: object, *keys: str, depth: int = 3) -> str:
    """Return a name: a text, the first of a list, or what an object has under the first key."""
    if depth and isinstance(value, Mapping):
        nested = (name_of(value[key], *keys, depth=depth - 1) for key in keys if key in value)
        return next((each for each in nested if each), "")
    if depth and isinstance(value, (list, tuple)) and value:
        return name_of(value[0], *keys, depth=depth - 1)
    return words(value)
