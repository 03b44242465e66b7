"""The graph of ComfyUI: nodes whose inputs are values or links to other nodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from bot.media.metadata.parameters import (
    MAX_TEXT,
    LoraUse,
    Object,
    ToolMetadata,
    scale_of,
    size,
    whole,
    words,
)

_MAX_NODES: Final = 500  # looked at from one place; large graphs of people have some 200
_MOST_LORAS: Final = 20
_SHARED_TEXTS: Final = ("text", "prompt", "text_g", "clip_l", "t5xxl", "string", "value")
_TEXTS: Final = ("positive_prompt", *_SHARED_TEXTS, "wildcard_text", "populated_text")
_NEGATIVE_TEXTS: Final = ("negative_prompt", *_SHARED_TEXTS)
_MODELS: Final = ("ckpt_name", "unet_name", "model_name", "diffusion_model", "base_ckpt_name")
_SEEDS: Final = ("seed", "noise_seed")
_POSITIVE: Final = ("positive", "conditioning", "guider", "text_embeds", "pipe", "basic_pipe")


def read_graph(graph: Object) -> ToolMetadata | None:
    """Read the sampler of a graph that has a seed, and what leads to it."""
    nodes = {str(key): node for key, node in list(graph.items())[:5000] if _inputs(node)}
    samplers = [node for node in nodes.values() if _is_sampler(node)]
    if not samplers:
        return None
    inputs = _inputs(samplers[0])
    models = _reached(nodes, inputs, ("model", "guider", "pipe", "basic_pipe"))
    uses = {
        name: LoraUse(scale=scale_of(each.get("strength_model", 1.0)))
        for each in models
        if (name := words(each.get("lora_name")))
    }
    return ToolMetadata(
        tool="ComfyUI",
        prompt=_prompt(nodes, inputs),
        negative_prompt=_negative_prompt(nodes, inputs),
        model=_first(models, _MODELS),
        seed=_number(nodes, inputs, _SEEDS, ("noise",)),
        size=_size(nodes, inputs),
        steps=_number(nodes, inputs, ("steps",), ("sigmas",)),
        sampler=_first([inputs, *_reached(nodes, inputs, ("sampler",))], ("sampler_name",)),
        guidance=_first([inputs, *_reached(nodes, inputs, ("guider",))], ("cfg", "guidance")),
        loras=tuple(uses)[:_MOST_LORAS],
        lora_uses=dict(list(uses.items())[:_MOST_LORAS]),
    )


def _inputs(node: Any) -> Object:  # noqa: ANN401 - JSON
    inputs = node.get("inputs") if isinstance(node, dict) else None
    return inputs if isinstance(inputs, dict) else {}


def _is_sampler(node: Any) -> bool:  # noqa: ANN401 - JSON
    inputs = _inputs(node)
    has_seed = any(key in inputs for key in (*_SEEDS, "noise"))
    return has_seed and any(key in inputs for key in ("latent_image", "positive", "guider"))


def _reached(nodes: dict[str, Any], inputs: Object, starts: tuple[str, ...]) -> list[Object]:
    """Return the inputs of all nodes that some inputs lead to, the nearest first."""
    return list(_walk(nodes, [inputs[key] for key in starts if key in inputs]))


def _walk(nodes: dict[str, Any], links: list[Any]) -> Iterator[Object]:
    waiting, seen = deque(links), set[str]()
    while waiting and len(seen) < _MAX_NODES:
        link = waiting.popleft()
        name = str(link[0]) if isinstance(link, list) and link else ""
        if name not in nodes or name in seen:
            continue
        seen.add(name)
        inputs = _inputs(nodes[name])
        yield inputs
        waiting.extend(each for each in inputs.values() if isinstance(each, list))


def _prompt(nodes: dict[str, Any], inputs: Object) -> str:
    return _nearest_text(nodes, [inputs.get(key) for key in _POSITIVE], "positive", _TEXTS)


def _negative_prompt(nodes: dict[str, Any], inputs: Object) -> str:
    guider = next(iter(_reached(nodes, inputs, ("guider",))), {})
    links = [inputs.get("negative"), guider.get("negative"), inputs.get("text_embeds")]
    return _nearest_text(nodes, links, "negative", _NEGATIVE_TEXTS)


def _nearest_text(nodes: dict[str, Any], links: list[Any], side: str, keys: tuple[str, ...]) -> str:
    """Return the text nearest to some links.

    A node on the way that has both a positive and a negative input, as ControlNet's do, leads on
    by the side that is looked for.
    """
    waiting, seen = deque(links), set[str]()
    while waiting and len(seen) < _MAX_NODES:
        link = waiting.popleft()
        name = str(link[0]) if isinstance(link, list) and link else ""
        if name not in nodes or name in seen:
            continue
        seen.add(name)
        found = _inputs(nodes[name])
        texts = (found.get(key) for key in keys)
        if text := next((each for each in texts if isinstance(each, str) and each.strip()), ""):
            return words(text, MAX_TEXT)
        is_fork = "positive" in found or "negative" in found
        waiting.extend([found.get(side)] if is_fork else found.values())
    return ""


def _first(places: list[Object], keys: tuple[str, ...]) -> str:
    """Return the first text or number under one of the keys."""
    found = (words(inputs.get(key)) for inputs in places for key in keys)
    return next((each for each in found if each), "")


def _number(
    nodes: dict[str, Any], inputs: Object, keys: tuple[str, ...], starts: tuple[str, ...]
) -> int | None:
    """Return a number of the sampler, or of the nodes that give it."""
    linked = tuple(key for key in keys if isinstance(inputs.get(key), list))
    places = [inputs, *_reached(nodes, inputs, (*starts, *linked))]
    wanted = (*keys, "value", "int") if linked else keys
    found = (whole(place.get(key)) for place in places for key in wanted)
    return next((each for each in found if each is not None), None)


def _size(nodes: dict[str, Any], inputs: Object) -> tuple[int, int] | None:
    places = _reached(nodes, inputs, ("latent_image", "latent"))
    found = (size(each.get("width"), each.get("height")) for each in places)
    return next((each for each in found if each is not None), None)
