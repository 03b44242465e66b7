"""What is in a LoRA's file, counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.engine.adapters.formats import AdapterFile
from bot.engine.adapters.shapes import TEXT_ENCODER, TRANSFORMER

# By the end of a layer's name, in either part.
_KINDS: Final = (
    (re.compile(r"\.(attention|self_attn)\.(to_|[qkvo]_proj)"), "attention"),
    (re.compile(r"\.(feed_forward|mlp)\.(w\d|\w+_proj)"), "feed-forward"),
    (re.compile(r"adaLN_modulation|t_embedder"), "modulation"),
    (re.compile(r"norm"), "norms"),
)


@dataclass(frozen=True, kw_only=True)
class AdapterReport:
    """What a file changes, and how strongly.

    Attributes:
        style: Whose names its tensors have, and its methods.
        layers: Part -> kind of layer -> how many of the model's parameters are changed.
        unused: Of the text encoder's, those that no image depends on.
        ranks: All that occur.
        alphas: Likewise; none where the file states none.
        factors: What products are multiplied by at a scale of 1, alpha / rank.
        tensors: How many there are in the file; all of them are mapped.
        num_values: Values in them.

    """

    style: str
    layers: Mapping[str, Mapping[str, int]]
    unused: int
    ranks: tuple[int, ...]
    alphas: tuple[float, ...]
    factors: tuple[float, ...]
    tensors: int
    num_values: int

    @classmethod
    def of(cls, file: AdapterFile) -> AdapterReport:
        """Count what is in a file."""
        changes = file.changes
        names: dict[str, Counter[str]] = {TRANSFORMER: Counter(), TEXT_ENCODER: Counter()}
        for change in changes:
            names[change.part].update(map(_kind, change.parameters))
        values = (_product(each.shape) for each in file.content.tensors.values())
        return cls(
            style=file.style,
            layers={part: dict(found) for part, found in names.items() if found},
            unused=sum(not each.is_used for each in changes),
            ranks=tuple(sorted({each.rank for each in changes if each.rank is not None})),
            alphas=tuple(sorted({each.alpha for each in changes if each.alpha is not None})),
            factors=tuple(sorted({each.factor for each in changes if each.rank is not None})),
            tensors=len(file.content.tensors),
            num_values=sum(values),
        )


def _kind(name: str) -> str:
    return next((kind for pattern, kind in _KINDS if pattern.search(name)), "others")


def _product(shape: tuple[int, ...]) -> int:
    found = 1
    for size in shape:
        found *= size
    return found
