"""What the layers of a model are called in the files of all the programs that train LoRAs.

diffusers splits the attention's projection into three and renamed some layers; ComfyUI and most
trainers keep the names of the model as it was published; kohya's scripts write either with
underscores for dots. All of them, behind any prefix, lead to diffusers' names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.engine.adapters.shapes import TEXT_ENCODER, TRANSFORMER, ModelShapes, Shape

_WEIGHT, _BIAS = ".weight", ".bias"
# diffusers' name -> the published one
_PUBLISHED: Final = (
    (re.compile(r"\.attention\.to_out\.0$"), ".attention.out"),
    (re.compile(r"\.attention\.to_out\.0$"), ".attention.to_out"),
    (re.compile(r"\.attention\.norm_([qk])$"), r".attention.\1_norm"),
    (re.compile(r"^all_x_embedder\.2-1$"), "x_embedder"),
    (re.compile(r"^all_final_layer\.2-1\."), "final_layer."),
)
_QUERY: Final = re.compile(r"(.+\.attention\.)to_q")
# What may stand before a name, and which part it says that the layer is of.
_PREFIXES: Final = (
    (re.compile(r"(base_model\.model|module)\."), None),
    (re.compile(r"(model\.)?diffusion_model\."), TRANSFORMER),
    (re.compile(r"lora_(unet|transformer)__?"), TRANSFORMER),  # two in VideoX-Fun's
    (re.compile(r"(transformer|unet|(pipe\.)?dit)\."), TRANSFORMER),
    (re.compile(r"text_encoders\.\w+\.transformer\."), TEXT_ENCODER),
    (re.compile(r"(pipe\.)?text_encoder\."), TEXT_ENCODER),
    (re.compile(r"lora_te\d?__?"), TEXT_ENCODER),
    (re.compile(r"lycoris_"), None),
    (re.compile(r"model[._](?=layers[._])"), None),
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """The layer that a tensor changes.

    Attributes:
        part: `transformer` or `text_encoder`.
        modules: Its name; three for a fused projection, whose rows follow one another.

    """

    part: str
    modules: tuple[str, ...]

    def parameters(self, kind: str) -> tuple[str, ...]:
        """Return the names of its parameters of a kind, `weight` or `bias`."""
        return tuple(f"{module}.{kind}" for module in self.modules)

    def shape(self, kind: str, shapes: ModelShapes) -> Shape | None:
        """Return the shape of its parameters together; None where it has none of this kind."""
        known = shapes.parts[self.part]
        found = [known.get(name) for name in self.parameters(kind)]
        own = [shape for shape in found if shape is not None]
        if len(own) < len(found):
            return None
        return (sum(shape[0] for shape in own), *own[0][1:])


class LayerNames:
    """All names of a model's layers."""

    def __init__(self, shapes: ModelShapes) -> None:
        """Work them out from the model's own."""
        self._targets = {
            part: dict(_named(part, shapes.parts[part])) for part in (TRANSFORMER, TEXT_ENCODER)
        }

    def find(self, name: str) -> Target | None:
        """Return the layer of a name as it stands in a file; None where the model has none."""
        part, bare = without_prefix(name)
        for each in (TRANSFORMER, TEXT_ENCODER) if part is None else (part,):
            if (found := self._targets[each].get(bare)) is not None:
                return found
        return None


def without_prefix(name: str) -> tuple[str | None, str]:
    """Return the part that a name's prefixes tell of, and what stands behind them."""
    part: str | None = None
    while True:
        for pattern, of in _PREFIXES:
            if match := pattern.match(name):
                name, part = name[match.end() :], of or part
                break
        else:
            return part, name


def _named(part: str, parameters: Mapping[str, Shape]) -> Iterator[tuple[str, Target]]:
    modules = {name.removesuffix(_WEIGHT).removesuffix(_BIAS) for name in parameters}
    for module in modules:
        target = Target(part=part, modules=(module,))
        names = {module, *(pattern.sub(new, module) for pattern, new in _PUBLISHED)}
        for name in names:
            yield from _both_ways(name, target)
        if part == TRANSFORMER and (query := _QUERY.fullmatch(module)):
            three = tuple(f"{query[1]}to_{which}" for which in "qkv")
            yield from _both_ways(f"{query[1]}qkv", Target(part=part, modules=three))


def _both_ways(name: str, target: Target) -> Iterator[tuple[str, Target]]:
    yield name, target
    yield name.replace(".", "_"), target
