"""Programs that write one JSON object: InvokeAI, SwarmUI, Fooocus, NovelAI, Draw Things."""

from __future__ import annotations

import re
from typing import Final

from bot.media.metadata.parameters import (
    Object,
    ToolMetadata,
    name_of,
    names,
    prompt,
    size,
    size_of,
    whole,
    words,
)

_MODEL_KEYS: Final = ("model_name", "name", "model", "lora", "key")
_DREAM: Final = re.compile(r'"([^"]{0,20000})"(.{0,1000})')
_DREAM_OPTION: Final = re.compile(r"-(\w) ?(\S{1,40})")
_NEGATIVE: Final = re.compile(r"\[([^\[\]]*)\]")


def read_invokeai(found: Object) -> ToolMetadata:
    """Read `invokeai_metadata` of InvokeAI 3 and newer."""
    return ToolMetadata(
        tool="InvokeAI",
        prompt=prompt(found.get("positive_prompt")),
        negative_prompt=prompt(found.get("negative_prompt")),
        model=name_of(found.get("model"), *_MODEL_KEYS),
        seed=whole(found.get("seed")),
        size=size(found.get("width"), found.get("height")),
        steps=whole(found.get("steps")),
        sampler=words(found.get("scheduler")),
        guidance=words(found.get("cfg_scale", found.get("guidance"))),
        loras=names(found.get("loras"), "model", *_MODEL_KEYS),
    )


def read_old_invokeai(found: Object) -> ToolMetadata | None:
    """Read `sd-metadata` of InvokeAI 2."""
    image = found.get("image")
    if not isinstance(image, dict):
        return None
    parts = image.get("prompt")
    if isinstance(parts, list):
        parts = [each.get("prompt") for each in parts[:100] if isinstance(each, dict)]
    positive, negative = _split(prompt(parts))
    return ToolMetadata(
        tool="InvokeAI",
        prompt=positive,
        negative_prompt=negative,
        model=words(found.get("model_weights")),
        seed=whole(image.get("seed")),
        size=size(image.get("width"), image.get("height")),
        steps=whole(image.get("steps")),
        sampler=words(image.get("sampler")),
        guidance=words(image.get("cfg_scale")),
    )


def read_dream(text: str) -> ToolMetadata | None:
    """Read the command line that InvokeAI 1 wrote: `"a fox [blurry]" -s 20 -S 42 -W 512 …`."""
    found = _DREAM.match(text.strip())
    if found is None:
        return None
    options = dict(_DREAM_OPTION.findall(found[2]))
    positive, negative = _split(found[1])
    return ToolMetadata(
        tool="InvokeAI",
        prompt=positive,
        negative_prompt=negative,
        seed=whole(options.get("S")),
        size=size(options.get("W"), options.get("H")),
        steps=whole(options.get("s")),
        sampler=words(options.get("A")),
        guidance=words(options.get("C")),
    )


def _split(text: str) -> tuple[str, str]:
    """Return the prompt, and as negative prompt what stood in brackets."""
    return " ".join(_NEGATIVE.sub(" ", text).split()), ", ".join(_NEGATIVE.findall(text))


def read_swarmui(found: Object) -> ToolMetadata | None:
    """Read `sui_image_params`."""
    image = found.get("sui_image_params")
    if not isinstance(image, dict):
        return None
    return ToolMetadata(
        tool="SwarmUI",
        prompt=prompt(image.get("prompt")),
        negative_prompt=prompt(image.get("negativeprompt")),
        model=words(image.get("model")),
        seed=whole(image.get("seed")),
        size=size(image.get("width"), image.get("height")),
        steps=whole(image.get("steps")),
        sampler=words(image.get("sampler")),
        guidance=words(image.get("cfgscale")),
        loras=names(image.get("loras")),
    )


def read_fooocus(found: Object) -> ToolMetadata | None:
    """Read what Fooocus writes in its own scheme."""
    if "base_model" not in found:
        return None
    return ToolMetadata(
        tool="Fooocus",
        prompt=prompt(found.get("prompt")),
        negative_prompt=prompt(found.get("negative_prompt")),
        model=words(found.get("base_model")),
        seed=whole(found.get("seed")),
        size=size_of(found.get("resolution")),
        steps=whole(found.get("steps")),
        sampler=words(found.get("sampler")),
        guidance=words(found.get("guidance_scale")),
        loras=names(found.get("loras")),
    )


def read_novelai(found: Object, description: str, source: str) -> ToolMetadata | None:
    """Read the `Comment` of NovelAI; the prompt also stands in the `Description`."""
    if "uc" not in found and "sampler" not in found:
        return None
    return ToolMetadata(
        tool="NovelAI",
        prompt=prompt(found.get("prompt")) or prompt(description),
        negative_prompt=prompt(found.get("uc")),
        model=words(source),
        seed=whole(found.get("seed")),
        size=size(found.get("width"), found.get("height")),
        steps=whole(found.get("steps")),
        sampler=words(found.get("sampler")),
        guidance=words(found.get("scale")),
    )


def read_draw_things(found: Object) -> ToolMetadata | None:
    """Read the comment of Draw Things: `c` is the prompt, `uc` the negative one."""
    if not isinstance(found.get("c"), str) or "sampler" not in found:
        return None
    return ToolMetadata(
        tool="Draw Things",
        prompt=prompt(found.get("c")),
        negative_prompt=prompt(found.get("uc")),
        model=words(found.get("model")),
        seed=whole(found.get("seed")),
        size=size_of(found.get("size")),
        steps=whole(found.get("steps")),
        sampler=words(found.get("sampler")),
        guidance=words(found.get("scale")),
        loras=names(found.get("lora"), "model"),
    )
