"""What a file does to a weight, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Method(StrEnum):
    """How a change is written down."""

    LORA = "LoRA"
    LOKR = "LoKr"
    LOHA = "LoHa"
    DIFF = "difference"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a file does to one layer's weight, or to its bias.

    Attributes:
        part: `transformer` or `text_encoder`.
        parameters: Their names; three of a fused projection, whose rows follow one another.
        rows: Of each.
        keys: What of the change -> the tensor's name in the file.
        rank: None for a difference, or where both sides are full matrices.
        alpha: None where the file states none: then it counts as the rank.
        factor: What the product of the tensors is multiplied by, alpha / rank.
        is_used: False where the model's images depend on no such weight.

    """

    part: str
    parameters: tuple[str, ...]
    rows: tuple[int, ...]
    method: Method
    keys: Mapping[str, str]
    rank: int | None = None
    alpha: float | None = None
    factor: float = 1.0
    is_used: bool = True

    @property
    def is_dora(self) -> bool:
        """Tell whether each row, or column, is brought to a magnitude of its own."""
        return "magnitude" in self.keys
