"""The buttons under images: what they do, for whom, and that they never die."""

from __future__ import annotations

import re
from typing import Any

import discord
import pytest
from discord import ui

from bot.discord_ui.client import ImageBot
from tests.support.discord_env import (
    DiscordEnv,
    answer_of,
    gallery_of,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
)

pytest_plugins = ["tests.support.bot_fixtures"]

# As messages carry them that were posted before: they have to be understood for good.
POSTED = {
    "zib:same:k3x9a2": "ImageButton",
    "zib:new:k3x9a2.k3x9a3": "ImageButton",
    "zib:edit:k3x9a2": "ImageButton",
    "zib:use:k3x9a2": "ImageButton",
    "zib:region:k3x9a2": "ImageButton",
    "zib:extend:k3x9a2": "ImageButton",
    "zib:cells:3:k3x9a2": "CellsButton",
    "zib:grid:4:k3x9a2": "GridButton",
    "zib:upscale:k3x9a2": "ImageButton",
    "zib:subtle:k3x9a2": "ImageButton",
    "zib:strong:k3x9a2.k3x9a3": "ImageButton",
    "zib:recipe:k3x9a2.k3x9a3.k3x9a4.k3x9a5": "ImageButton",
    "zib:delete:k3x9a2": "ImageButton",
    "zib:back:k3x9a2": "BringBackButton",
    "zib:cancel:k3x9a2": "CancelButton",
    "zib:one:k3x9a2": "ShowOneButton",
    "zib:choose:one": "ChooseSelect",
    "zib:choose:4": "ChooseSelect",
    "zib:batch:draw:k3x9a2": "BatchButton",
    "zib:batch:drop:k3x9a2": "BatchButton",
    "zib:more:k3x9a2.k3x9a3": "MoreSelect",
    "zib:more:all": "MoreSelect",
    "zib:new:all": "ImageButton",
    "zib:takeover:k3x9a2": "DrawHereButton",
    "zib:page:0:": "PageButton",
    "zib:page:12:red apple by:7: seed:5\nsize:512x512": "PageButton",
    "zib:loras:0": "LoraPageButton",
    "zib:loras:1234": "LoraPageButton",
    "zib:again:k3x9a2": "AgainButton",
    "zib:appeal:0": "AppealButton",
    "zib:case:approved:12": "CaseButton",
    "zib:case:show:12": "CaseButton",
    "zib:audit:1:0": "AuditPageButton",
    "zib:board:k3x9a2.k3x9a3": "AddButton",
    "zib:unhang:k3x9a2.k3x9a3": "UnhangButton",
    "zib:b:restore:k3x9a2": "BoardButton",
    "zib:b:heart:k3x9a2:12": "BoardButton",
    "zib:b:page:k3x9a2:2.chosen": "BoardButton",
    "zib:s:sort:k3x9a2": "BoardSelect",
    "zib:s:status:k3x9a2:12": "BoardSelect",
    "zib:style:try:ink": "StyleButton",
    "zib:style:edit:k3x9a2": "StyleButton",
    "zib:style:remove:k3x9a2": "StyleButton",
    "zib:mydata:send": "DataButton",
    "zib:forgetme:ask": "ForgetButton",
    "zib:forgetnow:keep": "ForgetNowButton",
    "zib:forgetnow:off": "ForgetNowButton",
    "zib:set:change:access:server:0": "RulesButton",
    "zib:set:undo:quotas:kind.age_restricted:17": "RulesButton",
    "zib:set:export:words:member.123456789012345678": "RulesButton",
    "zib:pick:section:access:role": "RulesSelect",
}


async def press(env: DiscordEnv, who, message, label: str):
    result = await who.click(message, label=label)
    await env.idle()
    return result


async def test_same_seed_draws_the_same_pixels_and_says_so(env: DiscordEnv):
    message = await env.imagine(seed=5)
    [original] = ids_of(message)
    result = await press(env, env.ming, message, "Same seed")
    words = texts_of(result.response)
    assert f"Pixel for pixel the same as `{original}`" in words
    assert f"<@{env.ming.id}>" in words, "who presses is the requester of the new one"
    [again] = ids_of(result.response)
    generation = await env.service.images.find(again, viewer=env.viewer())
    assert generation.parent_id is not None
    assert generation.pixel_sha256[:12] in words


async def test_same_seed_of_several_images_compares_each(env: DiscordEnv):
    message = await env.imagine(seed=5, count=2)
    result = await press(env, env.ada, message, "Same seed")
    assert texts_of(result.response).count("Pixel for pixel") == 2


async def test_new_seed_keeps_everything_else(env: DiscordEnv):
    message = await env.imagine(seed=5, quality="draft", guidance=1.2)
    result = await press(env, env.ada, message, "New seed")
    words = texts_of(result.response)
    assert "a red apple" in words
    assert "draft · guidance 1.2" in words
    assert "seed `5`" not in words


async def test_edit_opens_a_filled_form_and_draws_what_is_sent(env: DiscordEnv):
    message = await env.imagine(seed=5)
    shown = await env.ada.click(message, label="Edit")
    fields = {
        label["component"]["custom_id"]: label["component"].get("value", "")
        for label in shown.modal["components"]
    }
    expected = {"prompt": "a red apple", "size": "128x128", "seed": "5", "variety": "0"}
    assert fields.items() >= expected.items()
    result = await env.ada.submit_modal(
        shown, {"prompt": "a green apple", "size": "144x128", "seed": "6"}
    )
    await env.idle()
    words = texts_of(result.response)
    assert "a green apple" in words
    assert "seed `6` · 144×128" in words


async def test_an_edit_without_a_seed_draws_a_new_one(env: DiscordEnv):
    message = await env.imagine(seed=5)
    shown = await env.ada.click(message, label="Edit")
    result = await env.ada.submit_modal(shown, {"prompt": "x", "size": "128x128", "seed": ""})
    await env.idle()
    assert "seed `5`" not in texts_of(result.response)
    assert ids_of(result.response)


async def test_a_wrong_edit_gets_one_private_sentence(env: DiscordEnv):
    message = await env.imagine(seed=5)
    shown = await env.ada.click(message, label="Edit")
    result = await env.ada.submit_modal(shown, {"prompt": "x", "size": "1x1", "seed": "5"})
    assert "The size 1x1 does not work" in private_sentence(result)
    shown = await env.ada.click(message, label="Edit")
    result = await env.ada.submit_modal(shown, {"prompt": "x", "size": "128x128", "seed": "-1"})
    assert "The seed '-1' does not work" in private_sentence(result)


async def test_the_recipe_is_private_and_complete_and_its_command_draws_the_same(
    drawn_env: DiscordEnv,
):
    env = drawn_env
    message = await env.imagine(seed=5, quality="final", guidance=1.5)
    [id_] = ids_of(message)
    recipe = private_sentence(await env.ming.click(message, label="Recipe"))
    generation = await env.service.images.find(id_, viewer=env.viewer())
    assert generation.pixel_sha256 in recipe
    for fact in ("torch", "diffusers", "transformers", "float32", "9 (final)"):
        assert fact in recipe
    command = re.search(r"```\n/imagine (.*)\n```", recipe)[1]
    assert command == "prompt:a red apple size:128x128 seed:5 quality:final guidance:1.5"


async def test_the_requester_deletes_their_image(env: DiscordEnv):
    message = await env.imagine()
    [id_] = ids_of(message)
    result = await press(env, env.ada, message, "Delete")
    assert f"Deleted `{id_}`" in private_sentence(result)
    assert env.images() == []
    assert await env.service.images.find(id_, viewer=env.viewer()) is None


async def test_a_strangers_delete_is_refused_and_a_moderators_is_not(env: DiscordEnv):
    message = await env.imagine()
    refusal = private_sentence(await press(env, env.ming, message, "Delete"))
    assert "moderator" in refusal
    assert len(env.images()) == 1
    await press(env, env.moderator, message, "Delete")
    assert env.images() == []


async def shown_again(env: DiscordEnv, id_: str):
    shown = await env.ada.slash(env.channel, "show", id=id_)
    return shown.followups[0] if shown.followups else shown.response


async def test_a_copys_delete_takes_the_first_message_along(env: DiscordEnv):
    message = await env.imagine()
    copy = await shown_again(env, ids_of(message)[0])
    await press(env, env.ada, copy, "Delete")
    assert env.images() == []


async def test_a_delete_takes_every_copy_along(env: DiscordEnv):
    message = await env.imagine()
    [id_] = ids_of(message)
    await shown_again(env, id_)
    await shown_again(env, id_)
    assert len(env.images()) == 3
    result = await press(env, env.ada, message, "Delete")
    assert f"Deleted `{id_}`" in private_sentence(result)
    assert env.images() == []


async def test_one_of_four_images_is_taken_out_of_their_message(env: DiscordEnv):
    message = await env.imagine(count=4)
    first, second, third, fourth = ids_of(message)
    await press(env, env.ada, await shown_again(env, second), "Delete")
    [left] = env.images()
    assert left.id == message.id
    assert ids_of(left) == [first, third, fourth]
    assert len(gallery_of(left)) == len(left.attachments) == 3
    assert second not in texts_of(left)


async def test_a_button_of_a_deleted_image_says_plainly_that_it_is_gone(env: DiscordEnv):
    message = await env.imagine()
    [id_] = ids_of(message)
    await gone_in_the_database_alone(env, id_)
    for label in labels_of(message):
        answer = private_sentence(await press(env, env.ada, message, label))
        expected = "Deleted `{}`" if label == "Delete" else "There is no image `{}` here"
        assert expected.format(id_) in answer
        if label == "Delete":
            assert env.images() == []
            return


async def gone_in_the_database_alone(env: DiscordEnv, id_: str) -> None:
    """Delete an image whose message nobody knows of, as before copies were recorded."""
    async with env.service._store.database.transaction() as db:
        await db.execute(
            "UPDATE generations SET deleted_at = created_at, message_id = NULL WHERE id = ?", (id_,)
        )


async def test_buttons_work_after_a_restart(env: DiscordEnv):
    message = await env.imagine(seed=5)
    await env.simcord.restart_bot(ImageBot(env.settings, env.service))
    result = await press(env, env.ada, message, "Same seed")
    assert "Pixel for pixel the same" in texts_of(result.response)
    recipe = await env.ada.click(message, label="Recipe")
    assert "Recipe of" in private_sentence(recipe)


async def test_every_custom_id_that_was_ever_posted_is_understood(env: DiscordEnv):
    registered = env.bot._connection._view_store._dynamic_items
    understood = {
        custom_id: [
            cls.__name__ for template, cls in registered.items() if template.fullmatch(custom_id)
        ]
        for custom_id in POSTED
    }
    assert understood == {custom_id: [kind] for custom_id, kind in POSTED.items()}
    assert {cls.__name__ for cls in registered.values()} == set(POSTED.values())


async def test_what_another_version_has_put_under_a_message_is_answered_in_private(
    env: DiscordEnv, caplog: pytest.LogCaptureFixture
):
    option = discord.SelectOption(label="?")
    view = ui.View(timeout=None)
    for custom_id in (
        "zib:enlarge:k3x9a2", "zib:cells:5:k3x9a2", "zib:grid:2:k3x9a2", "zib:b:lightbox:k3x9a2",
        "of a view",
    ):  # fmt: skip
        view.add_item(ui.Button(custom_id=custom_id, label="?"))
    for custom_id in ("zib:s:lightbox:k3x9a2", "zib:pick:k3x9a2", "zib:more:k3x9a2"):
        view.add_item(ui.Select(custom_id=custom_id, options=[option]))
    view.stop()  # or discord.py would understand it
    await env.bot.get_channel(env.channel.id).send("From another day", view=view)
    message = env.channel.history()[-1]
    for item in view.children:
        is_button = isinstance(item, ui.Button)
        press = env.ada.click(message, custom_id=item.custom_id) if is_button else (
            env.ada.select(message, ["?"], custom_id=item.custom_id)
        )  # fmt: skip
        assert "from another version of me" in private_sentence(await press), item.custom_id
    assert "Unexpected error" not in caplog.text


async def test_the_bot_remembers_no_views(env: DiscordEnv):
    await env.imagine()
    await env.imagine()
    assert env.bot.persistent_views == []
    assert env.bot._connection._view_store._synced_message_views == {}


async def test_a_defect_behind_a_button_is_answered(env: DiscordEnv, monkeypatch, caplog):
    message = await env.imagine()

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(env.service.images, "find_all", broken)
    answer = private_sentence(await env.ada.click(message, label="New seed"))
    assert "Something went wrong on my side" in answer
    assert "secret detail" in caplog.text


async def test_a_choice_of_the_menu_can_be_made_again_at_once(env: DiscordEnv):
    message = await env.imagine(seed=5)
    before, edited = message.components, []

    def note(event: str, payload: Any) -> None:
        edited.append(event == "MESSAGE_UPDATE" and int(payload["id"]) == message.id)

    env.simcord.backend.subscribers.append(note)
    await press(env, env.ming, message, "Same seed")
    assert any(edited), "else Discord's clients would not send the same choice again"
    assert message.components == before


async def test_u_shows_one_of_several_and_v_varies_it(env: DiscordEnv):
    message = await env.imagine(seed=5, count=3)
    ids = ids_of(message)
    assert labels_of(message)[:8] == ["U1", "U2", "U3", "V1", "V2", "V3", "New seed", "Edit"]
    words = texts_of(message)
    assert "128×128 · standard · for" in words
    assert all(f"**{i + 1}** · seed `{5 + i}` · " in words for i in range(3))
    shown = answer_of(await env.ming.click(message, label="U2"))
    assert shown.ephemeral
    assert ids_of(shown) == [ids[1]]
    varied = await press(env, env.ming, message, "V3")
    found = await env.service.images.find_all(ids_of(varied.response), viewer=env.viewer())
    assert {each.parent_id for each in found} == {ids[2]}
    assert len(found) == 4


async def test_more_than_four_are_on_a_sheet_and_chosen_by_number(env: DiscordEnv):
    message = await env.imagine(seed=5, count=9)
    ids = ids_of(message)
    assert len(ids) == 9
    assert len(message.attachments) == 1
    assert labels_of(message)[:2] == ["New seed", "Vary"]
    choice = await env.ming.select(message, [ids[6]], custom_id="zib:choose:one")
    shown = answer_of(choice)
    assert shown.ephemeral
    assert ids_of(shown) == [ids[6]]
    assert "seed `11`" in texts_of(shown)
    again = await press(env, env.ming, message, "Same seed")
    assert len(ids_of(again.response)) == 9
    assert "Pixel for pixel" in texts_of(again.response)
