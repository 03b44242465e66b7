"""/lineage and the line in a recipe: what is shown, to whom, and what never is."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.cli import run
from bot.domain.lineage import Presence
from bot.media.family_tree import draw_family
from bot.settings import Settings
from bot.storage.lineage import REACH
from tests.support.discord_env import (
    DiscordEnv,
    SteeredEngine,
    answer_of,
    gallery_of,
    ids_of,
    open_env,
    private_sentence,
    texts_of,
)
from tests.unit.storage.test_relations import edit, press

pytest_plugins = ["tests.support.bot_fixtures"]


async def lineage(env: DiscordEnv, who: Any = None, channel: Any = None, **options: Any) -> Any:
    result = await (who or env.ming).slash(channel or env.channel, "lineage", **options)
    answer = answer_of(result)
    assert answer.ephemeral
    return answer


async def picture_of(answer: Any) -> Image.Image:
    [attachment] = answer.attachments
    return Image.open(io.BytesIO(await attachment.read()))


async def recipe(env: DiscordEnv, id_: str, who: Any = None, channel: Any = None) -> str:
    result = await (who or env.ming).slash(channel or env.channel, "recipe", id=id_)
    return texts_of(answer_of(result))


async def family_of(env: DiscordEnv, id_: str) -> Any:
    return await env.service.images.family(id_, viewer=env.viewer())


async def a_family(env: DiscordEnv) -> dict[str, str]:
    """Make an image, one of each relation from it, and an edit of the edit."""
    first = await env.imagine(prompt="a castle", seed=7)
    same, new = (
        await press(env, first, "Same seed"),
        await press(env, first, "New seed"),
    )
    varied = await edit(env, first, variety="40")
    night = await edit(env, first, prompt="a castle at night")
    red = await edit(env, night, prompt="a red castle at night", seed="12")
    messages = {
        "first": first, "same": same, "new": new, "varied": varied, "night": night, "red": red,
    }  # fmt: skip
    return {name: ids_of(message)[0] for name, message in messages.items()}


async def elsewhere(env: DiscordEnv) -> tuple[Any, Any]:
    guild = env.simcord.create_guild("Elsewhere")
    eve = guild.add_member(env.simcord.create_user("eve"))
    return guild.create_text_channel("pictures"), eve


async def change(env: DiscordEnv, sql: str, *values: object) -> None:
    async with env.service._store.database.transaction() as db:
        await db.execute(sql, values)


async def test_the_family_is_everything_from_the_first_image_on(env: DiscordEnv):
    ids = await a_family(env)
    for start in ids.values():
        family = await family_of(env, start)
        assert set(family.members) == set(ids.values())
        assert family.root == ids["first"]
    members = family.members
    assert {name: members[id_].relation for name, id_ in ids.items()} == {
        "first": "imagine", "same": "same_seed", "new": "new_seed", "varied": "variation",
        "night": "edit", "red": "edit",
    }  # fmt: skip
    assert [each.id for each in family.line()] == [ids["first"], ids["night"], ids["red"]]


async def test_lineage_draws_the_family_in_private(env: DiscordEnv):
    ids = await a_family(env)
    answer = await lineage(env, id=f" `{ids['night'].upper()}` ")
    with await picture_of(answer) as image:
        assert min(image.size) > 400
        assert len(image.getcolors(2**24)) > 1000, "there are thumbnails in it"
    [item] = gallery_of(answer)
    assert item["description"] == f"Family tree of image {ids['night']}: 6 images"
    assert not item["spoiler"]


async def test_without_an_id_it_is_the_readers_last_image(env: DiscordEnv):
    assert "You have made no image here yet" in private_sentence(
        await env.ming.slash(env.channel, "lineage")
    )
    await env.imagine(env.ming, seed=1)
    [last] = ids_of(await env.imagine(env.ming, seed=2))
    await env.imagine(env.ada, seed=3)
    assert last in gallery_of(await lineage(env))[0]["description"]


async def test_a_link_to_a_message_names_its_images(env: DiscordEnv):
    message = await env.imagine(seed=5, count=2)
    first, second = ids_of(message)
    link = f"https://discord.com/channels/{env.guild.id}/{env.channel.id}/"
    answer = await lineage(env, id=f"{link}{message.id}")
    assert first in gallery_of(answer)[0]["description"]
    assert f"also holds `{second}`" in texts_of(answer)
    shown = answer_of(await env.ming.slash(env.channel, "show", id=second))
    answer = await lineage(env, id=f"<{link}{shown.id}>")
    assert second in gallery_of(answer)[0]["description"], "a message that shows it again"
    words = await env.ming.send(env.channel, "hello")
    for id_ in (words.id, 12345, 2**63):
        refused = await env.ming.slash(env.channel, "lineage", id=f"{link}{id_}")
        assert "holds no image of mine" in private_sentence(refused)
    for link_ in ("https://discord.com/channels/1/" + "9" * 19 + "/1", link + "9" * 5000):
        refused = await env.ming.slash(env.channel, "lineage", id=link_)
        assert "no image" in private_sentence(refused)
    channel, eve = await elsewhere(env)
    refused = await eve.slash(channel, "lineage", id=f"{link}{message.id}")
    assert "holds no image of mine" in private_sentence(refused)


async def test_what_is_not_there_is_one_sentence(env: DiscordEnv):
    refused = await env.ming.slash(env.channel, "lineage", id="zzzzzzz")
    assert "There is no image `zzzzzzz` here" in private_sentence(refused)


async def test_ids_are_suggested_from_ones_own_images_or_by_words(env: DiscordEnv):
    [mine] = ids_of(await env.imagine(env.ming, prompt="红苹果", seed=5))
    [other] = ids_of(await env.imagine(env.ada, prompt="a blue rocket", seed=6))
    for command in ("lineage", "recipe", "reproduce"):
        for typed, expected in {"": [mine], "blue": [other], other: [other], "seed:x": []}.items():
            choices = await env.ming.autocomplete(env.channel, command, "id", typed)
            assert [each["value"] for each in choices] == expected, (command, typed)


async def test_the_recipe_shows_the_line_with_what_was_changed(env: DiscordEnv):
    ids = await a_family(env)
    words = await recipe(env, ids["red"])
    line = words[words.index("Where it comes from") :].splitlines()
    assert line[1:4] == [
        f"`{ids['first']}` from words",
        f"↳ `{ids['night']}` edit · prompt: added “at night”",
        f"↳ `{ids['red']}` edit · prompt: added “red”, seed 7 → 12",
    ]
    assert "Made from it: nothing yet" in words
    assert "Made from it: 4" in await recipe(env, ids["first"])
    assert "Where it comes from" not in await recipe(env, ids["first"])
    env.locales[env.ming.id] = "zh-CN"
    assert "提示词：加上“at night”" in await recipe(env, ids["red"])


async def test_a_long_line_is_shortened_in_the_middle(env: DiscordEnv):
    message = await env.imagine(seed=1, count=2, prompt="a red apple")
    first = ids_of(message)
    for thing in ("castle", "rocket", "panda", "pizza", "house", "snowman", "crown", "butterfly"):
        message = await edit(env, message, prompt=f"a {thing} " + f"{thing}s everywhere " * 12)
    shown = answer_of(await env.ming.click(message, label="Recipe"))
    words = texts_of(shown)
    assert len(words) <= 4000
    assert words.count("images between …") == 2
    for id_ in (*first, *ids_of(message)):
        assert f"`{id_}`" in words


async def test_deleted_images_are_only_called_deleted(env: DiscordEnv):
    ids = await a_family(env)
    await env.service.images.delete(ids["night"], viewer=env.viewer(env.ming))
    words = await recipe(env, ids["red"])
    assert f"↳ `{ids['night']}` edit · deleted" in words
    assert "added" not in words, "what was changed would tell the deleted prompt"
    family = await family_of(env, ids["red"])
    member = family.members[ids["night"]]
    assert (member.presence, member.request, member.path) == (Presence.DELETED, None, None)
    assert (await picture_of(await lineage(env, id=ids["red"]))).size
    assert "Made from it: 3" in await recipe(env, ids["first"])


async def test_a_parent_whose_row_is_gone_counts_as_deleted(env: DiscordEnv):
    ids = await a_family(env)
    await change(env, "UPDATE generations SET parent_id = 'gone' WHERE id = ?", ids["first"])
    family = await family_of(env, ids["red"])
    assert family.root == "gone"
    assert family.members["gone"].presence is Presence.DELETED
    assert "`gone` deleted" in await recipe(env, ids["first"])


async def test_nothing_of_another_server_is_ever_shown(env: DiscordEnv):
    ids = await a_family(env)
    channel, eve = await elsewhere(env)
    for command in ("lineage", "recipe"):
        refused = await eve.slash(channel, command, id=ids["red"])
        assert "There is no image" in private_sentence(refused)
    # No button leads there; were an image's parent moved to another server, nothing of it shows.
    await change(env, "UPDATE generations SET guild_id = 1 WHERE id = ?", ids["night"])
    await change(env, "UPDATE generations SET guild_id = 1 WHERE id = ?", ids["varied"])
    words = await recipe(env, ids["red"])
    assert "↳ an image you can't see here" in words
    assert ids["night"] not in words
    assert "added" not in words
    assert "Made from it: 2" in await recipe(env, ids["first"])
    family = await family_of(env, ids["red"])
    assert ids["varied"] not in family.members, "not even that it is there"
    member = family.members[ids["night"]]
    assert (member.presence, member.request, member.path) == (Presence.ELSEWHERE, None, None)
    assert (await picture_of(await lineage(env, id=ids["red"]))).size


async def test_hidden_images_stay_hidden_unless_they_are_asked_for(drawn_env: DiscordEnv):
    env = drawn_env  # a colour of the image is looked for
    message = await env.imagine(prompt="a red apple", seed=5, spoiler=True)
    [id_] = ids_of(message)
    plain = await lineage(env, id=id_)
    assert "`spoilers:True`" in texts_of(plain)
    assert not gallery_of(plain)[0]["spoiler"]
    shown = await lineage(env, id=id_, spoilers=True)
    assert gallery_of(shown)[0]["spoiler"], "the whole picture is behind a click"
    [attachment] = message.attachments
    with Image.open(io.BytesIO(await attachment.read())) as original:
        colour = original.convert("RGB").getpixel((64, 64))
    counted = [count_near(await picture_of(answer), colour) for answer in (plain, shown)]
    assert counted[0] == 0
    assert counted[1] > 20


def count_near(image: Image.Image, colour: tuple[int, ...]) -> int:
    """Count the pixels that are nearly of a colour."""
    found = image.convert("RGB").getcolors(2**24)
    return sum(n for n, c in found if sum(abs(a - b) for a, b in zip(c, colour, strict=True)) < 12)


async def test_a_circle_ends(env: DiscordEnv):
    ids = await a_family(env)
    await change(env, "UPDATE generations SET parent_id = ? WHERE id = ?", ids["red"], ids["first"])
    family = await family_of(env, ids["night"])
    assert set(family.members) == set(ids.values())
    assert (await picture_of(await lineage(env, id=ids["night"]))).size
    assert f"`{ids['night']}`" in await recipe(env, ids["night"])


async def test_the_family_outlives_a_restart_and_a_lost_file(
    settings: Settings, engine: SteeredEngine
):
    async with open_env(settings, engine) as env:
        ids = await a_family(env)
        await env.start_again()
        assert set((await family_of(env, ids["red"])).members) == set(ids.values())
        [path] = {(await family_of(env, ids["red"])).members[ids["new"]].path}
        path.unlink()
        assert (await picture_of(await lineage(env, id=ids["red"]))).size


async def grow(env: DiscordEnv, parent: str, count: int) -> None:
    """Give an image many children, as rows only."""
    rows = await env.service._store.database.rows("SELECT * FROM generations LIMIT 1")
    template = dict(rows[0])
    async with env.service._store.database.transaction() as db:
        for i in range(count):
            row = {**template, "id": f"c{i:05}", "position": i + 10, "parent_id": parent}
            marks = ", ".join("?" * len(row))
            await db.execute(
                f"INSERT INTO generations ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
            )


@pytest.mark.nightly
async def test_of_a_big_family_the_nearest_are_drawn(env: DiscordEnv):
    ids = await a_family(env)
    await grow(env, ids["red"], 294)
    family = await family_of(env, ids["night"])
    assert len(family.members) == 300
    portrait = draw_family(family, locale="en-US")
    shown = portrait.view.members
    assert set(ids.values()) <= set(shown)
    assert len(shown) + portrait.view.num_left_out == 300
    assert max(portrait.image.size) < 3100
    [attachment] = (await lineage(env, id=ids["night"])).attachments
    assert len(await attachment.read()) < 8 * 2**20


@pytest.mark.nightly
async def test_a_family_beyond_all_bounds_is_looked_at_in_part(env: DiscordEnv):
    ids = await a_family(env)
    await grow(env, ids["first"], REACH + 100)
    family = await family_of(env, ids["red"])
    assert family.is_cut
    assert len(family.members) == REACH + 1
    assert [each.id for each in family.line()] == [ids["first"], ids["night"], ids["red"]]
    answer = await lineage(env, id=ids["red"])
    assert answer.attachments


async def test_every_step_of_a_family_is_found_by_an_index(env: DiscordEnv):
    ids = await a_family(env)
    rows = env.service._store.database.rows
    from bot.storage import lineage as queries  # noqa: PLC0415

    for sql in (queries._LINE, queries._FAMILY):
        plan = [row["detail"] for row in await rows(f"EXPLAIN QUERY PLAN {sql}", ids["red"])]
        tables = [each for each in plan if each.startswith("SCAN")]
        assert all(each in {"SCAN near", "SCAN line"} for each in tables), plan
        assert any("USING INDEX" in each for each in plan)


async def test_the_command_line_shows_the_same_family(
    env: DiscordEnv, settings: Settings, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
):  # fmt: skip
    ids = await a_family(env)
    await env.service.images.delete(ids["varied"], viewer=env.viewer(env.ming))
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    output = tmp_path / "family.png"
    code, words = await in_thread(["lineage", ids["night"], "--output", str(output)], capsys)
    assert code == 0
    lines = words.splitlines()
    assert lines[0] == f"{ids['first']}  from words  a castle"
    assert f"├─ {ids['varied']}  variation, deleted" in lines
    assert f'└─ {ids["night"]}  edit  prompt: added "at night" <' in lines
    assert f'   └─ {ids["red"]}  edit  prompt: added "red", seed 7 → 12' in lines
    with Image.open(output) as image:
        assert image.width > 400
    code, words = await in_thread(["lineage", ids["red"], "--json"], capsys)
    told = json.loads(words)
    assert told["line"] == [ids["first"], ids["night"], ids["red"]]
    assert told["complete"]
    red = next(each for each in told["members"] if each["id"] == ids["red"])
    assert red["parent"] == ids["night"]
    assert red["changes"][1] == {"name": "seed", "before": "7", "after": "12"}
    code, words = await in_thread(["lineage", "zzzzzzz"], capsys)
    assert code == 2
    assert "There is no image 'zzzzzzz'" in words


async def test_inspect_on_the_command_line_shows_the_line(
    env: DiscordEnv, settings: Settings, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    ids = await a_family(env)
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    member = (await family_of(env, ids["red"])).members[ids["red"]]
    _, words = await in_thread(["inspect", str(member.path)], capsys)
    assert f'  {ids["night"]}  edit  prompt: added "at night"' in words
    assert "Made from it: nothing yet" in words
    _, words = await in_thread(["inspect", str(member.path), "--json"], capsys)
    told = json.loads(words)
    assert [each["id"] for each in told["line"]] == [ids["first"], ids["night"], ids["red"]]
    assert told["children"] == 0


async def in_thread(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run a command beside the bot, whose event loop goes on."""
    code = await asyncio.to_thread(run, arguments)
    captured = capsys.readouterr()
    return code, captured.out + captured.err
