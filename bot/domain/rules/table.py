"""The table of the rules a server can set, which forms, files, explanations and checks read."""

from __future__ import annotations

import functools
from typing import Final

from bot.domain.requests import CONTROL, LARGEST_SIDE, ModelRules, OperationKind, Quality
from bot.domain.rules.rule import (
    BY_PLACE,
    ONLY_SERVER,
    WHOLE_SERVER,
    Kind,
    Rule,
    RuleError,
    Section,
    both,
    common,
    fewer,
    later_in,
)
from bot.domain.scenes import Layer
from bot.domain.words import Category, parse_list

# What can be refused one by one. Cancelling, deleting, reporting, one's own data and these rules
# themselves never are: who may draw no more can still take back what they made.
ACTIONS: Final = (
    "imagine",
    "redraw",
    "compare",
    "explore",
    "reproduce",
    "recipe",
    "inspect",
    "show",
    "history",
    "lineage",
    "queue",
    "board",
    "style",
)
ALLOW, DENY = "allow", "deny"
OFF, SPOILER, ASK, REFUSE = "off", "spoiler", "ask", "refuse"  # the mildest first
MEASURES: Final = (OFF, SPOILER, ASK, REFUSE)
SENDER: Final = "sender"  # the language of who asks
MAX_IMAGES: Final = 9  # of one job that no braces and no file asked for
MAX_BATCH: Final = 100  # of one that they did: four sheets
_MOST_IMAGES: Final = 1_000_000  # of a quota
_USE: Final = (ALLOW, DENY)
_SWITCH: Final = (OFF, "on")
_CATEGORIES: Final = tuple(each.value for each in Category if each is not Category.OWN)


_quota: Final = functools.partial(
    Rule,
    section=Section.QUOTAS,
    kind=Kind.NUMBER,
    most=_MOST_IMAGES,
    unit="images",
    stricter=fewer,
)


def _check_size(typed: str) -> None:
    ModelRules().parse(typed)


RULES: Final = (
    Rule(name="use", section=Section.ACCESS, kind=Kind.CHOICE, usual=ALLOW, choices=_USE,
         stricter=later_in(_USE)),
    *(
        Rule(name=f"use.{each}", section=Section.ACCESS, kind=Kind.CHOICE, usual=ALLOW,
             choices=_USE, stricter=later_in(_USE), parent="use")
        for each in ACTIONS
    ),
    Rule(name="make_styles", section=Section.ACCESS, kind=Kind.CHOICE, usual=DENY, choices=_USE,
         stricter=later_in(_USE)),
    Rule(name="max_side", section=Section.REQUESTS, kind=Kind.NUMBER, least=128, most=LARGEST_SIDE,
         unit="pixels", stricter=fewer),
    Rule(name="max_count", section=Section.REQUESTS, kind=Kind.NUMBER, least=1, most=MAX_IMAGES,
         unit="images", stricter=fewer),
    Rule(name="max_batch", section=Section.REQUESTS, kind=Kind.NUMBER, usual=50, least=1,
         most=MAX_BATCH, unit="images", stricter=fewer),
    Rule(name="qualities", section=Section.REQUESTS, kind=Kind.SUBSET, choices=tuple(Quality),
         stricter=common),
    Rule(name="operations", section=Section.REQUESTS, kind=Kind.SUBSET,
         choices=(*OperationKind, CONTROL), stricter=common),
    Rule(name="loras", section=Section.REQUESTS, kind=Kind.CHOICE, usual=ALLOW, choices=_USE,
         stricter=later_in(_USE)),
    Rule(name="default_size", section=Section.DEFAULTS, kind=Kind.TEXT, most=20,
         check=_check_size),
    Rule(name="default_quality", section=Section.DEFAULTS, kind=Kind.CHOICE,
         usual=Quality.STANDARD.value, choices=tuple(Quality)),
    Rule(name="default_style", section=Section.DEFAULTS, kind=Kind.TEXT, most=300),
    Rule(name="language", section=Section.DEFAULTS, kind=Kind.CHOICE, usual=SENDER,
         choices=(SENDER, "en-US", "zh-CN"), layers=BY_PLACE),
    Rule(name="spoiler", section=Section.DEFAULTS, kind=Kind.CHOICE, usual=OFF, choices=_SWITCH,
         stricter=later_in(_SWITCH)),
    Rule(name="words", section=Section.WORDS, kind=Kind.CHOICE, usual=OFF, choices=MEASURES,
         stricter=later_in(MEASURES)),
    Rule(name="word_lists", section=Section.WORDS, kind=Kind.SUBSET, choices=_CATEGORIES,
         layers=BY_PLACE),
    Rule(name="own_words", section=Section.WORDS, kind=Kind.LINES, usual=(), most=20_000,
         layers=BY_PLACE, stricter=both, check=parse_list),
    Rule(name="pictures", section=Section.PICTURES, kind=Kind.CHOICE, usual=OFF, choices=MEASURES,
         stricter=later_in(MEASURES)),
    Rule(name="pictures_above", section=Section.PICTURES, kind=Kind.NUMBER, usual=None, least=1,
         most=99, unit="percent", stricter=fewer),
    _quota(name="quota_hour"),
    _quota(name="quota_day"),
    _quota(name="quota_month"),
    _quota(name="quota_carry", usual=0, most=100, unit="percent"),
    _quota(name="total_day", layers=WHOLE_SERVER),
    _quota(name="total_month", layers=WHOLE_SERVER),
    Rule(name="slow_mode", section=Section.QUOTAS, kind=Kind.NUMBER, least=0, most=21_600,
         unit="seconds"),
    Rule(name="log_channel", section=Section.SERVER, kind=Kind.CHANNEL, layers=ONLY_SERVER),
    Rule(name="log_jobs", section=Section.SERVER, kind=Kind.CHOICE, usual=OFF, choices=_SWITCH,
         layers=ONLY_SERVER),
    Rule(name="retention_days", section=Section.SERVER, kind=Kind.NUMBER, least=1, most=3650,
         unit="days", layers=WHOLE_SERVER, stricter=fewer),
)  # fmt: skip
_BY_NAME: Final = {each.name: each for each in RULES}


def rule_named(name: str) -> Rule:
    """Return a rule by its name.

    Raises:
        RuleError: There is none.

    """
    try:
        return _BY_NAME[name]
    except KeyError:
        raise RuleError(
            f"There is no rule {name[:60]!r}: the rules are {', '.join(_BY_NAME)}."
        ) from None


def rule_in(layer: Layer, name: str) -> Rule:
    """Return a rule that may be set in a layer.

    Raises:
        RuleError: There is none, or it cannot be set there.

    """
    rule = rule_named(name)
    if layer not in rule.layers:
        raise RuleError(
            f"The rule {name} cannot be set for a {layer.value}: it is one of "
            f"{', '.join(each.value for each in Layer if each in rule.layers)}."
        )
    return rule


def rules_of(section: Section) -> list[Rule]:
    """Return the rules of a section that leave a choice, in their order."""
    return [each for each in RULES if each.section is section and each.leaves_choice]
