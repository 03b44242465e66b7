"""The options of a refused command, as a form offers them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.discord_ui.loras import as_tags, scaled_lora
from bot.domain.permutations import Permutation
from bot.domain.plain_text import shortened
from bot.domain.requests import ADAPTERS, PROMPT, ModelRules
from bot.errors import InvalidRequestError

_MAX_LORA: Final = 300  # characters, so that the prompt keeps its room in the form
_BELONGS: Final = {"lora_scale": "lora", "control_kind": "control", "mask": "source"}


def changeable(
    typed: Mapping[str, str], options: dict[str, Any], rules: ModelRules
) -> dict[str, str]:
    """Return what a form shows of what was typed, so that every reason of a refusal can be changed.

    A LoRA that does not work goes from the options to the prompt; what belongs to nothing goes.
    """
    for part in [part for part, whole in _BELONGS.items() if not options.get(whole)]:
        options.pop(part, None)
    lora, scale = options.get("lora"), options.get("lora_scale")
    if lora is None or _works(lora, scale, rules):
        return dict(typed)
    del options["lora"]
    options.pop("lora_scale", None)
    return {
        **typed,
        PROMPT.option: f"{typed[PROMPT.option]} {as_tags(shortened(lora, _MAX_LORA), scale)}",
    }


def _works(lora: str, scale: float | None, rules: ModelRules) -> bool:
    """Tell whether the option `lora` can be drawn with, whatever its braces stand for."""
    try:
        for each in Permutation.of({"lora": lora}).combinations():
            ADAPTERS.read(scaled_lora(each["lora"], scale), rules)
    except InvalidRequestError:
        return False
    return True
