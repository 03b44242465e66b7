"""What a server decides for itself: rules in layers, and how much may be drawn."""

from bot.domain.rules.book import Decision, Entry, RuleBook
from bot.domain.rules.document import from_toml, read_subject, to_toml
from bot.domain.rules.quota import Account, Charge, Limit, QuotaError, check_pause, cost_of
from bot.domain.rules.rule import Kind, Rule, RuleError, Section, Value
from bot.domain.rules.table import (
    ACTIONS,
    ALLOW,
    ASK,
    DENY,
    MEASURES,
    OFF,
    REFUSE,
    RULES,
    SENDER,
    SPOILER,
    rule_in,
    rule_named,
    rules_of,
)
from bot.domain.scenes import WHOLE, ChannelKind, Layer, Scene

__all__ = [
    "ACTIONS",
    "ALLOW",
    "ASK",
    "DENY",
    "MEASURES",
    "OFF",
    "REFUSE",
    "RULES",
    "SENDER",
    "SPOILER",
    "WHOLE",
    "Account",
    "ChannelKind",
    "Charge",
    "Decision",
    "Entry",
    "Kind",
    "Layer",
    "Limit",
    "QuotaError",
    "Rule",
    "RuleBook",
    "RuleError",
    "Scene",
    "Section",
    "Value",
    "check_pause",
    "cost_of",
    "from_toml",
    "read_subject",
    "rule_in",
    "rule_named",
    "rules_of",
    "to_toml",
]
