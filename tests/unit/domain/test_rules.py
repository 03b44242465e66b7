"""Rules in layers: which one decides, as files, and as they are typed."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.domain.rules import RULES, Entry, RuleBook, RuleError, from_toml, rule_in, to_toml
from bot.domain.rules.document import MAX_CHARACTERS, read_subject
from bot.domain.rules.rule import Kind
from bot.domain.scenes import ChannelKind, Layer, Scene
from bot.errors import BotError

NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
ADA = Scene(guild_id=1, user_id=7, role_ids=frozenset({20, 21}), places=(31, 30))
FILE = """
[server]
max_side = 1024
qualities = ["draft", "standard"]
use.compare = "deny"
quota_day = "none"

[role.20]
max_side = 1536

[kind.age_restricted]
words = "off"

[channel.30]
default_style = "in \\"ink\\""
"""


def entry(layer: Layer, subject: object, name: str, value: object, **more: object) -> Entry:
    found = rule_in(layer, name).read(value)
    return Entry(layer=layer, subject=str(subject), name=name, value=found, **more)  # type: ignore[arg-type]


def value(
    name: str, *entries: Entry, scene: Scene = ADA, operator: tuple[Entry, ...] = ()
) -> object:
    return RuleBook(entries, operator).decide(name, scene, NOON).value


SERVER = entry(Layer.SERVER, "", "max_side", 512)
KIND = entry(Layer.KIND, "normal", "max_side", 640)
CATEGORY = entry(Layer.CHANNEL, 30, "max_side", 768)
CHANNEL = entry(Layer.CHANNEL, 31, "max_side", 896)
ROLE = entry(Layer.ROLE, 20, "max_side", 1024)
MEMBER = entry(Layer.MEMBER, 7, "max_side", 1152)


def test_the_innermost_layer_that_says_something_decides():
    layers = [SERVER, KIND, CATEGORY, CHANNEL, ROLE, MEMBER]
    assert [value("max_side", *layers[:n]) for n in range(7)] == [
        None, 512, 640, 768, 896, 1024, 1152,
    ]  # fmt: skip


def test_the_mildest_of_several_roles_counts():
    other = entry(Layer.ROLE, 21, "max_side", 256)
    assert value("max_side", other, ROLE) == value("max_side", ROLE, other) == 1024
    refused = entry(Layer.ROLE, 20, "use", "deny")
    assert value("use", refused, entry(Layer.ROLE, 21, "use", "allow")) == "allow"


def test_what_is_of_others_does_not_count():
    assert value("max_side", *[
        entry(Layer.MEMBER, 8, "max_side", 128), entry(Layer.ROLE, 22, "max_side", 128),
        entry(Layer.CHANNEL, 32, "max_side", 128), entry(Layer.KIND, "spoiler", "max_side", 128),
    ]) is None  # fmt: skip


def test_the_operator_sets_limits_and_fills_gaps():
    ours = (
        entry(Layer.OPERATOR, "", "max_side", 1000),
        entry(Layer.OPERATOR, "", "language", "zh-CN"),
    )
    assert value("max_side", operator=ours) == 1000
    assert value("max_side", MEMBER, operator=ours) == 1000
    assert value("max_side", CHANNEL, operator=ours) == 896
    assert value("language", entry(Layer.SERVER, "", "language", "en-US"), operator=ours) == "en-US"
    decision = RuleBook([MEMBER], ours).decide("max_side", ADA, NOON)
    assert decision.entry == MEMBER
    assert decision.limit == ours[0]


def test_outside_of_servers_only_the_operator_decides():
    alone = Scene(guild_id=None, user_id=7)
    refused = (entry(Layer.OPERATOR, "", "use.compare", "deny"),)
    assert value("use.compare", MEMBER, scene=alone, operator=refused) == "deny"
    assert value("max_side", MEMBER, SERVER, scene=alone) is None


def test_a_single_action_goes_before_all_of_them_in_the_same_layer():
    only = [entry(Layer.SERVER, "", "use", "deny"), entry(Layer.SERVER, "", "use.imagine", "allow")]
    assert value("use.imagine", *only) == "allow"
    assert value("use.compare", *only) == "deny"
    assert value("use.imagine", *only, entry(Layer.MEMBER, 7, "use", "deny")) == "deny"


def test_what_is_for_a_time_ends_by_itself():
    over = entry(Layer.MEMBER, 7, "use", "deny", until=NOON)
    still = entry(Layer.MEMBER, 7, "use", "deny", until=NOON + dt.timedelta(seconds=1))
    assert value("use", over) == "allow"
    assert value("use", still) == "deny"


def test_lists_of_words_add_up():
    ours = (entry(Layer.OPERATOR, "", "own_words", "spam\n\n eggs "),)
    server = entry(Layer.SERVER, "", "own_words", ["ham", "spam"])
    assert value("own_words", server, operator=ours) == ("ham", "spam", "eggs")


def test_a_file_says_the_same_when_it_is_written_and_read_again():
    entries = from_toml(FILE)
    assert len(entries) == 7
    assert value("default_style", *entries) == 'in "ink"'
    assert value("max_side", *entries) == 1536
    assert value("qualities", *entries) == ("draft", "standard")
    assert set(from_toml(to_toml(entries))) == set(entries)
    timed = entry(Layer.MEMBER, 7, "use", "deny", until=NOON)
    assert to_toml([timed]).strip() == ""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_reads_what_it_shows(rule):
    values = {
        Kind.CHOICE: rule.choices,
        Kind.SUBSET: [rule.choices[:1], None],
        Kind.NUMBER: [rule.least, rule.most, None],
        Kind.TEXT: ["square", None],
        Kind.LINES: [("nude", "porn*")],
        Kind.CHANNEL: [123, None],
    }[rule.kind]
    for each in values:
        shown = "\n".join(each) if rule.kind is Kind.LINES else rule.show(each)
        assert rule.read(shown) == each
        [layer, *_] = rule.layers
        made = Entry(
            layer=layer,
            subject="normal"
            if layer is Layer.KIND
            else "5"
            if layer not in (Layer.SERVER, Layer.OPERATOR)
            else "",
            name=rule.name,
            value=each,
        )
        assert from_toml(to_toml([made]), Layer) == (made,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[server]\nmax_side = 99999", "The rule max_side cannot be '99999': use a whole"),
        ("[server]\nmax_side = 1024.5", "The rule max_side cannot be '1024.5'"),
        ("[server]\nqualities = ['best']", "use draft, standard, final or none"),
        ("[server]\nlog_chanel = 5", "There is no rule 'log_chanel': the rules are use,"),
        ("[role.5]\nlog_channel = 5", "The rule log_channel cannot be set for a role"),
        ("[roles]\nx = 5", "The table 'roles' is unknown: a file of rules has member, role"),
        ("[operator]\nuse = 'deny'", "The table 'operator' is unknown"),
        ("[role]\nuse = 'deny'", "The rule 'use' stands in [role]: say whose it is."),
        ("[role.vip]\nuse = 'deny'", "'vip' is no id of a role: an id is a number."),
        ("[kind.nsfw]\nuse = 'deny'", "'nsfw' is no kind of channel: use normal, spoiler"),
        ("[server]\nown_words = ['/(/']", "Line 1 of the list of words"),
        ("[server]\ndefault_size = 'big'", "The size 'big' is not understood"),
        ("[server", "The file of rules is no TOML"),
        ("x" * (MAX_CHARACTERS + 1), "200,001 characters: 200,000 are the most"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_meant_is_refused_with_the_value(text: str, sentence: str):
    with pytest.raises(BotError) as refused:
        from_toml(text)
    assert sentence in refused.value.message


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[server]\n# 5\nmax_side = 1\n", "Line 3 of the file: The rule max_side cannot be '1'"),
        ("[server]\nuse = 'deny'\n[role . 5]\n\n'use.imagine'='no'", "Line 5 of the file: The"),
        ("[server]\nuse.imagine = 'no'", "Line 2 of the file: The rule use.imagine"),
        ("[server]\nuse = 'deny'\n[role.vip]\nuse = 'deny'", "Line 3 of the file: 'vip' is no id"),
        ("[server]\n[roles.5]\nuse = 'deny'", "Line 2 of the file: The table 'roles'"),
        ("[role]\nuse = 'deny'", "Line 2 of the file: The rule 'use' stands in [role]"),
        ("role.5.max_side = 1", "The rule max_side cannot be '1'"),  # where nobody looks for it
    ],
)  # fmt: skip
def test_a_refusal_says_the_line(text: str, sentence: str):
    with pytest.raises(RuleError) as refused:
        from_toml(text)
    assert refused.value.message.startswith(sentence)


def test_an_explanation_has_what_does_not_count():
    ours = (entry(Layer.OPERATOR, "", "max_side", 1536),)
    decisions = RuleBook([ROLE, CHANNEL, SERVER], ours).explain(ADA, NOON)
    [found] = [each for each in decisions if each.rule.name == "max_side"]
    assert (found.value, found.entry, found.limit) == (1024, ROLE, None)
    assert found.others == (CHANNEL, SERVER, ours[0])


def test_a_subject_alone_falls_under_its_own_rules_and_those_around_it():
    book = RuleBook([KIND, CATEGORY, SERVER])
    category = [[(Layer.CHANNEL, "31")], [(Layer.CHANNEL, "30")], [(Layer.SERVER, "")]]
    assert book.decide_for("max_side", category, NOON).entry == CATEGORY
    assert book.decide_for("max_side", category[2:], NOON).entry == SERVER


def test_subjects_are_read_as_people_paste_them():
    assert read_subject(Layer.MEMBER, "<@!123>") == read_subject(Layer.ROLE, " <@&123> ") == "123"
    assert read_subject(Layer.CHANNEL, "<#123>") == "123"
    assert read_subject(Layer.KIND, "spoiler") == ChannelKind.SPOILER
    with pytest.raises(RuleError):
        read_subject(Layer.MEMBER, "0")
