"""Every answer comes once and is true, whatever the network does: on the wire."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest
import pytest_asyncio
from discord import ui
from PIL import Image

from bot.discord_ui.arrivals import Arrivals
from bot.discord_ui.content import Content, Upload
from tests.answer_table import ACTS, TROUBLES, Scene, Table, fill, missing, scene
from tests.support.discord_env import SMALL
from tests.support.discord_server.bot_process import BotProcess, bot_process
from tests.support.discord_server.faults import Fault
from tests.support.discord_server.openapi import ROOT
from tests.support.discord_server.server import DiscordServer
from tests.support.discord_server.world import Place
from tests.support.sampling import sampled

pytest_plugins = ["tests.support.wire_fixtures"]

TOKEN = "/webhooks/{webhook_id}/{token}"
NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def found(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with scene(tmp_path_factory.mktemp("answers")) as found:
        yield found
    assert "Traceback" not in found.bot.log, found.bot.log


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("act", "trouble", "cell"),
    sampled(
        [
            ("`/history`", "first: lost answer", "✓"),
            ("`/history`", "later: reset", "✓"),
            ("`/history`", "later: 429 page", "✓"),
            ("`/history`", "later: 413", "smaller"),
            ("`/board add`", "later: lost answer", "✓"),
            ("`/board vote`", "first: reset", "✓"),
            ("`/help`", "first: hang", "✓"),
            ("form *Vote*", "none", "✓"),
            ("**Edit**", "first: lost answer", "✓"),
            ("`/imagine`, refused", "first: lost answer", "✓"),
            ("form *Edit*", "first: reset", "✓"),
            ("`/board vote`, refused", "Discord hangs", "not done"),
            ("`/imagine`, refused", "Discord hangs", "direct message"),
            ("`/board comment`", "Discord hangs", "not done"),
            ("`/imagine`", "Discord hangs", "not done"),
        ],
        first=11,
    ),
)
async def test_there_is_one_answer_and_it_is_true(found: Scene, act: str, trouble: str, cell: str):
    table = Table()
    await fill(found, table, act, [trouble])
    assert table.cells == {(act, trouble): cell}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("act", "trouble", "cell"),
    [
        ("`/imagine`", "first: killed before", "not done"),
        ("`/jobs pause`", "first: killed before", "not done"),
        ("`/cancel`", "later: killed after", "✓"),
        ("`/board vote`", "later: killed before", "told to look"),
        ("**❤️**", "later: killed after", "✓"),
    ],
)
async def test_what_a_kill_interrupts_is_not_done_or_told_once(
    found: Scene, act: str, trouble: str, cell: str
):
    table = Table()
    await fill(found, table, act, ["none", trouble])
    assert table.cells == {(act, "none"): "✓", (act, trouble): cell}


@pytest.mark.asyncio(loop_scope="module")
async def test_everything_that_people_can_send_has_a_row(found: Scene):
    assert missing(found) == set()


def test_the_page_has_every_row_and_nothing_that_must_not_be():
    table = Table.read(ROOT / "docs" / "answers.md")
    assert set(table.cells) == {(act, trouble) for act in ACTS for trouble in TROUBLES}
    assert table.bad == {}


# The same interaction twice, and two processes


async def test_an_interaction_that_the_gateway_sends_again_is_dropped(
    server: DiscordServer, place: Place, bot: BotProcess
):
    sent: list[Any] = []

    def note(event: str, payload: Any) -> None:
        if event == "INTERACTION_CREATE":
            sent.append(dict(payload))

    server.backend.subscribers.append(note)
    asked = await server.people.slash(
        place.ada, place.channel, "imagine", prompt="a red apple", size=SMALL, seed=5
    )
    await server.people.image(asked)
    server.backend.emit("INTERACTION_CREATE", sent[0])
    await server.changes.until(lambda: "came a second time" in bot.log, what="its log line")
    assert len(jobs_of(bot)) == 1


async def test_of_two_processes_with_one_token_one_draws_and_the_other_says_so(
    server: DiscordServer, place: Place, tmp_path: Path
):
    one, two = bots = [
        BotProcess(server=server, data_dir=tmp_path / name, prefix=name, seconds_per_forward=0.1)
        for name in ("one", "two")
    ]
    async with bot_process(one):
        two.data_dir.mkdir()
        shutil.copy(one.data_dir / "commands.json", two.data_dir)  # Discord limits registering
        async with bot_process(two):
            asked = await server.people.slash(
                place.ada, place.channel, "imagine", prompt="a red apple", size=SMALL, seed=5
            )
            await server.people.image(asked)
            states = sorted(state for bot in bots for state in jobs_of(bot))
            assert states in (["cancelled", "posted"], ["cancelled", "made"])
            assert len(server.people.messages(place.channel)) == 1
            assert sum("another copy of the bot" in bot.log for bot in bots) == 1


def jobs_of(bot: BotProcess) -> list[str]:
    with contextlib.closing(sqlite3.connect(bot.data_dir / "bot.sqlite3")) as db:
        return [state for (state,) in db.execute("SELECT state FROM jobs")]


@pytest.mark.parametrize("fault", [Fault.DROPPED_AFTER, Fault.DROPPED_BEFORE])
async def test_a_failed_job_is_told_once_though_the_answer_to_its_telling_is_lost(
    server: DiscordServer, place: Place, bot: BotProcess, fault: Fault
):
    server.faults.next(fault, "POST", TOKEN)
    await server.people.slash(
        place.ada, place.channel, "imagine", prompt="poison:nan", size=SMALL, seed=5
    )
    await server.people.text(place.channel, "This was not drawn")
    await server.changes.until(lambda: jobs_of(bot) == ["failed"], what="its end")
    shown = server.people.messages(place.channel, viewer=place.ada)
    reasons = [each for each in shown if "try another seed" in each.text]
    assert len(reasons) == (fault is Fault.DROPPED_AFTER)


# When an interaction arrives


def arrived(arrivals: Arrivals, number: int, age_s: float, *, set_s: float = 0.0) -> bool:
    """Let an interaction come that was made so many seconds ago, and say whether it is taken."""
    made: Any = SimpleNamespace(id=number, created_at=NOON - dt.timedelta(seconds=age_s))
    return arrivals.admit(made, NOON + dt.timedelta(seconds=set_s), 5000.0)


@pytest.mark.parametrize("skew_s", [-40.0, 0.0, 3600.0])
def test_what_comes_late_is_dropped_whatever_this_clock_says(skew_s: float):
    arrivals = Arrivals()
    assert [arrived(arrivals, i, skew_s + age) for i, age in enumerate((0.1, 0.4, 5.0, 0.2))] == [
        True, True, False, True,
    ]  # fmt: skip


def test_a_clock_that_is_set_makes_nobody_late():
    arrivals = Arrivals()
    assert arrived(arrivals, 0, 0.1)
    assert arrived(arrivals, 1, 0.1, set_s=60.0)
    assert arrived(arrivals, 2, 0.1, set_s=-60.0)


def test_the_second_of_the_same_interaction_is_dropped():
    arrivals = Arrivals()
    assert arrived(arrivals, 1, 0.1)
    assert not arrived(arrivals, 1, 0.2)


def test_of_another_copy_of_the_bot_is_warned_once(caplog: pytest.LogCaptureFixture):
    arrivals = Arrivals()
    with caplog.at_level(logging.WARNING):
        arrivals.note_answered_elsewhere()
        arrivals.note_answered_elsewhere()
    assert caplog.text.count("another copy of the bot") == 1


# Smaller copies


def picture(side: int) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (side, side)).save(buffer, "PNG")
    return buffer.getvalue()


def shown(*items: ui.Item[Any], files: list[Upload]) -> Content:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items))
    view.stop()
    return Content(view=view, files=files)


async def test_a_smaller_copy_is_shown_under_its_new_name_and_says_so():
    gallery: Any = ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png"))
    content = shown(gallery, files=[Upload(name="a.png", content=picture(400))])
    smaller = await content.reduced("en-US")
    smaller = await smaller.reduced("en-US")
    [file] = smaller.files
    assert isinstance(file.content, bytes)
    assert Image.open(BytesIO(file.content)).size == (100, 100)
    assert gallery.items[0].media.url == f"attachment://{file.name}"
    assert str(smaller.view.to_components() if smaller.view else "").count("smaller copy") == 1


@pytest.mark.parametrize("name", ["recipe.json", "tiny.png"])
async def test_what_cannot_be_smaller_is_left_out_and_that_is_said(name: str):
    file: Any = ui.File(f"attachment://{name}")
    words: Any = ui.TextDisplay("words")
    content = shown(words, file, files=[Upload(name=name, content=picture(64))])
    smaller = await content.reduced("en-US")
    assert smaller.files == []
    assert smaller.view is not None
    kinds = [each["type"] for each in smaller.view.to_components()[0]["components"]]
    assert kinds == [discord.ComponentType.text_display.value] * 2
