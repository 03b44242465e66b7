"""A rule in any layer refuses everything that it is about, in private, and nothing is done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.rules import ACTIONS
from tests.answer_table.inventory import SUBCOMMANDS
from tests.answer_table.scene import Scene
from tests.rule_table import ACTS, LAYERS, Table, action_of, fill, refusals_of, scene
from tests.rule_table import _set as set_rules
from tests.support.discord_server.openapi import ROOT
from tests.support.sampling import sampled

pytest_plugins = ["tests.support.wire_fixtures"]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def found(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with scene(tmp_path_factory.mktemp("rules")) as found:
        yield found
    assert "Traceback" not in found.bot.log, found.bot.log


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("act", "wanted"),
    sampled(
        [
            ("`/imagine`", [("use", "member"), ("words", "role"), ("quota_day", "kind")]),
            ("**Same seed**", [("slow_mode", "channel"), ("qualities", "server")]),
            ("`/history`", [("use", "kind")]),
            ("form *Edit*", [("use", "channel")]),
            ("menu *Recipe*", [("use", "role")]),
            ("*Look at a picture*", [("use", "member")]),
            ("form *Vote*", [("use", "server")]),
            *((act, None) for act in ACTS),
        ],
        first=7,
    ),
)
async def test_who_may_not_is_refused_in_private_and_nothing_is_done(
    found: Scene, act: str, wanted: list[tuple[str, str]] | None
):
    table = Table()
    await fill(found, table, act, wanted)
    assert table.bad == {}


@pytest.mark.asyncio(loop_scope="module")
async def test_who_may_not_is_suggested_nothing(found: Scene):
    options = list(suggested(found))
    assert len(options) > 20
    await set_rules(found, '[server]\nuse = "deny"')
    who, channel = found.place.moderator, found.place.channel
    for command, option in options:
        assert await found.people.complete(who, channel, command, option, "") == [], command
    await set_rules(found, "")
    assert await found.people.complete(who, channel, "board show", "board", "") != []


def suggested(found: Scene) -> Iterator[tuple[str, str]]:
    """Yield the options that are completed, of commands that rules can refuse."""
    for command in found.server.backend.commands[None].values():
        if command["name"] in ACTIONS:
            yield from _suggested(command, command["name"])


def _suggested(command: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for option in command.get("options") or ():
        if option["type"] in SUBCOMMANDS:
            yield from _suggested(option, f"{path} {option['name']}")
        elif option.get("autocomplete"):
            yield path, option["name"]


def test_the_page_has_every_rule_of_everything_in_every_layer():
    table = Table.read(ROOT / "docs" / "rules.md")
    assert set(table.cells) == {
        (act, rule, layer)
        for act in ACTS
        for rule in refusals_of(ACTS[act]) or ["use"]
        for layer in LAYERS
    }
    assert table.bad == {}


def test_every_action_that_can_be_refused_is_tried():
    assert {action_of(act) for act in ACTS.values()} == {*ACTIONS, None}


def test_what_is_never_refused_is_what_shall_never_be():
    """A new command, button or form belongs to an action, or is named here."""
    assert {act.of for act in ACTS.values() if action_of(act) is None} == {
        "/cancel", "/help", "/jobs move", "/jobs pause", "/jobs resume", "/jobs clear",
        "/settings show", "/settings explain", "/settings log", "/settings undo",
        "/settings export", "/settings import", "/quota show", "/quota grant",
        "button cancel", "button delete", "button unhang", "button again",
        "button set:change", "button set:undo", "button set:log", "button set:export",
        "select pick:section", "select pick:layer", "select pick:subject", "form rules",
        "/privacy", "/stats", "/report", "/appeal", "/mod history", "/mod log", "/mod ban",
        "/mod unban", "/mod warn", "/mod delete", "/mod hide", "menu Report",
        "button case", "button audit", "button appeal", "button mydata", "button forgetme",
        "button forgetnow", "form warned", "form banned", "form appeal", "form report",
    }  # fmt: skip
