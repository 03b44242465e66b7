"""What other programs understand in a prompt and this model reads as plain words."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Syntax(StrEnum):
    """A kind of notation; `bot.locales` has a hint for each, `hint_<value>`."""

    WEIGHTS = "weights"  # (word:1.3), ((word)), [[word]], {{word}}, word::2
    OPTIONS = "options"  # --ar 16:9
    NEGATIVES = "negatives"  # --no x, Negative prompt: x
    ADAPTERS = "adapters"  # <lora:x:1>, embedding:x
    BREAKS = "breaks"  # BREAK
    CHOICES = "choices"  # {red, green} where /imagine does not read it: in an edited prompt, say
    SETTINGS = "settings"  # Steps: 20, Sampler: Euler a


_NUMBER: Final = r"-?\d*\.?\d+"
_PATTERNS: Final = {
    Syntax.WEIGHTS: re.compile(
        rf"[(（][^()（）]+[:：]\s*{_NUMBER}\s*[)）]"
        rf"|\[[^\[\]]+:\s*{_NUMBER}\s*\]"
        r"|\(\([^()]+\)\)|\[\[[^\[\]]+\]\]|\{\{[^{}]+\}\}"
        rf"|\w::{_NUMBER}"
    ),
    # A phone makes one long dash of two.
    Syntax.OPTIONS: re.compile(
        r"(?<!\S)(?:--(?!no\b)[a-z]{1,12}\b|—(?:ar|v|s|seed|stylize|chaos|niji)\s)", re.IGNORECASE
    ),
    Syntax.NEGATIVES: re.compile(
        r"(?<!\S)(?:--|—)no\s|\bnegative\s+prompt\s*[:：]|(?:负面|反向|负向)提示词?\s*[:：]",
        re.IGNORECASE,
    ),
    Syntax.ADAPTERS: re.compile(
        r"<(?:lora|lyco|lycoris|hypernet|embedding):[^<>]+>|\bembedding:\w", re.IGNORECASE
    ),
    Syntax.BREAKS: re.compile(r"(?<!\S)BREAK(?!\S)"),
    Syntax.CHOICES: re.compile(r"[{｛][^{}｛｝]*[,|，、｜][^{}｛｝]*[}｝]"),
    Syntax.SETTINGS: re.compile(
        r"\bSteps:\s*\d+.*\b(?:Sampler|CFG scale|Seed|Size|Model):", re.IGNORECASE
    ),
}


def syntax_in(prompt: str) -> list[Syntax]:
    """Return the notations of other programs that a prompt holds."""
    return [each for each, pattern in _PATTERNS.items() if pattern.search(prompt)]
