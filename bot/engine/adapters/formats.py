"""One reader for every format of LoRA: each tensor is mapped to a layer, or the file is refused."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.engine.adapters.changes import Change
from bot.engine.adapters.content import AdapterContent, cannot_use, read_content, shown
from bot.engine.adapters.foreign import foreign_model
from bot.engine.adapters.mapper import ChangeMapper
from bot.engine.adapters.names import LayerNames
from bot.engine.adapters.shapes import ModelShapes
from bot.engine.adapters.stated_alphas import StatedAlphas

# The end of a tensor's name: what it is of the change of its layer. Between `lora_A` and `weight`
# trainers write the name of an adapter, such as `default`.
_ROLES: Final = (
    (re.compile(r"\.lora(?:_A|_down|\.down)(?:\.(?!weight$)[^.]+)?\.weight$"), "down"),
    (re.compile(r"\.lora(?:_B|_up|\.up)(?:\.(?!weight$)[^.]+)?\.weight$"), "up"),
    (re.compile(r"\.alpha$"), "alpha"),
    (re.compile(r"\.dora_scale$"), "magnitude"),
    (re.compile(r"\.lora_magnitude_vector(?:\.[^.]+)?(?:\.weight)?$"), "magnitude"),
    (re.compile(r"\.(?:lokr|hada)_(w[12](?:_[ab])?)(?:\.[^.]+)?$"), None),  # its own name
    (re.compile(r"\.(?:diff|w_norm)$"), "diff"),
    (re.compile(r"\.(?:diff_b|b_norm)$"), "bias"),
)
_SPECIAL: Final = (
    (re.compile(r"\.lokr_t2|\.hada_t[12]|\.lora_mid"), "is for a convolution"),
    (re.compile(r"\.lora_embedding_[AB]"), "changes a table of words"),
    (re.compile(r"\.lora(_B|_up|\.up)\.(.+\.)?bias$"), "adds a bias where the model has none"),
    (re.compile(r"\.(oft_\w+|boft_\w+|vera_\w+|ia3_\w+|glora_\w+)|\.[ab][12]\.weight$"),
     "is of a method other than LoRA, LoKr, LoHa and DoRA"),
    (re.compile(r"\.(weight|bias)$"), "is a weight of a whole model, not a change of one"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AdapterFile:
    """A file that fits the model.

    Attributes:
        changes: All of its tensors are in one of them.
        style: Whose names the tensors have, in words.

    """

    content: AdapterContent
    changes: tuple[Change, ...]
    style: str

    def number_of_layers(self, part: str) -> int:
        """Return how many of the model's own layers of a part are changed."""
        return len({name for each in self.changes if each.part == part for name in each.parameters})


def read_adapter(file: Path, shapes: ModelShapes) -> AdapterFile:
    """Read a file, whatever program wrote it.

    Raises:
        AdapterFileError: It is broken or does not fit; the sentence names the first tensor that
            does not, and why.

    """
    return mapped(read_content(file), shapes)


def mapped(content: AdapterContent, shapes: ModelShapes) -> AdapterFile:
    """Map each tensor of a file.

    Raises:
        AdapterFileError: One does not fit.

    """
    if not content.tensors:
        raise cannot_use(content.name, "there are no tensors in it")
    if (other := foreign_model(content.tensors, content.metadata)) is not None:
        raise cannot_use(
            content.name, f"it is for {other[0]}, not for Z-Image (it has {shown(other[1])})"
        )
    names, groups = LayerNames(shapes), _grouped(content)
    mapper = ChangeMapper(content, shapes, StatedAlphas(content.metadata))
    changes: list[Change] = []
    for stem, keys in groups.items():
        target = names.find(stem)
        if target is None:
            key = next(iter(keys.values()))
            raise cannot_use(
                content.name, f"{shown(key)} is of a layer that this model does not have"
            )
        changes += mapper.changes(target, keys)
    _refuse_twice(content, changes)
    for change in changes:
        if (method := shapes.quantised.get(change.part)) is not None:
            raise cannot_use(
                content.name,
                f"it changes the {change.part.replace('_', ' ')}, which {method} quantised in this "
                "model's own files; use files in bfloat16",
            )
    return AdapterFile(content=content, changes=tuple(changes), style=_style(content, changes))


def _grouped(content: AdapterContent) -> dict[str, dict[str, str]]:
    """Return the name of each layer -> what of its change -> the tensor's name."""
    groups: dict[str, dict[str, str]] = defaultdict(dict)
    for key in content.tensors:
        stem, role = _role(content, key)
        if role in groups[stem]:
            raise cannot_use(content.name, f"{shown(key)} and {groups[stem][role]} are the same")
        groups[stem][role] = key
    return groups


def _role(content: AdapterContent, key: str) -> tuple[str, str]:
    for pattern, why in _SPECIAL[:-1]:
        if pattern.search(key):
            raise cannot_use(content.name, f"{shown(key)} {why}, which is not applied here")
    for pattern, role in _ROLES:
        if match := pattern.search(key):
            return key[: match.start()], role or match[1]
    if _SPECIAL[-1][0].search(key):
        raise cannot_use(content.name, f"{shown(key)} {_SPECIAL[-1][1]}")
    raise cannot_use(content.name, f"{shown(key)} is no part of a LoRA")


def _refuse_twice(content: AdapterContent, changes: list[Change]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for change in changes:
        key = next(iter(change.keys.values()))
        for name in change.parameters:
            if (other := seen.get((change.part, name))) is not None:
                raise cannot_use(
                    content.name, f"{shown(key)} and {shown(other)} change the same weight"
                )
            seen[change.part, name] = key


def _style(content: AdapterContent, changes: list[Change]) -> str:
    """Say in words whose names the tensors have, and by which method they change weights."""
    keys = list(content.tensors)
    methods = sorted({each.method.value for each in changes})
    words = [_writer(keys), " and ".join(methods)]
    if any(each.is_dora for each in changes):
        words.append("DoRA")
    if any(len(each.parameters) > 1 for each in changes):
        words.append("fused qkv")
    return ", ".join(words)


_WRITERS: Final = (
    (re.compile(r"base_model\."), "PEFT"),
    (re.compile(r"lora_(unet|transformer|te\d?)_"), "kohya"),
    (re.compile(r"lycoris_"), "LyCORIS"),
    (re.compile(r".*\.lora_[AB]\.default\."), "DiffSynth"),
    (re.compile(r"(model\.)?diffusion_model\.|text_encoders\."), "ComfyUI or ai-toolkit"),
    (re.compile(r"transformer\.|text_encoder\."), "diffusers"),
)


def _writer(keys: list[str]) -> str:
    found = (words for pattern, words in _WRITERS if pattern.match(keys[0]))
    return next(found, "no prefix")
