"""What of another program's picture can be drawn here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.domain.plain_text import visible
from bot.domain.requests import (
    MAX_PROMPT_CHARACTERS,
    MAX_SEED,
    ImageRequest,
    ModelRules,
    Size,
    random_seed,
)
from bot.media.metadata.parameters import MAX_TEXT, ToolMetadata

_ADAPTER: Final = re.compile(r"<(?:lora|lyco|hypernet):[^<>]{0,240}>", re.IGNORECASE)
_WEIGHT: Final = re.compile(r"\(([^()]{1,2000}):\s?[\d.]{1,8}\)")


class LeftOut(StrEnum):
    """A setting of another program that the model here cannot use."""

    NEGATIVE_PROMPT = "negative_prompt"
    SAMPLER = "sampler"
    GUIDANCE = "guidance"
    LORAS = "loras"
    WEIGHTS = "weights"  # `(word:1.3)`
    SEED = "seed"  # out of range here


@dataclass(frozen=True, kw_only=True)
class Takeover:
    """What can be drawn here.

    Attributes:
        seed: None for a random one.
        left_out: What has no use here.

    """

    prompt: str
    size: Size
    seed: int | None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def request(self) -> ImageRequest:
        """Return it as a request; without a seed, with another one each time."""
        seed = random_seed() if self.seed is None else self.seed
        return ImageRequest(prompt=self.prompt, size=self.size, seed=seed)


def take_over(
    found: ToolMetadata, rules: ModelRules, picture_size: tuple[int, int]
) -> Takeover | None:
    """Return what can be drawn here; None if there is no prompt, or none that is short enough.

    Args:
        found: What the file says.
        rules: The sizes that are drawn here.
        picture_size: Of the picture, where the file does not say how large it was made.

    """
    prompt = visible(_WEIGHT.sub(r"\1", _ADAPTER.sub(" ", found.prompt)), MAX_TEXT)
    if not prompt or len(prompt) > MAX_PROMPT_CHARACTERS:
        return None
    seed = found.seed if found.seed is not None and 0 <= found.seed <= MAX_SEED else None
    return Takeover(
        prompt=prompt,
        size=rules.nearest(*(found.size or picture_size)),
        seed=seed,
        left_out=tuple(_left_out(found, seed)),
    )


def _left_out(found: ToolMetadata, seed: int | None) -> list[LeftOut]:
    has = {
        LeftOut.NEGATIVE_PROMPT: bool(found.negative_prompt),
        LeftOut.SAMPLER: bool(found.sampler),
        LeftOut.GUIDANCE: bool(found.guidance),
        LeftOut.LORAS: bool(found.loras) or _ADAPTER.search(found.prompt) is not None,
        LeftOut.WEIGHTS: _WEIGHT.search(found.prompt) is not None,
        LeftOut.SEED: found.seed is not None and seed is None,
    }
    return [each for each, is_there in has.items() if is_there]
