"""What of another program's picture can be drawn here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PureWindowsPath
from typing import Final

from bot.domain.loras import Lora
from bot.domain.plain_text import visible
from bot.domain.requests import (
    MAX_ADAPTERS,
    MAX_PROMPT_CHARACTERS,
    MAX_SCALE,
    MAX_SEED,
    ImageRequest,
    ModelProfile,
    ModelRules,
    Size,
    random_seed,
    take_tags,
)
from bot.errors import InvalidRequestError
from bot.media.metadata.parameters import MAX_TEXT, LoraUse, ToolMetadata

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
        prompt: LoRAs that are here, too, are named in it as `<lora:neon:0.8>`.
        seed: None for a random one.
        negative: What the image should not show; empty where the model heeds that with guidance
            only, which nobody chose.
        left_out: What has no use here.
        missing_loras: The names of those that are not here.

    """

    prompt: str
    size: Size
    seed: int | None
    left_out: tuple[LeftOut, ...] = ()
    missing_loras: tuple[str, ...] = ()
    negative: str = ""

    def request(self, rules: ModelRules) -> ImageRequest:
        """Return it as a request; without a seed, with another one each time."""
        prompt, adapters = take_tags(self.prompt, rules.loras)
        return ImageRequest(
            prompt=" ".join(_ADAPTER.sub(" ", prompt).split()),  # one may be gone by now
            size=self.size,
            seed=random_seed() if self.seed is None else self.seed,
            negative=self.negative,
            guidance_scale=rules.profile.usual_guidance,
            profile=rules.profile,
            adapters=adapters,
        )


def take_over(
    found: ToolMetadata, rules: ModelRules, picture_size: tuple[int, int]
) -> Takeover | None:
    """Return what can be drawn here; None if there is no prompt, or none that is short enough.

    Args:
        found: What the file says.
        rules: What can be asked of the model here.
        picture_size: Of the picture, where the file does not say how large it was made.

    """
    prompt = visible(_WEIGHT.sub(r"\1", _ADAPTER.sub(" ", found.prompt)), MAX_TEXT)
    tags, missing = _loras_here(found, rules)
    if not prompt or len(" ".join([prompt, *tags])) > MAX_PROMPT_CHARACTERS:
        return None
    seed = found.seed if found.seed is not None and 0 <= found.seed <= MAX_SEED else None
    negative = _negative(found, rules.profile)
    return Takeover(
        prompt=" ".join([prompt, *tags]),
        size=rules.nearest(*(found.size or picture_size)),
        seed=seed,
        left_out=tuple(
            _left_out(found, seed, has_missing=bool(missing), has_negative=bool(negative))
        ),
        missing_loras=missing,
        negative=negative,
    )


def _loras_here(found: ToolMetadata, rules: ModelRules) -> tuple[list[str], tuple[str, ...]]:
    """Return the LoRAs that are here, too, as a prompt names them, and the names of the others."""
    tags: dict[str, str] = {}
    missing = []
    for name in found.loras:
        use = found.lora_uses.get(name, LoraUse())
        lora = rules.loras.with_hash(use.digits) or _of_name(name, rules)
        if lora is None or (len(tags) == MAX_ADAPTERS and lora.name not in tags):
            missing.append(name)
        else:
            scale = max(-MAX_SCALE, min(use.scale, MAX_SCALE))
            tags[lora.name] = f"<lora:{lora.name}:{scale:.3f}>"
    return list(tags.values()), tuple(missing)


def _of_name(name: str, rules: ModelRules) -> Lora | None:
    """Return the LoRA whose file has the same name, and not one that is only like it."""
    stem = PureWindowsPath(name).name.removesuffix(".safetensors")  # knows both kinds of slashes
    try:
        lora = rules.loras.find(stem)
    except InvalidRequestError:
        return None
    return lora if lora.is_called(stem) else None


def _names_others(found: ToolMetadata) -> bool:
    """Tell whether a prompt names adapters of other kinds, or in ways that nothing reads."""
    tags = _ADAPTER.findall(found.prompt)
    return bool(tags) and (not found.loras or any("hypernet" in each.casefold() for each in tags))


def _negative(found: ToolMetadata, profile: ModelProfile) -> str:
    """Return the negative prompt, where it counts and is short enough."""
    words = visible(_WEIGHT.sub(r"\1", _ADAPTER.sub(" ", found.negative_prompt)), MAX_TEXT)
    return words if profile.counts_negative and len(words) <= MAX_PROMPT_CHARACTERS else ""


def _left_out(
    found: ToolMetadata, seed: int | None, *, has_missing: bool, has_negative: bool
) -> list[LeftOut]:
    has = {
        LeftOut.NEGATIVE_PROMPT: bool(found.negative_prompt) and not has_negative,
        LeftOut.SAMPLER: bool(found.sampler),
        LeftOut.GUIDANCE: bool(found.guidance),
        LeftOut.LORAS: has_missing or _names_others(found),
        LeftOut.WEIGHTS: _WEIGHT.search(found.prompt) is not None,
        LeftOut.SEED: found.seed is not None and seed is None,
    }
    return [each for each, is_there in has.items() if is_there]
