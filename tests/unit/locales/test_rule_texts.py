"""Rules and quotas in both languages: every rule has its words, every refusal its Chinese."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.domain.requests import ImageRequest, Size
from bot.domain.rules import (
    RULES,
    Account,
    Charge,
    Entry,
    Layer,
    Limit,
    RuleBook,
    check_pause,
    from_toml,
)
from bot.domain.rules.quota import DAY, HOUR, IMAGE, MONTH
from bot.domain.rules.rule import Kind
from bot.domain.scenes import Scene
from bot.errors import BotError
from bot.locales import sentence, text
from bot.services.policy import _use_sentence
from bot.services.rule_texts import Reader, reason, rule_name, value_words
from bot.settings import PROJECT_DIR

NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
LOCALES = ("en-US", "zh-CN")


@pytest.mark.parametrize("locale", LOCALES)
def test_every_rule_has_a_name_a_help_and_words_for_its_values(locale: str):
    reader = Reader(locale=locale)
    for rule in RULES:
        assert 0 < len(rule_name(rule, reader)) <= 45
        assert text(f"rule_{rule.name}_help", locale)
        assert text(f"section_{rule.section.value}", locale)
        values = {Kind.CHOICE: rule.choices, Kind.NUMBER: (rule.least, rule.most, 1, None)}
        for value in values.get(rule.kind, (rule.usual, rule.choices[:1])):
            assert value_words(rule, value, reader)


@pytest.mark.parametrize(
    "text_",
    [
        "x" * 200_001, "[server", "[roles]", "[role]\nuse = 'deny'", "[role.vip]", "[kind.x]",
        "[server]\nmax_side = 5", "[server]\nqualities = ['best']", "[server]\nuse = 'no'",
        "[server]\nlog_channel = 'x'", "[server]\nno = 1", "[role.5]\nlog_channel = 5",
        f"[server]\ndefault_style = '{'x' * 301}'",
    ],
)  # fmt: skip
def test_what_a_file_is_refused_for_is_told_in_chinese(text_: str):
    with pytest.raises(BotError) as refused:
        from_toml(text_)
    _check(refused.value.message)


@pytest.mark.parametrize("window", [HOUR, DAY, MONTH])
@pytest.mark.parametrize("is_server", [False, True])
def test_a_full_quota_is_told_in_chinese(window: dt.timedelta, is_server: bool):  # noqa: FBT001
    limit = Limit(name="quota_day", window=window, cost=2 * IMAGE, is_server=is_server)
    account = Account(limits=(limit,), charges=(Charge(at=NOON, cost=IMAGE),))
    for cost in (2 * IMAGE, 3 * IMAGE):
        with pytest.raises(BotError) as refused:
            account.check(cost, NOON)
        _check(refused.value.message)


def test_what_the_policy_refuses_is_told_in_chinese():
    request = ImageRequest(prompt="x", seed=1, size=Size(width=512, height=512))
    scene = Scene(guild_id=1, user_id=7, places=(30,))
    deny = {"name": "use", "value": "deny"}
    for entry in (
        Entry(layer=Layer.MEMBER, subject="7", **deny),
        Entry(layer=Layer.MEMBER, subject="7", until=NOON + DAY, **deny),
        Entry(layer=Layer.CHANNEL, subject="30", **deny),
        Entry(layer=Layer.SERVER, **deny),
    ):
        _check(_use_sentence("imagine", RuleBook([entry]).decide("use.imagine", scene, NOON)))
    ours = [Entry(layer=Layer.OPERATOR, **deny)]
    _check(_use_sentence("imagine", RuleBook([], ours).decide("use.imagine", scene, NOON)))
    with pytest.raises(BotError) as refused:
        check_pause(NOON + HOUR, NOON)
    _check(refused.value.message)
    _check(f"The size {request.size} is too large here: a side may have 256 pixels.")
    _check("The quality 'draft' is not allowed here: use final.")
    _check("4 images at once are too many here: 2 are allowed.")


def _check(english: str) -> None:
    chinese = sentence(english, "zh-CN")
    assert chinese != english
    assert chinese.endswith("。")


def test_the_operators_limit_is_told_apart_from_what_a_server_says():
    scene = Scene(guild_id=1, user_id=7)
    ours = [Entry(layer=Layer.OPERATOR, name="max_side", value=512)]
    book = RuleBook([Entry(layer=Layer.SERVER, name="max_side", value=1024)], ours)
    [found] = [each for each in book.explain(scene, NOON) if each.rule.name == "max_side"]
    assert reason(found, Reader()) == (
        "no more than the bot's operator allows; this server says 1,024 pixels"
    )
    mild = RuleBook([Entry(layer=Layer.SERVER, name="max_side", value=256)], ours)
    [found] = [each for each in mild.explain(scene, NOON) if each.rule.name == "max_side"]
    assert reason(found, Reader()) == (
        "from this server; the operator's limit of 512 pixels does not matter"
    )


def test_the_readme_names_every_rule():
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    assert [each.name for each in RULES if f"`{each.name}`" not in readme] == []
