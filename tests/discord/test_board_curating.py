"""Votes, comments, status, order, colours, drawing from a board, comparing and exporting."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from typing import Any

from PIL import Image

from bot.discord_ui.boards.dialogs import packed
from bot.domain.boards import Status
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
    Town,
    answer_of,
    gallery_of,
    ids_of,
    labels_of,
    texts_of,
    walk,
)

pytest_plugins = ["tests.support.bot_fixtures"]


async def drawn_board(town: Town, **options: Any) -> Any:
    """Make a board with one image of the bot, and return the message that shows the image."""
    await create(town)
    message = await town.imagine(seed=5, **options)
    await town.ada.click(message, label="Add to board")
    return message


async def opened(town: Town, who: Any = None, number: int = 1) -> Any:
    """Return the private message of a picture."""
    result = await (who or town.ada).slash(town.channel, "board show", number=number)
    return answer_of(result)


# Votes


async def test_a_vote_counts_once_and_is_taken_back_by_the_same_press(town: Town):
    await create(town)
    await add_picture(town)
    picture = await opened(town, town.ming)
    voted = answer_of(await press(town.ming, picture, "zib:b:heart"))
    assert voted.id == picture.id, "the private message changes in place"
    assert "Your vote for picture 1 counts: 1" in texts_of(voted)
    assert "Vote (1)" in labels_of(voted)
    again = answer_of(await press(town.ming, voted, "zib:b:heart"))
    assert "taken back: 0" in texts_of(again)


async def test_enough_votes_shortlist(town: Town):
    await create(town)
    await town.moderator.slash(town.channel, "board edit", threshold=2, self_vote=False)
    await add_picture(town)
    own = await town.ada.slash(town.channel, "board vote", number=1)
    assert "counts no votes for one's own" in said(own)
    await town.ming.slash(town.channel, "board vote", number=1)
    words = said(await town.moderator.slash(town.channel, "board vote", number=1))
    assert "on the shortlist now" in words
    assert (await board_of(town)).items[0].status is Status.SHORTLIST


async def test_several_are_voted_for_in_one_form(town: Town):
    await create(town)
    for seed in (1, 2):
        await add_picture(town, seed)
    shown = await town.ming.click(await current(town), label="Vote")
    result = await town.ming.submit_modal(shown, {"numbers": "1, 2 and 9"})
    words = said(result)
    assert "picture 1 counts" in words
    assert "picture 2 counts" in words
    assert "There is no picture 9" in words
    shown = await town.ming.click(await current(town), label="Vote")
    refused = await town.ming.submit_modal(shown, {"numbers": "the red one"})
    assert "There is no number in 'the red one'" in said(refused)


def test_what_came_of_many_votes_fits_into_messages():
    lines = [f"{i} " + "x" * 180 for i in range(25)]
    messages = packed(lines)
    assert "\n".join(messages) == "\n".join(lines)
    assert len(messages) == 3
    assert all(len(each) <= 2000 for each in messages)


# Words


async def test_words_are_changed_in_a_form(town: Town):
    await create(town)
    await add_picture(town, caption="One", tags="a, b")
    shown = await press(town.ada, await opened(town), "zib:b:words")
    fields = {
        label["component"]["custom_id"]: label["component"].get("value")
        for label in shown.modal["components"]
    }
    assert fields == {"caption": "One", "credit": "ada", "tags": "a, b"}
    result = await town.ada.submit_modal(
        shown, {"caption": "**Two**", "credit": "Ada", "tags": "#b, c"}
    )
    [item] = (await board_of(town)).items
    assert (item.caption, item.credit, item.tags) == ("**Two**", "Ada", ("b", "c"))
    assert "\\*\\*Two\\*\\*" in said(result)
    shown = await press(town.ada, await opened(town), "zib:b:words")
    refused = await town.ada.submit_modal(
        shown, {"caption": "Three", "credit": "Ada", "tags": "x" * 40}
    )
    assert "The tag has 40 characters" in said(refused)
    assert (await board_of(town)).items[0].caption == "**Two**", "all of a form, or nothing"


async def test_others_pictures_are_worded_by_curators_only(town: Town):
    await create(town)
    await add_picture(town)
    refused = await town.ming.slash(town.channel, "board caption", number=1, words="Mine")
    assert "You may not curate" in said(refused)
    await town.moderator.slash(town.channel, "board tag", number=1, tags="warm, dry")
    await town.moderator.slash(town.channel, "board tag", number=1, tags="dry", remove=True)
    assert (await board_of(town)).items[0].tags == ("warm",)


async def test_comments_hang_below_their_picture(town: Town):
    await create(town)
    await add_picture(town)
    shown = await press(town.ming, await opened(town, town.ming), "zib:b:comment")
    result = await town.ming.submit_modal(shown, {"comment": "Too <@1> **bold**"})
    assert f"💬 <@{town.ming.id}> Too \\<@" in said(result).replace("\u200b", "")
    assert "\\*\\*bold\\*\\*" in said(result)
    log = said(await town.ada.slash(town.channel, "board log"))
    assert f"<@{town.ming.id}> commented on **1**: “Too" in log


async def test_all_comments_can_be_read_and_ones_own_deleted(town: Town):
    await create(town)
    await add_picture(town)
    for who, words in (
        (town.ming, "first\nline two"),
        (town.ada, "x" * 990),
        (town.ming, "*" * 990),
    ):
        await who.slash(town.channel, "board comment", number=1, words=words)
    picture = await opened(town, town.ming)
    assert "Comments (3)" in labels_of(picture)
    newest = answer_of(await press(town.ming, picture, "zib:b:comments"))
    assert texts_of(newest).count("\\*") == 990
    older = answer_of(await town.ming.click(newest, label="←"))
    assert "first\nline two" in texts_of(older)
    assert "x" * 990 in texts_of(older)
    select = select_of(older, "zib:s:uncomment")
    assert [each["label"] for each in select["options"]] == ["ming: first line two"]
    gone = await town.ming.select(
        older, [select["options"][0]["value"]], custom_id=select["custom_id"]
    )
    assert "first" not in said(gone)
    assert len((await board_of(town)).items[0].comments) == 2
    theirs = answer_of(
        await press(town.moderator, await opened(town, town.moderator), "zib:b:comments")
    )
    assert select_of(theirs, "zib:s:uncomment"), "curators may delete any"


async def test_who_may_only_look_is_offered_nothing_else(town: Town):
    await create(town)
    await add_picture(town)
    for who, access in ((town.guild.default_role, "look"), (town.ada, "add")):
        await town.moderator.slash(town.channel, "board allow", who=who, access=access)
    labels = labels_of(await opened(town, town.ming))
    assert labels == ["Use these colours", "Sheet"]
    labels = labels_of(await opened(town, town.ada))
    assert labels[:4] == ["Vote (0)", "Comment", "Details", "Take off"]
    refused = await town.ming.click(await current(town), label="Vote")
    assert "You may only look" in said(refused), "before a form is filled in"
    refused = await town.ada.slash(town.channel, "board edit")
    assert "Only grace and moderators" in said(refused)
    await town.moderator.slash(town.channel, "board archive")
    labels = labels_of(
        answer_of(await town.ada.slash(town.channel, "board show", board="Spring", number=1))
    )
    assert labels == ["Use these colours", "Sheet"]


# Status and order


async def test_the_status_is_a_select_for_curators(town: Town):
    await create(town)
    await add_picture(town)
    plain = await opened(town, town.ada)
    assert not any("zib:s:status" in str(each) for each in plain.components)
    picture = await opened(town, town.moderator)
    select = select_of(picture, "zib:s:status")["custom_id"]
    answer = answer_of(await town.moderator.select(picture, ["approved"], custom_id=select))
    assert "Picture 1: ✅ Approved" in texts_of(answer)
    assert "1 approved" in texts_of(await current(town))


async def test_pictures_are_moved_by_a_form_and_by_a_command(town: Town):
    await create(town)
    for seed in (1, 2, 3):
        await add_picture(town, seed)
    shown = await press(town.moderator, await opened(town, town.moderator, 3), "zib:b:move")
    await town.moderator.submit_modal(shown, {"before": "1"})
    assert [item.number for item in (await board_of(town)).items] == [3, 1, 2]
    await town.moderator.slash(town.channel, "board order", number=3)
    assert [item.number for item in (await board_of(town)).items] == [1, 2, 3]
    refused = await town.moderator.slash(town.channel, "board order", number=3, before=8)
    assert "There is no picture 8" in said(refused)
    await town.moderator.slash(town.channel, "board order", number=2, place="first")
    assert [item.number for item in (await board_of(town)).items] == [2, 1, 3]
    shown = await press(town.moderator, await opened(town, town.moderator, 3), "zib:b:move")
    await town.moderator.submit_modal(shown, {"before": "0"})
    assert [item.number for item in (await board_of(town)).items] == [3, 2, 1]
    refused = await town.moderator.slash(town.channel, "board order", number=3, place="first")
    assert "stands there already" in said(refused)


async def test_a_picture_is_taken_off_and_restored(town: Town):
    await create(town)
    await add_picture(town)
    refused = await town.ming.slash(town.channel, "board remove", number=1)
    assert "You may not curate" in said(refused)
    await town.ada.slash(town.channel, "board remove", number=1)
    assert (await board_of(town)).items == ()
    for who, offered in ((town.ada, [1]), (town.ming, [])):
        suggested = await who.autocomplete(
            town.channel, "board restore", "number", "", board="Spring"
        )
        assert [each["value"] for each in suggested] == offered
    restored = await town.ada.slash(town.channel, "board restore", board="Spring", number=1)
    assert "hangs there again" in said(restored)


async def test_neighbours_are_one_press_away(town: Town):
    await create(town)
    for seed in (1, 2):
        await add_picture(town, seed, caption=f"picture no. {seed}")
    picture = await opened(town)
    following = answer_of(await town.ada.click(picture, label="→"))
    assert following.id == picture.id
    assert "picture no. 2" in texts_of(following)
    arrows = {
        each["label"]: each.get("disabled", False)
        for each in walk(following)
        if each.get("label") in {"←", "→"}
    }
    assert arrows == {"←": False, "→": True}, "both stay in their places"
    sheet = answer_of(await press(town.ada, following, "zib:b:sheet"))
    assert "2 pictures" in texts_of(sheet)


# Back to drawing


async def test_same_seed_from_a_board_is_compared_with_the_image(town: Town):
    await drawn_board(town)
    await press(town.ming, await opened(town, town.ming), "zib:b:same")
    await town.idle()
    assert "Pixel for pixel the same" in texts_of(town.images()[-1])


async def test_same_seed_works_when_the_image_is_deleted(town: Town):
    message = await drawn_board(town)
    await town.ada.click(message, label="Delete")
    picture = await opened(town)
    assert "Recipe" in labels_of(picture)
    await press(town.ada, picture, "zib:b:same")
    await town.idle()
    [id_] = ids_of(town.images()[-1])
    generation = await town.service.generation(id_, viewer=town.viewer())
    [item] = (await board_of(town)).items
    assert generation.pixel_sha256 == item.pixel_sha256
    recipe = await press(town.ada, picture, "zib:b:recipe")
    assert "/imagine prompt:a red apple" in said(recipe)


async def test_more_like_this_draws_new_seeds_with_variety(town: Town):
    message = await drawn_board(town)
    shown = await press(town.ada, await opened(town), "zib:b:more")
    refused = await town.ada.submit_modal(shown, {"count": "9", "variety": "0"})
    assert "9 images at once do not work: write 1 to 4" in said(refused)
    shown = await press(town.ada, await opened(town), "zib:b:more")
    await town.ada.submit_modal(shown, {"count": "2", "variety": "60"})
    await town.idle()
    made = [
        await town.service.generation(each, viewer=town.viewer())
        for each in ids_of(town.images()[-1])
    ]
    assert [each.request.variety for each in made] == [60, 60]
    assert {each.request.prompt for each in made} == {"a red apple"}
    assert 5 not in {each.request.seed for each in made}
    assert {each.parent_id for each in made} == set(ids_of(message))


async def test_a_palette_is_drawn_with(town: Town):
    await drawn_board(town)
    shown = await press(town.ada, await opened(town), "zib:b:paint")
    fields = {
        label["component"]["custom_id"]: label["component"].get("value")
        for label in shown.modal["components"]
    }
    assert fields["prompt"] == "a red apple"
    assert "in the colours" in fields["colours"]
    await town.ada.submit_modal(
        shown,
        {"prompt": "a blue boat", "colours": fields["colours"], "size": SMALL, "seed": "9"},
    )
    await town.idle()
    [id_] = ids_of(town.images()[-1])
    request = (await town.service.generation(id_, viewer=town.viewer())).request
    assert request.prompt == f"a blue boat, {fields['colours']}"
    assert request.seed == 9


async def test_uploads_have_colours_and_no_recipe(town: Town):
    await create(town)
    await add_picture(town)
    picture = await opened(town)
    assert "Same seed" not in labels_of(picture)
    shown = await press(town.ada, picture, "zib:b:paint")
    await town.ada.submit_modal(
        shown, {"prompt": "a boat", "colours": "in blue", "size": SMALL, "seed": ""}
    )
    await town.idle()
    assert "a boat, in blue" in texts_of(town.images()[-1])


# Colours


async def test_a_palette_has_names_hex_values_and_files(town: Town):
    await create(town)
    await add_picture(town)
    answer = answer_of(await town.ada.slash(town.channel, "board palette"))
    [item] = (await board_of(town)).items
    assert item.palette[0].hex in texts_of(answer)
    names = {each.filename for each in answer.attachments}
    assert names == {"palette.png", "spring.ase", "spring.gpl", "spring.css", "spring.json"}
    [document] = [each for each in answer.attachments if each.filename == "spring.json"]
    assert json.loads(await document.read())["colours"][0]["name"]["zh"]
    assert "Use these colours" in labels_of(answer)


# Side by side


async def test_pictures_are_compared_side_by_side(town: Town):
    await create(town)
    for seed in (1, 2, 3):
        await add_picture(town, seed)
    result = await town.ada.slash(town.channel, "board compare", a=1, b=3)
    answer = answer_of(result)
    assert answer.ephemeral
    assert "**1** · ⚪ Candidate\n**3** · ⚪ Candidate" in texts_of(answer)
    image = Image.open(io.BytesIO(await answer.attachments[0].read()))
    assert image.width > image.height
    shared = await town.ada.slash(town.channel, "board compare", a=1, b=2, share=True)
    assert not answer_of(shared).ephemeral
    alone = await town.ada.slash(town.channel, "board compare", a=1, b=1)
    assert "1 alone is nothing to compare" in said(alone)


# Files


async def test_a_zip_holds_the_original_files(town: Town):
    await create(town)
    for seed in (1, 2):
        await add_picture(town, seed)
    await town.moderator.slash(town.channel, "board status", number=2, status="approved")
    answer = answer_of(
        await town.ada.slash(town.channel, "board export", form="zip", status="approved")
    )
    [file] = answer.attachments
    names = zipfile.ZipFile(io.BytesIO(await file.read())).namelist()
    assert sum(name.startswith("pictures/") for name in names) == 1
    assert "**Spring** · 1 picture" in texts_of(answer)


async def test_an_export_is_split_where_the_place_takes_only_small_files(town: Town):
    await create(town)
    for seed in range(1, 13):
        await add_picture(town, seed)
    town.limits[town.ada.id] = 120_000
    result = await town.ada.slash(town.channel, "board export", form="zip")
    assert result.followups == []
    files = result.response.attachments
    assert len(files) > 1
    assert max(file.size for file in files) <= 120_000
    assert texts_of(result.response).count("Part") == len(files)


async def test_an_export_that_outlives_its_answer_is_sent_to_its_reader(town: Town):
    await create(town)
    await add_picture(town)
    town.bot.now = lambda: town.env.now() + dt.timedelta(minutes=16)
    await town.ada.slash(town.channel, "board export", form="zip")
    direct = town.ada.user.dm_channel
    [message] = direct.history()
    assert [each.filename for each in message.attachments] == ["spring.zip"]
    assert "longer than the 15 minutes" in texts_of(message)
    path = f"/channels/{direct.id}/messages"
    town.env.inject_error("POST", path, status=403, code=50007, times=None)
    await town.ada.slash(town.channel, "board export", form="zip")
    assert f"<@{town.ada.id}>, your export took longer" in texts_of(town.channel.last_message)


async def test_the_export_button_offers_all_forms(town: Town):
    await create(town)
    await add_picture(town)
    asked = answer_of(await town.ada.click(await current(town), label="Export"))
    select = select_of(asked, "zib:s:export")["custom_id"]
    for form in ("html", "pdf", "png"):
        result = await town.ada.select(asked, [form], custom_id=select)
        [file] = answer_of(result).attachments
        assert file.filename.endswith(form)


async def test_an_empty_board_exports_nothing(town: Town):
    await create(town)
    assert "nothing to export" in said(await town.ada.slash(town.channel, "board export"))


async def test_a_spoiler_stays_one(town: Town):
    await drawn_board(town, spoiler=True)
    picture = await opened(town, town.ming)
    assert gallery_of(picture)[0]["spoiler"] is True
    await add_picture(town, 1, spoiler=True)
    assert (await board_of(town)).items[1].is_spoiler
    compared = answer_of(await town.ada.slash(town.channel, "board compare", a=1, b=2))
    assert gallery_of(compared)[0]["spoiler"] is True
