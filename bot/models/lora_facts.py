"""What a LoRA's file tells of itself: trigger words, base model, rank; nothing of it is proven."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bot.domain.plain_text import visible
from bot.engine.weight_headers import Header, Tensor

_MOST_TRIGGERS: Final = 5
_MAX_TRIGGER: Final = 60  # characters
_MAX_FACT: Final = 80
_MAX_JSON: Final = 2_000_000  # characters; the tags of a large training set have some 100,000
_MAX_NOTES: Final = 100_000  # bytes of the file that other programs keep beside it
_MOST_RANK: Final = 100_000
_DOWN: Final = re.compile(r"lora[_.](?:a|down)\b|lora_A|lora_down|hada_w1_b|lokr_w\d_b")
_HASH: Final = re.compile(r"(?:0x)?([0-9a-f]{8,64})")

# Where programs write them, the most certain place first. `activation text` is AUTOMATIC1111's.
_TRIGGER_KEYS: Final = (
    "modelspec.trigger_phrase", "trigger_words", "trigger_word", "trigger_phrase",
    "ss_trigger_words", "activation text",
)  # fmt: skip
_BASE_KEYS: Final = (
    "modelspec.architecture", "ss_base_model_version", "base_model", "ss_sd_model_name",
)  # fmt: skip
_TITLE_KEYS: Final = ("modelspec.title", "ss_output_name", "name", "title")


def facts_of(header: Header, notes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a `Lora` that its header tells.

    Args:
        header: Of the file.
        notes: What lies beside it, as `read_notes` returns it; goes before.

    """
    said = {**header.metadata, **notes}
    return {
        "triggers": _triggers(said),
        "base": _first(said, _BASE_KEYS),
        "title": _first(said, _TITLE_KEYS),
        "rank": _rank(said, header.tensors),
        "weights_hash": _hash(said.get("sshs_model_hash")),
    }


def read_notes(file: Path) -> Mapping[str, Any]:
    """Return what AUTOMATIC1111 and Forge keep beside a file, in `name.json`; or nothing."""
    path = file.with_suffix(".json")
    try:
        if not path.is_file() or path.stat().st_size > _MAX_NOTES:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    words = found.get("activation text") if isinstance(found, dict) else None
    return {"activation text": words} if isinstance(words, str) and words.strip() else {}


def _triggers(said: Mapping[str, Any]) -> tuple[str, ...]:
    # What lies beside the file was written by whoever put it there, so it goes first.
    keys = sorted(_TRIGGER_KEYS, key=lambda key: key != "activation text")
    for key in keys:
        if found := _words(said.get(key)):
            return found
    return _common_tags(said.get("ss_tag_frequency"))


def _words(value: object) -> tuple[str, ...]:
    """Return trigger words of a text with commas, or of a JSON list."""
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        value = _json(value) or value
    pieces = value if isinstance(value, list) else str(value).split(",") if value else []
    words = (visible(each, _MAX_TRIGGER) for each in pieces if isinstance(each, str))
    return tuple(dict.fromkeys(each for each in words if each))[:_MOST_TRIGGERS]


def _common_tags(value: object) -> tuple[str, ...]:
    """Return the tags that all pictures of a training set had: one of them is the trigger.

    kohya's programs count them by folder, `{"10_neon": {"neon style": 20, …}}`.
    """
    folders = _json(value) if isinstance(value, str) else value
    counts: dict[str, int] = {}
    for tags in folders.values() if isinstance(folders, dict) else ():
        for tag, count in tags.items() if isinstance(tags, dict) else ():
            if isinstance(count, int) and not isinstance(count, bool) and count > 0:
                counts[tag] = counts.get(tag, 0) + count
    most = max(counts.values(), default=0)
    return _words([tag for tag, count in counts.items() if count == most][:2]) if most > 1 else ()


def _json(text: str) -> Any:  # noqa: ANN401 - JSON
    if len(text) > _MAX_JSON:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _first(said: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    found = (visible(each, _MAX_FACT) for key in keys if isinstance(each := said.get(key), str))
    return next((each for each in found if each), "")


def _rank(said: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> int | None:
    """Return the largest rank of its matrices, or else what its trainer says."""
    shapes = [
        each.shape for name, each in tensors.items() if _DOWN.search(name) and len(each.shape) > 1
    ]
    if shapes:
        return max(map(min, shapes))
    stated = str(said.get("ss_network_dim", ""))
    return (
        int(stated)
        if stated.isascii() and stated.isdigit() and len(stated) < len(str(_MOST_RANK))
        else None
    )


def _hash(value: object) -> str:
    found = _HASH.fullmatch(value.strip().casefold()) if isinstance(value, str) else None
    return "" if found is None else found[1]
