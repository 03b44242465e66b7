"""How much a server has had drawn: for who manages it, as a chart and as a file."""

from __future__ import annotations

import csv
import io

import pytest
from PIL import Image

from bot.domain.rules import Entry
from bot.domain.scenes import Layer
from bot.domain.usage import to_csv
from bot.domain.viewers import Viewer
from tests.support.discord_env import DiscordEnv, answer_of, private_sentence, texts_of
from tests.support.server_rules import add_manager
from tests.viewer_table.askers import show_to_all

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture
def manager(env: DiscordEnv):
    return add_manager(env)


async def files_of(message) -> dict[str, bytes]:
    return {each.filename: await each.read() for each in message.attachments}


async def test_a_manager_gets_a_chart_and_every_number(env: DiscordEnv, manager):
    await env.imagine(env.ada, "one", count=3)
    await env.imagine(env.ming, "two")
    viewer = Viewer(user_id=1, guild_id=env.guild.id, is_manager=True)
    rule = Entry(layer=Layer.SERVER, name="use.compare", value="deny")
    await env.service.rules.change([rule], viewer=viewer)
    refused = await env.ada.slash(env.channel, "compare", prompt="x", vary="seeds", values="1 | 2")
    assert "do not let you use 'compare' here" in private_sentence(refused)

    answer = answer_of(await manager.slash(env.channel, "stats"))
    assert answer.ephemeral
    assert "last 30 days" in texts_of(answer)
    assert "Refused: `use.compare` 1" in texts_of(answer)
    files = await files_of(answer)
    assert Image.open(io.BytesIO(files["usage.png"])).size == (1280, 760)
    rows = list(csv.DictReader(io.StringIO(files["usage.csv"].decode("utf-8-sig"))))
    assert [(each["name"], each["images"]) for each in rows] == [("ada", "3"), ("ming", "1")]
    assert {each["server"] for each in rows} == {str(env.guild.id)}

    usage = await env.service.usage.usage(viewer=viewer, days=7)
    assert len(usage.images) == 7
    assert list(usage.images.values())[-1] == usage.num_images == 4
    assert [each.jobs for each in usage.shares] == [1, 1]
    assert usage.ends == {"posted": 2}
    assert len(usage.waits_s) == 2
    half, most = usage.wait_s(0.5), usage.wait_s(0.9)
    assert half is not None
    assert most is not None
    assert 0 < half <= most


async def test_nobody_else_sees_it(env: DiscordEnv, manager):
    show_to_all(env, "stats")
    for who in (env.ada, env.moderator):
        answer = await who.slash(env.channel, "stats")
        assert "Only who has *Manage Server* here" in private_sentence(answer)
    everywhere = await manager.slash(env.channel, "stats", everywhere=True)
    assert private_sentence(everywhere) == "Only the bot's owner can see all servers."


async def test_another_server_has_numbers_of_its_own(env: DiscordEnv):
    await env.imagine(env.ada, "one")
    stranger = Viewer(user_id=1, guild_id=env.guild.id + 1, is_manager=True)
    usage = await env.service.usage.usage(viewer=stranger, days=30)
    assert usage.num_images == 0
    assert usage.shares == ()
    owner = Viewer(user_id=1, is_owner=True)
    everywhere = await env.service.usage.usage(viewer=owner, days=30, everywhere=True)
    assert [(each.id, each.images) for each in everywhere.shares] == [(env.guild.id, 1)]


def test_a_name_is_never_a_formula_of_a_spreadsheet():
    table = to_csv(("name",), [("=1+1",), ("@ada",), ("ada",)]).decode("utf-8-sig")
    assert table.split() == ["name", "'=1+1", "'@ada", "ada"]
