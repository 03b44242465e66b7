"""/explore: many drafts on one sheet, one of them chosen, drawn large or varied."""

from __future__ import annotations

import io
import json
from typing import Any

from PIL import Image

from bot.domain.requests import Quality
from tests.support.discord_env import (
    DiscordEnv,
    answer_of,
    crash,
    gallery_of,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
)
from tests.support.server_rules import set_rules

pytest_plugins = ["tests.support.bot_fixtures"]


async def explore(env: DiscordEnv, **options: Any) -> Any:
    """Run /explore to its end and return the message."""
    result = await env.ada.slash(env.channel, "explore", prompt="a red apple", seed=5, **options)
    await env.idle()
    return result.response


async def chosen(env: DiscordEnv, message: Any, number: int) -> Any:
    id_ = ids_of(message)[number - 1]
    return answer_of(await env.ming.select(message, [id_], custom_id="zib:choose:one"))


async def found(env: DiscordEnv, message: Any) -> list[Any]:
    return await env.service.images.find_all(ids_of(message), viewer=env.viewer())


async def test_nine_drafts_of_half_the_side_are_one_sheet(env: DiscordEnv):
    message = await explore(env)
    drafts = await found(env, message)
    assert [each.request.seed for each in drafts] == list(range(5, 14))
    assert {str(each.request.size) for each in drafts} == {"128x128"}
    assert {each.request.quality for each in drafts} == {Quality.DRAFT}
    assert {each.request.variety for each in drafts} == {50}
    assert all(each.recipe_text for each in drafts)
    assert len(message.attachments) == 1
    assert len(gallery_of(message)) == 1
    assert labels_of(message)[:2] == ["New seed", "Vary"]
    assert all(f"**{i + 1}** · seed {5 + i} · " in texts_of(message) for i in range(9))


async def test_drafts_have_the_variety_that_is_asked_for(env: DiscordEnv):
    drafts = await found(env, await explore(env, variety=0))
    assert {each.request.variety for each in drafts} == {0}


async def test_25_fit_one_message_with_every_button(env: DiscordEnv):
    message = await explore(env, how_many=25)
    ids = ids_of(message)
    assert len(set(ids)) == 25
    assert "25 images, seeds 5 to 29" in texts_of(message)
    assert len(texts_of(message)) < 300, "no list of 25 lines on a phone"
    [attachment] = message.attachments
    with Image.open(io.BytesIO(await attachment.read())) as sheet:
        assert sheet.format == "JPEG"
        assert sheet.width >= 1400
    again = await env.ada.click(message, label="Same seed")
    await env.idle()
    assert len(ids_of(again.response)) == 25
    assert "Pixel for pixel the same: 25 of 25" in texts_of(again.response)
    told = answer_of(await env.ming.click(message, label="Recipe"))
    recipes = json.loads(await told.attachments[0].read())
    assert [recipes[str(i + 1)]["seed"] for i in range(25)] == list(range(5, 30))
    await env.ada.click(message, label="Delete")
    assert await found(env, message) == []
    assert await env.service.images.find_all(ids, viewer=env.viewer()) == []


async def test_a_draft_is_chosen_and_drawn_large_with_its_composition(env: DiscordEnv):
    message = await explore(env)
    shown = await chosen(env, message, 7)
    assert shown.ephemeral
    assert labels_of(shown)[:2] == ["Draw large", "More around it"]
    result = await env.ming.click(shown, label="Draw large")
    await env.idle()
    [large] = await found(env, result.response)
    assert str(large.request.size) == "256x256"
    assert large.request.quality is Quality.STANDARD
    assert (large.relation, large.parent_id) == ("source", ids_of(message)[6])
    words = texts_of(result.response)
    assert "% like draft 7" in words
    assert "New seed" in labels_of(result.response), "it is no draft any more"
    again = await env.ming.click(result.response, label="Same seed")
    await env.idle()
    assert "Pixel for pixel" in texts_of(again.response)


async def test_more_around_a_draft_are_nine_drafts_again(env: DiscordEnv):
    message = await explore(env)
    shown = await chosen(env, message, 2)
    result = await env.ming.click(shown, label="More around it")
    await env.idle()
    drafts = await found(env, result.response)
    assert len(drafts) == 9
    assert {each.parent_id for each in drafts} == {ids_of(message)[1]}
    assert {str(each.request.size) for each in drafts} == {"128x128"}
    assert labels_of(await chosen(env, result.response, 9))[0] == "Draw large"


async def test_a_draft_by_itself_is_drawn_large_wherever_it_is_shown(env: DiscordEnv):
    message = await explore(env)
    again = await env.ming.click(await chosen(env, message, 3), label="Same seed")
    await env.idle()
    shown = await env.ada.slash(env.channel, "show", id=ids_of(message)[2])
    for one in (again.response, answer_of(shown)):
        assert labels_of(one)[:2] == ["Draw large", "More around it"]


async def test_an_image_keeps_its_number_when_one_before_it_is_deleted(env: DiscordEnv):
    message = await explore(env)
    ids = ids_of(message)
    first = await env.ada.select(message, ids[:1], custom_id="zib:choose:one")
    await env.ada.click(answer_of(first), label="Delete")
    await env.idle()
    [left] = env.images()
    form = await env.ada.click(left, label="Vary")
    assert f"Image 2 · {ids[1]}" in str(form.modal)
    assert "Image 1 ·" not in str(form.modal)


async def test_what_is_no_draft_is_not_drawn_large(env: DiscordEnv):
    message = await env.imagine(count=2, size="256x256", quality="draft")
    shown = answer_of(await env.ada.click(message, label="U1"))
    assert "Draw large" not in labels_of(shown)


async def test_the_buttons_of_a_large_sheet_work_after_a_restart(env: DiscordEnv):
    message = await explore(env, how_many=10)
    await env.start_again()
    shown = await chosen(env, message, 10)
    assert ids_of(shown) == [ids_of(message)[9]]
    result = await env.ming.click(message, label="New seed")
    await env.idle()
    assert len(ids_of(result.response)) == 10


async def test_drafts_count_as_the_work_they_are(env: DiscordEnv):
    await set_rules(env, "[server]\nmax_count = 2")
    assert len(ids_of(await explore(env))) == 9
    refused = await env.ada.slash(env.channel, "imagine", prompt="an apple", count=3)
    assert "3 images at once are too many here: 2 are allowed" in private_sentence(refused)
    await set_rules(env, "[server]\nmax_count = 1")
    refused = await env.ada.slash(env.channel, "explore", prompt="an apple")
    assert "9 images at once are too many here: 1 are allowed" in private_sentence(refused)


async def test_a_rule_against_comparing_is_none_against_several_seeds(env: DiscordEnv):
    await set_rules(env, '[server]\n"use.compare" = "deny"')
    message = await env.imagine(count=5)
    assert len(ids_of(message)) == 5
    varied = await env.ming.click(await chosen(env, message, 1), label="Vary")
    await env.idle()
    assert len(ids_of(varied.response)) == 4


async def test_what_hangs_of_many_deleted_drafts_can_be_taken_off(env: DiscordEnv):
    await env.moderator.slash(env.channel, "board create", name="Spring")
    message = await explore(env, how_many=25)
    id_ = ids_of(message)[20]
    await env.ada.slash(env.channel, "board add", id=id_, board="Spring")
    deleted = answer_of(await env.ada.click(message, label="Delete"))
    assert "Take" in " ".join(labels_of(deleted))


async def test_a_sheet_goes_on_where_it_was_after_a_kill(env: DiscordEnv):
    env.engine.hold_after = 4
    result = await env.ada.slash(env.channel, "explore", prompt="a red apple", seed=5)
    await env.held()
    await env.kept(4)
    await crash(env.service)
    env.engine.release()
    await env.start_again()
    await env.idle()
    assert len(ids_of(result.response)) == 9
    drawn = [each.seed for each in env.engine.drawn]
    assert [drawn.count(seed) for seed in range(5, 9)] == [1] * 4, (
        "what was kept is not drawn again"
    )


async def test_a_cancel_keeps_the_drafts_that_are_there_with_their_numbers(env: DiscordEnv):
    env.engine.hold_after = 3
    result = await env.ada.slash(env.channel, "explore", prompt="a red apple", seed=5)
    await env.held()
    await env.ada.click(result.response, label="Cancel")
    await env.idle()
    words = texts_of(result.response)
    assert "Cancelled: 3 of 9 were drawn" in words
    assert "**3** · seed 7" in words
    assert labels_of(result.response)[:3] == ["U1", "U2", "U3"]
    shown = answer_of(await env.ada.click(result.response, label="U3"))
    assert labels_of(shown)[0] == "Draw large"
