"""The `parameters` text of AUTOMATIC1111's web UI, which Forge, Civitai and many others write."""

from __future__ import annotations

import re
from typing import Final

from bot.media.metadata.parameters import (
    MAX_TEXT,
    LoraUse,
    ToolMetadata,
    scale_of,
    size_of,
    whole,
    words,
)

_NEGATIVE: Final = "Negative prompt:"
_MAX_LINE: Final = 10_000  # characters of the line of settings
_SETTINGS: Final = re.compile(r"(?:^|\n)[ \t]*Steps: ?\d")
# As the web UI reads it back: `Name: value`, or `Name: "quoted, with commas"`.
_PAIR: Final = re.compile(r'([A-Za-z][\w \-/]{0,60}):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
_LORA: Final = re.compile(
    r"<(?:lora|lyco):([^:<>]{1,200})(?::([^:<>]{0,20})(?::[^<>]{0,40})?)?>", re.IGNORECASE
)
_HASHES: Final = "Lora hashes"  # `"neon: 0123456789ab, ink: …"`
_MOST: Final = 20  # LoRAs
_MAX_DIGITS: Final = 64  # of a hash
_PROGRAMS: Final = {"f": "Forge", "v": "AUTOMATIC1111"}  # by how their versions begin


def read_infotext(text: str) -> ToolMetadata | None:
    """Read the prompt, the negative prompt and the line of settings."""
    lines = list(_SETTINGS.finditer(text[-MAX_TEXT:]))
    if not lines:
        return None
    at = max(0, len(text) - MAX_TEXT) + lines[-1].start()  # a prompt may hold such a line, too
    values = {key.strip(): _plain(value) for key, value in _PAIR.findall(text[at:][:_MAX_LINE])}
    prompt, _, negative = text[:at].partition(_NEGATIVE)
    uses = _uses(prompt[:MAX_TEXT], values.get(_HASHES, ""))
    return ToolMetadata(
        tool=_tool(values.get("Version", "")),
        prompt=words(prompt, MAX_TEXT),
        negative_prompt=words(negative, MAX_TEXT),
        model=words(values.get("Model") or values.get("Model hash")),
        seed=whole(values.get("Seed")),
        size=size_of(values.get("Size")),
        steps=whole(values.get("Steps")),
        sampler=words(" ".join(filter(None, [values.get("Sampler"), values.get("Schedule type")]))),
        guidance=words(values.get("CFG scale")),
        loras=tuple(uses),
        lora_uses=uses,
    )


def _uses(prompt: str, hashes: str) -> dict[str, LoraUse]:
    """Return how LoRAs were used that a prompt names, in its order."""
    pairs = (each.rpartition(":") for each in hashes.split(","))
    digits = {name.strip(): value.strip()[:_MAX_DIGITS] for name, _, value in pairs}
    found: dict[str, LoraUse] = {}
    for name, scale in _LORA.findall(prompt):
        if len(found) < _MOST:
            use = LoraUse(scale=scale_of(scale or 1.0), digits=digits.get(name, ""))
            found.setdefault(name, use)
    return found


def _plain(value: str) -> str:
    if value[:1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value.strip()


def _tool(version: str) -> str:
    return "" if version == "neo" else _PROGRAMS.get(version[:1], "")
