"""Votes, comments, status, order, colours, drawing from a board, comparing and exporting."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from typing import Any

import pytest
from PIL import Image

from bot.discord_ui.boards.dialogs import packed
from bot.domain.boards import ItemStatus
from bot.services.maintenance import sweep_sources
from tests.support.board_channels import (
    add_picture,
    board_of,
    create,
    current,
    press,
    said,
    select_of,
)
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    empty_trash,
    gallery_of,
    ids_of,
    labels_of,
    texts_of,
    walk,
)

pytest_plugins = ["tests.support.bot_fixtures"]


async def drawn_board(env: DiscordEnv, **options: Any) -> Any:
    """Make a board with one image of the bot, and return the message that shows the image."""
    await create(env)
    message = await env.imagine(seed=5, **options)
    await env.ada.click(message, label="Add to board")
    return message


async def opened(env: DiscordEnv, who: Any = None, number: int = 1) -> Any:
    """Return the private message of a picture."""
    result = await (who or env.ada).slash(env.channel, "board show", number=number)
    return answer_of(result)


# Votes


async def test_a_vote_counts_once_and_is_taken_back_by_the_same_press(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    picture = await opened(env, env.ming)
    voted = answer_of(await press(env.ming, picture, "zib:b:heart"))
    assert voted.id == picture.id, "the private message changes in place"
    assert "Your vote for picture 1 counts: 1" in texts_of(voted)
    assert "Vote (1)" in labels_of(voted)
    again = answer_of(await press(env.ming, voted, "zib:b:heart"))
    assert "taken back: 0" in texts_of(again)


async def test_enough_votes_shortlist(env: DiscordEnv):
    await create(env)
    await env.moderator.slash(env.channel, "board edit", threshold=2, self_vote=False)
    await add_picture(env)
    own = await env.ada.slash(env.channel, "board vote", number=1)
    assert "counts no votes for one's own" in said(own)
    await env.ming.slash(env.channel, "board vote", number=1)
    words = said(await env.moderator.slash(env.channel, "board vote", number=1))
    assert "on the shortlist now" in words
    assert (await board_of(env)).items[0].status is ItemStatus.SHORTLIST


async def test_several_are_voted_for_in_one_form(env: DiscordEnv):
    await create(env)
    for seed in (1, 2):
        await add_picture(env, seed)
    shown = await env.ming.click(await current(env), label="Vote")
    result = await env.ming.submit_modal(shown, {"numbers": "1, 2 and 9"})
    words = said(result)
    assert "picture 1 counts" in words
    assert "picture 2 counts" in words
    assert "There is no picture 9" in words
    shown = await env.ming.click(await current(env), label="Vote")
    refused = await env.ming.submit_modal(shown, {"numbers": "the red one"})
    assert "There is no number in 'the red one'" in said(refused)


def test_what_came_of_many_votes_fits_into_messages():
    lines = [f"{i} " + "x" * 180 for i in range(25)]
    messages = packed(lines)
    assert "\n".join(messages) == "\n".join(lines)
    assert len(messages) == 3
    assert all(len(each) <= 2000 for each in messages)


# Words


async def test_words_are_changed_in_a_form(env: DiscordEnv):
    await create(env)
    await add_picture(env, caption="One", tags="a, b")
    shown = await press(env.ada, await opened(env), "zib:b:words")
    fields = {
        label["component"]["custom_id"]: label["component"].get("value")
        for label in shown.modal["components"]
    }
    assert fields == {"caption": "One", "credit": "ada", "tags": "a, b"}
    result = await env.ada.submit_modal(
        shown, {"caption": "**Two**", "credit": "Ada", "tags": "#b, c"}
    )
    [item] = (await board_of(env)).items
    assert (item.caption, item.credit, item.tags) == ("**Two**", "Ada", ("b", "c"))
    assert "\\*\\*Two\\*\\*" in said(result)
    shown = await press(env.ada, await opened(env), "zib:b:words")
    refused = await env.ada.submit_modal(
        shown, {"caption": "Three", "credit": "Ada", "tags": "x" * 40}
    )
    assert "The tag has 40 characters" in said(refused)
    assert (await board_of(env)).items[0].caption == "**Two**", "all of a form, or nothing"


async def test_others_pictures_are_worded_by_curators_only(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    refused = await env.ming.slash(env.channel, "board caption", number=1, words="Mine")
    assert "You may not curate" in said(refused)
    await env.moderator.slash(env.channel, "board tag", number=1, tags="warm, dry")
    await env.moderator.slash(env.channel, "board tag", number=1, tags="dry", remove=True)
    assert (await board_of(env)).items[0].tags == ("warm",)


async def test_comments_hang_below_their_picture(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    shown = await press(env.ming, await opened(env, env.ming), "zib:b:comment")
    result = await env.ming.submit_modal(shown, {"comment": "Too <@1> **bold**"})
    assert f"💬 <@{env.ming.id}> Too \\<@" in said(result).replace("\u200b", "")
    assert "\\*\\*bold\\*\\*" in said(result)
    log = said(await env.ada.slash(env.channel, "board log"))
    assert f"<@{env.ming.id}> commented on **1**: “Too" in log


async def test_all_comments_can_be_read_and_ones_own_deleted(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    for who, words in (
        (env.ming, "first\nline two"),
        (env.ada, "x" * 990),
        (env.ming, "*" * 990),
    ):
        await who.slash(env.channel, "board comment", number=1, words=words)
    picture = await opened(env, env.ming)
    assert "Comments (3)" in labels_of(picture)
    newest = answer_of(await press(env.ming, picture, "zib:b:comments"))
    assert texts_of(newest).count("\\*") == 990
    older = answer_of(await env.ming.click(newest, label="←"))
    assert "first\nline two" in texts_of(older)
    assert "x" * 990 in texts_of(older)
    select = select_of(older, "zib:s:uncomment")
    assert [each["label"] for each in select["options"]] == ["ming: first line two"]
    gone = await env.ming.select(
        older, [select["options"][0]["value"]], custom_id=select["custom_id"]
    )
    assert "first" not in said(gone)
    assert len((await board_of(env)).items[0].comments) == 2
    theirs = answer_of(
        await press(
            env.moderator,
            await opened(env, env.moderator),
            "zib:b:comments",
        )
    )
    assert select_of(theirs, "zib:s:uncomment"), "curators may delete any"


async def test_who_may_only_look_is_offered_nothing_else(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    for who, access in ((env.guild.default_role, "look"), (env.ada, "add")):
        await env.moderator.slash(env.channel, "board allow", who=who, access=access)
    labels = labels_of(await opened(env, env.ming))
    assert labels == ["More like this", "Use these colours", "Sheet"]
    labels = labels_of(await opened(env, env.ada))
    assert labels[:4] == ["Vote (0)", "Comment", "Details", "Take off"]
    refused = await env.ming.click(await current(env), label="Vote")
    assert "You may only look" in said(refused), "before a form is filled in"
    refused = await env.ada.slash(env.channel, "board edit")
    assert "Only grace and moderators" in said(refused)
    await env.moderator.slash(env.channel, "board archive")
    labels = labels_of(
        answer_of(await env.ada.slash(env.channel, "board show", board="Spring", number=1))
    )
    assert labels == ["More like this", "Use these colours", "Sheet"]


# Status and order


async def test_the_status_is_a_select_for_curators(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    plain = await opened(env, env.ada)
    assert not any("zib:s:status" in str(each) for each in plain.components)
    picture = await opened(env, env.moderator)
    select = select_of(picture, "zib:s:status")["custom_id"]
    answer = answer_of(await env.moderator.select(picture, ["approved"], custom_id=select))
    assert "Picture 1: ✅ Approved" in texts_of(answer)
    assert "1 approved" in texts_of(await current(env))


async def test_pictures_are_moved_by_a_form_and_by_a_command(env: DiscordEnv):
    await create(env)
    for seed in (1, 2, 3):
        await add_picture(env, seed)
    shown = await press(env.moderator, await opened(env, env.moderator, 3), "zib:b:move")
    await env.moderator.submit_modal(shown, {"before": "1"})
    assert [item.number for item in (await board_of(env)).items] == [3, 1, 2]
    await env.moderator.slash(env.channel, "board order", number=3)
    assert [item.number for item in (await board_of(env)).items] == [1, 2, 3]
    refused = await env.moderator.slash(env.channel, "board order", number=3, before=8)
    assert "There is no picture 8" in said(refused)
    await env.moderator.slash(env.channel, "board order", number=2, place="first")
    assert [item.number for item in (await board_of(env)).items] == [2, 1, 3]
    shown = await press(env.moderator, await opened(env, env.moderator, 3), "zib:b:move")
    await env.moderator.submit_modal(shown, {"before": "0"})
    assert [item.number for item in (await board_of(env)).items] == [3, 2, 1]
    refused = await env.moderator.slash(env.channel, "board order", number=3, place="first")
    assert "stands there already" in said(refused)


async def test_a_picture_is_taken_off_and_restored(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    refused = await env.ming.slash(env.channel, "board remove", number=1)
    assert "You may not curate" in said(refused)
    await env.ada.slash(env.channel, "board remove", number=1)
    assert (await board_of(env)).items == ()
    for who, offered in ((env.ada, [1]), (env.ming, [])):
        suggested = await who.autocomplete(
            env.channel, "board restore", "number", "", board="Spring"
        )
        assert [each["value"] for each in suggested] == offered
    restored = await env.ada.slash(env.channel, "board restore", board="Spring", number=1)
    assert "hangs there again" in said(restored)


async def test_neighbours_are_one_press_away(env: DiscordEnv):
    await create(env)
    for seed in (1, 2):
        await add_picture(env, seed, caption=f"picture no. {seed}")
    picture = await opened(env)
    following = answer_of(await env.ada.click(picture, label="→"))
    assert following.id == picture.id
    assert "picture no. 2" in texts_of(following)
    arrows = {
        each["label"]: each.get("disabled", False)
        for each in walk(following)
        if each.get("label") in {"←", "→"}
    }
    assert arrows == {"←": False, "→": True}, "both stay in their places"
    sheet = answer_of(await press(env.ada, following, "zib:b:sheet"))
    assert "2 pictures" in texts_of(sheet)


# Back to drawing


async def test_same_seed_from_a_board_is_compared_with_the_image(env: DiscordEnv):
    await drawn_board(env)
    await press(env.ming, await opened(env, env.ming), "zib:b:same")
    await env.idle()
    assert "Pixel for pixel the same" in texts_of(env.images()[-1])


async def test_same_seed_works_when_the_image_is_deleted(env: DiscordEnv):
    message = await drawn_board(env)
    await env.ada.click(message, label="Delete")
    picture = await opened(env)
    assert "Recipe" in labels_of(picture)
    await press(env.ada, picture, "zib:b:same")
    await env.idle()
    [id_] = ids_of(env.images()[-1])
    generation = await env.service.images.find(id_, viewer=env.viewer())
    [item] = (await board_of(env)).items
    assert generation.pixel_sha256 == item.pixel_sha256
    recipe = await press(env.ada, picture, "zib:b:recipe")
    assert "/imagine prompt:a red apple" in said(recipe)


async def test_what_an_image_was_made_from_is_kept_as_long_as_it_hangs(env: DiscordEnv):
    first = await drawn_board(env)
    await env.ada.click(first, label="Vary")
    await env.idle()
    varied = env.images()[-1]
    await env.ada.slash(env.channel, "board add", id=ids_of(varied)[0])
    for message in (first, varied):
        await env.ada.click(message, label="Delete")
        await env.idle()
    await empty_trash(env.service)
    await sweep_sources(env.service._store)
    await press(env.ada, await opened(env, number=2), "zib:b:same")
    await env.idle()
    again = await env.service.images.find(ids_of(env.images()[-1])[0], viewer=env.viewer())
    assert again is not None
    assert again.pixel_sha256 == (await board_of(env)).items[1].pixel_sha256
    assert again.relation == "source", "it comes from no image that is here"


async def test_more_like_this_begins_with_the_picture(env: DiscordEnv):
    message = await drawn_board(env)
    shown = await press(env.ada, await opened(env), "zib:b:more")
    refused = await env.ada.submit_modal(shown, {"count": "9", "strength": ["subtle"]})
    assert "9 images at once do not work: write 1 to 4" in said(refused)
    shown = await press(env.ada, await opened(env), "zib:b:more")
    await env.ada.submit_modal(shown, {"count": "2", "strength": ["subtle"]})
    await env.idle()
    made = [
        await env.service.images.find(each, viewer=env.viewer())
        for each in ids_of(env.images()[-1])
    ]
    assert [each.request.strength for each in made] == [55, 55]
    [item] = (await board_of(env)).items
    sources = {each.pixel_sha256 for one in made for each in one.request.operation.inputs}
    assert sources == {item.pixel_sha256}
    assert [each.relation for each in made] == ["variation", "variation"]
    assert {each.request.prompt for each in made} == {"a red apple"}
    assert 5 not in {each.request.seed for each in made}
    assert {each.parent_id for each in made} == set(ids_of(message))


async def test_more_like_a_picture_from_elsewhere_asks_what_it_shows(env: DiscordEnv):
    await create(env)
    await add_picture(env, 1, caption="A quiet harbour")
    shown = await press(env.ada, await opened(env), "zib:b:more")
    assert "A quiet harbour" in str(shown.modal["components"])
    typed = {"prompt": "a harbour at night", "count": "1", "strength": ["strong"]}
    await env.ada.submit_modal(shown, typed)
    await env.idle()
    [id_] = ids_of(env.images()[-1])
    made = await env.service.images.find(id_, viewer=env.viewer())
    assert (made.request.prompt, made.request.strength) == ("a harbour at night", 75)
    assert made.request.operation.inputs
    assert made.parent_id is None


async def test_a_palette_is_drawn_with(env: DiscordEnv):
    await drawn_board(env)
    shown = await press(env.ada, await opened(env), "zib:b:paint")
    fields = {
        label["component"]["custom_id"]: label["component"].get("value")
        for label in shown.modal["components"]
    }
    assert fields["prompt"] == "a red apple"
    assert "in the colours" in fields["colours"]
    await env.ada.submit_modal(
        shown,
        {"prompt": "a blue boat", "colours": fields["colours"], "size": SMALL, "seed": "9"},
    )
    await env.idle()
    [id_] = ids_of(env.images()[-1])
    request = (await env.service.images.find(id_, viewer=env.viewer())).request
    assert request.prompt == f"a blue boat, {fields['colours']}"
    assert request.seed == 9


async def test_uploads_have_colours_and_no_recipe(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    picture = await opened(env)
    assert "Same seed" not in labels_of(picture)
    shown = await press(env.ada, picture, "zib:b:paint")
    await env.ada.submit_modal(
        shown, {"prompt": "a boat", "colours": "in blue", "size": SMALL, "seed": ""}
    )
    await env.idle()
    assert "a boat, in blue" in texts_of(env.images()[-1])


# Colours


async def test_a_palette_has_names_hex_values_and_files(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    answer = answer_of(await env.ada.slash(env.channel, "board palette"))
    [item] = (await board_of(env)).items
    assert item.palette[0].hex in texts_of(answer)
    names = {each.filename for each in answer.attachments}
    assert names == {"palette.png", "spring.ase", "spring.gpl", "spring.css", "spring.json"}
    [document] = [each for each in answer.attachments if each.filename == "spring.json"]
    assert json.loads(await document.read())["colours"][0]["name"]["zh"]
    assert "Use these colours" in labels_of(answer)


# Side by side


async def test_pictures_are_compared_side_by_side(env: DiscordEnv):
    await create(env)
    for seed in (1, 2, 3):
        await add_picture(env, seed)
    result = await env.ada.slash(env.channel, "board compare", a=1, b=3)
    answer = answer_of(result)
    assert answer.ephemeral
    assert "**1** · ⚪ Candidate\n**3** · ⚪ Candidate" in texts_of(answer)
    image = Image.open(io.BytesIO(await answer.attachments[0].read()))
    assert image.width > image.height
    shared = await env.ada.slash(env.channel, "board compare", a=1, b=2, share=True)
    assert not answer_of(shared).ephemeral
    alone = await env.ada.slash(env.channel, "board compare", a=1, b=1)
    assert "1 alone is nothing to compare" in said(alone)


# Files


async def test_a_zip_holds_the_original_files(env: DiscordEnv):
    await create(env)
    for seed in (1, 2):
        await add_picture(env, seed)
    await env.moderator.slash(env.channel, "board status", number=2, status="approved")
    answer = answer_of(
        await env.ada.slash(env.channel, "board export", form="zip", status="approved")
    )
    [file] = answer.attachments
    names = zipfile.ZipFile(io.BytesIO(await file.read())).namelist()
    assert sum(name.startswith("pictures/") for name in names) == 1
    assert "**Spring** · 1 picture" in texts_of(answer)


@pytest.mark.nightly
async def test_an_export_is_split_where_the_place_takes_only_small_files(env: DiscordEnv):
    await create(env)
    for seed in range(1, 13):
        await add_picture(env, seed)
    env.limits[env.ada.id] = 120_000
    result = await env.ada.slash(env.channel, "board export", form="zip")
    assert result.followups == []
    files = result.response.attachments
    assert len(files) > 1
    assert max(file.size for file in files) <= 120_000
    assert texts_of(result.response).count("Part") == len(files)


async def test_an_export_that_outlives_its_answer_is_sent_to_its_reader(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    env.bot.now = lambda: env.simcord.now() + dt.timedelta(minutes=16)
    await env.ada.slash(env.channel, "board export", form="zip")
    direct = env.ada.user.dm_channel
    [message] = direct.history()
    assert [each.filename for each in message.attachments] == ["spring.zip"]
    assert "longer than the 15 minutes" in texts_of(message)
    path = f"/channels/{direct.id}/messages"
    env.simcord.inject_error("POST", path, status=403, code=50007, times=None)
    await env.ada.slash(env.channel, "board export", form="zip")
    assert f"<@{env.ada.id}>, your export took longer" in texts_of(env.channel.last_message)


async def test_the_export_button_offers_all_forms(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    asked = answer_of(await env.ada.click(await current(env), label="Export"))
    select = select_of(asked, "zib:s:export")["custom_id"]
    for form in ("html", "pdf", "png"):
        result = await env.ada.select(asked, [form], custom_id=select)
        [file] = answer_of(result).attachments
        assert file.filename.endswith(form)


async def test_an_empty_board_exports_nothing(env: DiscordEnv):
    await create(env)
    assert "nothing to export" in said(await env.ada.slash(env.channel, "board export"))


async def test_a_spoiler_stays_one(env: DiscordEnv):
    await drawn_board(env, spoiler=True)
    picture = await opened(env, env.ming)
    assert gallery_of(picture)[0]["spoiler"] is True
    await add_picture(env, 1, spoiler=True)
    assert (await board_of(env)).items[1].is_spoiler
    compared = answer_of(await env.ada.slash(env.channel, "board compare", a=1, b=2))
    assert gallery_of(compared)[0]["spoiler"] is True
