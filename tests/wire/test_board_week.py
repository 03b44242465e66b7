"""A week in a team's life with a board, from the brief to the files, through a restart."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import pytest

from bot.domain.boards import ItemStatus
from tests.support.board_channels import board_of, create, current, press, said, select_of
from tests.support.discord_env import SMALL, DiscordEnv, answer_of, ids_of, texts_of

pytest_plugins = ["tests.support.bot_fixtures"]


WISHES = ("a red apple", "a green leaf", "红苹果", "a yellow lemon", "绿色的叶子", "a carrot")
NAME = "Orchard 春"
STYLE = "on a beige background"


class Team:
    """Four people at work: what they are shown is what the test looks at."""

    def __init__(self, env: DiscordEnv) -> None:
        self.discord_env = env
        self.cleo = env.guild.add_member(env.simcord.create_user("cleo"))
        self.people = [env.ada, env.ming, self.cleo, env.moderator]

    async def draw(self, who: Any, prompt: str, seed: int) -> Any:
        """Draw three images in one message."""
        asked = await who.slash(
            self.discord_env.channel, "imagine", prompt=prompt, seed=seed, quality="draft", count=3
        )
        await self.discord_env.idle()
        return asked.response

    async def hang(self, who: Any, message: Any, board_id: str) -> str:
        """Hang up all images of a message, with the form that opens for more than one."""
        shown = await who.click(message, label="Add to board")
        count = len(ids_of(message))
        if count == 1:
            return said(shown)
        pictures = [str(i) for i in range(count)]
        return said(await who.submit_modal(shown, {"board": [board_id], "pictures": pictures}))


@pytest.mark.nightly
async def test_a_week_in_a_teams_life(env: DiscordEnv):
    team = Team(env)
    lead = env.moderator

    # Monday: the brief. The channel becomes the board.
    await create(
        env,
        NAME,
        brief="Labels for a juice: warm, flat, friendly.",
        style=STYLE,
        size=SMALL,
    )
    assert "a juice: warm" in said(await team.cleo.slash(env.channel, "board show"))
    await lead.slash(env.channel, "board edit", threshold=2, self_vote=False)
    await lead.slash(env.channel, "board allow", who=team.cleo, access="curate")

    # Tuesday and Wednesday: 30 images by four people, hung up three at a time.
    board = await board_of(env, NAME)
    for i in range(10):
        who = team.people[i % 4]
        message = await team.draw(who, WISHES[i % len(WISHES)], seed=10 * i)
        assert STYLE in texts_of(message)
        words = await team.hang(who, message, board.id)
        assert f"Picture **{3 * i + 3}** on **Orchard 春**" in words
    sheet = await current(env, NAME)
    assert "30 pictures" in texts_of(sheet)
    assert "already" in await team.hang(env.ming, message, board.id), "nothing hangs there twice"

    # Thursday: votes. Two votes shortlist; nobody votes for their own.
    favourites = {
        1: (env.ming, team.cleo),
        6: (env.ada, lead),
        11: (env.ada, env.ming),
    }
    for number, voters in favourites.items():
        for who in voters:
            shown = await who.click(pinned_now(env), label="Vote")
            await who.submit_modal(shown, {"numbers": str(number)})
    own = await env.ada.slash(env.channel, "board vote", number=1)
    assert "counts no votes for one's own" in said(own)
    board = await board_of(env, NAME)
    shortlist = [item.number for item in board.items if item.status is ItemStatus.SHORTLIST]
    assert shortlist == [1, 6, 11]
    assert "3 on the shortlist · 6 votes" in texts_of(await current(env, NAME))

    await friday(env, team)

    # The files, for somebody who only looks.
    await check_files(env, team.people[1])

    # The weekend: the bot is started anew, somebody deletes the pinned message.
    before = await board_of(env, NAME)
    await env.start_again()
    await lead.delete(await current(env, NAME))
    await env.until(lambda: bool(env.channel.pinned_messages()))

    # Monday: all is as it was, and goes on.
    assert await board_of_items(env) == [
        (item.number, item.status, item.votes, item.caption, item.tags) for item in before.items
    ]
    sheet = await current(env, NAME)
    assert "31 pictures · 1 approved · 1 on the shortlist · 1 rejected" in texts_of(sheet)
    first = select_of(sheet, "zib:s:look")["options"][0]
    assert first["label"] == "6 · The leaf, 叶子"
    opened = await env.ada.select(sheet, ["6"], custom_id="zib:s:look:" + before.id)
    await press(env.ada, answer_of(opened), "zib:b:same")
    await env.idle()
    assert "Pixel for pixel the same" in texts_of(env.images()[-1])
    await check_files(env, env.ada)


async def friday(env: DiscordEnv, team: Team) -> None:
    """Give words, look side by side, draw more of the favourite and in its colours, decide."""
    await team.cleo.slash(env.channel, "board caption", number=6, words="The leaf, 叶子")
    await team.cleo.slash(env.channel, "board tag", number=6, tags="label, front")
    await env.ada.slash(env.channel, "board comment", number=6, words="=SUM(A1) this one!")
    compared = await env.moderator.slash(env.channel, "board compare", a=1, b=6, c=11, share=True)
    assert "**6** · The leaf, 叶子" in texts_of(answer_of(compared))
    picture = answer_of(await team.cleo.slash(env.channel, "board show", number=6))
    shown = await press(team.cleo, picture, "zib:b:more")
    await team.cleo.submit_modal(shown, {"count": "2", "strength": ["subtle"]})
    await env.idle()
    assert len(ids_of(env.images()[-1])) == 2
    palette = answer_of(await env.ming.slash(env.channel, "board palette", number=6))
    assert len(palette.attachments) == 5
    shown = await press(env.ming, palette, "zib:b:paint")
    colours = next(
        label["component"]["value"]
        for label in shown.modal["components"]
        if label["component"]["custom_id"] == "colours"
    )
    await env.ming.submit_modal(
        shown, {"prompt": "a pear", "colours": colours, "size": SMALL, "seed": "99"}
    )
    await env.idle()
    assert colours in texts_of(env.images()[-1])
    assert "Picture **31**" in await team.hang(
        env.ming, env.images()[-1], (await board_of(env, NAME)).id
    )
    for number, status in ((6, "approved"), (1, "rejected")):
        opened = answer_of(await team.cleo.slash(env.channel, "board show", number=number))
        select = select_of(opened, "zib:s:status")["custom_id"]
        await team.cleo.select(opened, [status], custom_id=select)
    await team.cleo.slash(env.channel, "board order", number=6, before=1)


def pinned_now(env: DiscordEnv) -> Any:
    """Return the pinned message as it is shown at this moment."""
    return env.channel.pinned_messages()[0]


async def board_of_items(env: DiscordEnv) -> list[tuple[Any, ...]]:
    board = await board_of(env, NAME)
    return [(item.number, item.status, item.votes, item.caption, item.tags) for item in board.items]


async def check_files(env: DiscordEnv, who: Any) -> None:
    """Export the board as a zip, and compare its table and recipes with the board."""
    answer = answer_of(await who.slash(env.channel, "board export", form="zip"))
    archive = zipfile.ZipFile(io.BytesIO(await answer.attachments[0].read()))
    board = await board_of(env, NAME)
    names = archive.namelist()
    assert sum(name.startswith("pictures/") for name in names) == 31
    recipes = [json.loads(archive.read(name)) for name in names if name.startswith("recipes/")]
    assert {recipe["pixel_sha256"] for recipe in recipes} == {
        item.pixel_sha256 for item in board.items
    }
    table = archive.read("pictures.csv").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(table)))
    assert len(rows) == 32
    cells = [cell for row in rows for cell in row]
    assert any("The leaf, 叶子" in cell for cell in cells)
    assert not any(cell.startswith("=") for cell in cells)
