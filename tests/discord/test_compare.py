"""/compare: variations of one thing as one labelled sheet, on the same path as every job."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from bot.domain.drawing import DrawTask
from bot.domain.requests import FIELDS, Axis, ImageRequest, Quality
from bot.errors import EngineError
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    SteeredEngine,
    answer_of,
    crash,
    gallery_of,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
)
from tests.support.sampling import sampled

pytest_plugins = ["tests.support.bot_fixtures"]

SHEET_BUTTONS = [
    "New seed", "Vary subtly", "Use as source", "Edit region", "Extend", "Upscale",
    "Same seed", "Recipe", "Add to board", "Delete",
]  # fmt: skip


async def compare(env: DiscordEnv, vary: str, who=None, **options: object):
    """Run /compare to its end and return the message."""
    values = {"prompt": "a red apple", "size": SMALL, "quality": "draft", **options}
    if vary in ("sizes", "qualities"):
        values.pop({"sizes": "size", "qualities": "quality"}[vary])
    result = await (who or env.ada).slash(env.channel, "compare", vary=vary, **values)
    await env.idle()
    return result.response


async def pictures(message) -> list[Image.Image]:
    return [Image.open(BytesIO(await each.read())).convert("RGB") for each in message.attachments]


async def made(env: DiscordEnv, message) -> list:
    return [await env.service.images.find(each, viewer=env.viewer()) for each in ids_of(message)]


@pytest.mark.parametrize(
    ("vary", "options", "values"),
    sampled(
        [
            ("prompts", {"values": "a pear | a  plum"}, ["a red apple", "a pear", "a plum"]),
            ("seeds", {"seed": 2**32 - 2}, [4294967294, 4294967295, 0, 1]),
            ("sizes", {"values": "128x128, 192x128"}, ["128x128", "192x128"]),
            ("variety", {"values": "0，100"}, [0, 100]),
            ("qualities", {}, [Quality.DRAFT, Quality.STANDARD, Quality.FINAL]),
            ("guidance", {}, [0.0, 1.0, 1.4]),
            ("seeds", {"values": "5, 7|9"}, [5, 7, 9]),
            ("prompts", {"prompt": "a red apple | 红苹果"}, ["a red apple", "红苹果"]),
        ],
        first=4,
    ),
)
async def test_one_thing_varies_and_all_else_is_the_same(
    env: DiscordEnv, vary: str, options: dict[str, object], values: list[object]
):
    message = await compare(env, vary, **options)
    requests = [each.request for each in await made(env, message)]
    axis = Axis(vary)
    found = [axis.field.of(request) for request in requests]
    assert [str(each) if vary == "sizes" else each for each in found] == values
    for other in set(Axis) - {axis}:
        assert len({other.field.of(request) for request in requests}) == 1, other
    assert requests == env.engine.drawn
    [sheet] = await pictures(message)
    assert sheet.width >= 900


async def test_the_message_shows_the_sheet_and_names_every_image(env: DiscordEnv):
    message = await compare(env, "guidance", seed=5)
    words = texts_of(message)
    assert "**a red apple**" in words
    assert f"seed 5 · 128×128 · draft · for <@{env.ada.id}>" in words
    for number, value in enumerate(("0", "1", "1.4"), start=1):
        assert f"**{number}** · guidance {value} · " in words
    assert all(f"`{each}`" in words for each in ids_of(message))
    assert labels_of(message) == ["U1", "U2", "U3", "V1", "V2", "V3", *SHEET_BUTTONS]
    [item] = gallery_of(message)
    assert item["description"] == "3 images compared: guidance 0; guidance 1; guidance 1.4"
    [attachment] = message.attachments
    assert attachment.filename.startswith("sheet-")


async def test_nine_images_and_their_sheet_share_a_message(env: DiscordEnv):
    message = await compare(env, "seeds", values=",".join(map(str, range(9))))
    assert len(ids_of(message)) == 9
    assert len(message.attachments) == 1
    recipe = await env.ada.click(message, label="Recipe")
    assert private_sentence(recipe).count("seed:") == 9


async def test_a_chinese_user_reads_a_chinese_sheet(env: DiscordEnv):
    env.locales[env.ming.id] = "zh-CN"
    message = await compare(env, "qualities", env.ming, prompt="红苹果", seed=3)
    assert "**1** · 草稿" in texts_of(message)
    assert labels_of(message)[0] == "U1"


async def test_a_spoiler_hides_the_sheet(env: DiscordEnv):
    message = await compare(env, "variety", values="0,9", spoiler=True)
    assert gallery_of(message)[0]["spoiler"] is True


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"vary": "qualities", "values": "draft, best"}, "The quality 'best' is unknown"),
        ({"vary": "guidance", "values": "0, 9"}, "The guidance '9' does not work"),
        ({"vary": "variety", "values": "0, 101"}, "The variety '101' does not work"),
        ({"vary": "sizes", "values": "square, 513x512"}, "The size 513x512 does not work"),
        ({"vary": "seeds", "values": "1, x"}, "The seed 'x' does not work"),
        ({"vary": "seeds", "values": "7"}, "1 value cannot be compared: name 2 to 9."),
        ({"vary": "seeds", "values": "1,2,3,4,5,6,7,8,9,10"}, "10 values cannot be compared"),
        ({"vary": "guidance", "values": "1, 0, 1.0"}, "'1.0' is the same as '1'"),
        ({"vary": "seeds", "values": "1, 2, 1"}, "The value '1' is there twice"),
        ({"vary": "prompts"}, "There is one prompt to compare"),
        ({"vary": "seeds", "prompt": " "}, "The prompt is empty"),
        ({"vary": "prompts", "values": "x" * 4001}, "4001 characters"),
        ({"vary": "guidance", "guidance": 1.2}, "guidance is what varies, so it cannot also be"),
        ({"vary": "seeds", "seed": 3, "values": "1, 2"}, "seed is what varies"),
        ({"vary": "guidance", "size": "1x1"}, "The size 1x1 does not work"),
    ],
)
async def test_what_cannot_be_compared_is_told_in_one_private_sentence(
    env: DiscordEnv, options: dict[str, object], sentence: str
):
    values = {"prompt": "a red apple", **options}
    english = private_sentence(await env.ada.slash(env.channel, "compare", **values))
    assert sentence in english
    assert "\n" not in english
    env.locales[env.ming.id] = "zh-CN"
    chinese = private_sentence(await env.ming.slash(env.channel, "compare", **values))
    assert chinese.endswith("。")
    assert env.engine.drawn == []


async def test_values_are_suggested_for_what_varies(env: DiscordEnv):
    async def offered(typed: str, **filled: object) -> list[str]:
        choices = await env.ada.autocomplete(
            env.channel, "compare", "values", typed, prompt="x", **filled
        )
        return [choice["value"] for choice in choices]

    assert "draft, standard, final" in await offered("", vary="qualities")
    assert (await offered("0, 2", vary="guidance"))[0] == "0, 2"
    assert await offered("", vary="prompts") == []
    assert await offered("x" * 101, vary="prompts") == []


async def test_show_brings_one_image_in_private_with_its_own_buttons(env: DiscordEnv):
    message = await compare(env, "seeds", values="5, 6")
    second = ids_of(message)[1]
    result = await env.ming.click(message, label="U2")
    answer = answer_of(result)
    assert answer.ephemeral
    assert ids_of(answer) == [second]
    assert "seed `6` · 128×128 · draft" in texts_of(answer)
    generation = await env.service.images.find(second, viewer=env.viewer())
    [picture] = await pictures(answer)
    assert picture.tobytes() == Image.open(generation.path).convert("RGB").tobytes()
    again = await env.ming.click(answer, label="Same seed")
    await env.idle()
    assert f"Pixel for pixel the same as `{second}`" in texts_of(again.response)
    assert len(ids_of(again.response)) == 1


async def test_same_seed_of_a_sheet_is_the_same_sheet_and_new_seed_another(env: DiscordEnv):
    message = await compare(env, "guidance", values="0, 1", seed=5)
    again = (await env.ada.click(message, label="Same seed")).response
    await env.idle()
    assert texts_of(again).count("Pixel for pixel") == 2
    assert (await pictures(again))[0].tobytes() == (await pictures(message))[0].tobytes()
    other = (await env.ada.click(message, label="New seed")).response
    await env.idle()
    requests = [each.request for each in await made(env, other)]
    assert [request.guidance_scale for request in requests] == [0.0, 1.0]
    assert requests[0].seed == requests[1].seed != 5
    assert labels_of(other)[0] == "U1"


async def test_a_cancel_half_way_keeps_what_is_drawn_and_says_so(
    env: DiscordEnv, engine: SteeredEngine
):
    result = await begin_and_hold_at_the_second(env, engine)
    cancelled = await env.ada.click(result.response, label="Cancel")
    await env.idle()
    assert "stops at the next step" in private_sentence(cancelled)
    words = texts_of(result.response)
    assert "Cancelled: 1 of 3 were drawn" in words
    assert "**1** · seed 1" in words
    assert "**2**" not in words
    assert len(ids_of(result.response)) == 1
    assert len(await pictures(result.response)) == 1


async def test_a_moderators_cancel_keeps_nothing(env: DiscordEnv, engine: SteeredEngine):
    result = await begin_and_hold_at_the_second(env, engine)
    await env.moderator.click(result.response, label="Cancel")
    await env.idle()
    assert env.images() == []
    assert (await env.service.images.history(viewer=env.viewer())).generations == []


async def test_a_cancel_before_the_first_image_takes_the_message_away(
    env: DiscordEnv, engine: SteeredEngine
):
    engine.hold()
    result = await start(env)
    await env.held()
    await env.ada.click(result.response, label="Cancel")
    await env.idle()
    assert result.response is None


async def start(env: DiscordEnv):
    return await env.ada.slash(
        env.channel,
        "compare",
        prompt="a red apple",
        vary="seeds",
        values="1,2,3",
        size=SMALL,
    )


async def begin_and_hold_at_the_second(env: DiscordEnv, engine: SteeredEngine):
    engine.hold_after = 1
    result = await start(env)
    await env.held()
    await env.kept(1)
    return result


async def test_images_that_fail_are_named_and_the_others_shown(
    env: DiscordEnv, engine: SteeredEngine
):
    engine.failures[2] = EngineError("The model returned one single colour: try another seed.")
    message = await compare(env, "seeds", values="1,2,3")
    words = texts_of(message)
    assert "2 of 3 are here. The others: The model returned one single colour" in words
    assert "**1** · seed 1" in words
    assert "**3** · seed 3" in words
    assert labels_of(message) == ["U1", "U3", "V1", "V3", *SHEET_BUTTONS]


async def test_a_comparison_of_which_nothing_can_be_drawn_fails_in_private(
    env: DiscordEnv, engine: SteeredEngine
):
    engine.failure = EngineError("The picture went wrong: try another seed.")
    result = await start(env)
    await env.idle()
    assert "The picture went wrong" in private_sentence(result)


async def test_an_engine_that_breaks_on_the_way_draws_only_the_rest_again(
    env: DiscordEnv, engine: SteeredEngine, caplog: pytest.LogCaptureFixture
):
    engine.failures[2] = ZeroDivisionError("once")
    engine.fails_once = True
    message = await compare(env, "seeds", values="1,2,3")
    assert len(ids_of(message)) == 3
    assert [request.seed for request in engine.drawn] == [1, 2, 3]
    assert "broke the engine" in caplog.text


async def test_deleting_one_image_takes_it_from_the_sheet(env: DiscordEnv):
    message = await compare(env, "seeds", values="1,2,3")
    before = [each.id for each in message.attachments]
    ids = ids_of(message)
    shown = answer_of(await env.ada.click(message, label="U2"))
    await env.ada.click(shown, label="Delete")
    assert ids_of(message) == [ids[0], ids[2]]
    assert labels_of(message)[:2] == ["U1", "U3"]
    assert [each.id for each in message.attachments] != before
    await env.ada.click(message, label="Delete")
    assert env.images() == []


async def test_what_was_made_before_a_kill_is_posted_as_a_sheet_by_the_next_start(
    env: DiscordEnv, engine: SteeredEngine
):
    for method, path in (("PATCH", "/webhooks/*"), ("PATCH", "/channels/*")):
        env.simcord.inject_error(method, path, status=403, code=50013, times=None)
    result = await start(env)
    await env.idle()
    assert ids_of(result.response) == []
    env.simcord.backend.faults.clear()
    await env.start_again()
    await env.idle()
    assert labels_of(result.response)[:3] == ["U1", "U2", "U3"]
    assert len(engine.drawn) == 3
    assert len(env.images()) == 1


async def test_a_part_that_was_made_before_a_kill_still_says_that_it_is_one(
    env: DiscordEnv, engine: SteeredEngine
):
    engine.failures[2] = EngineError("The model returned one single colour: try another seed.")
    for method, path in (("PATCH", "/webhooks/*"), ("PATCH", "/channels/*")):
        env.simcord.inject_error(method, path, status=403, code=50013, times=None)
    result = await start(env)
    await env.idle()
    env.simcord.backend.faults.clear()
    await env.start_again()
    await env.idle()
    assert "2 of 3 are here" in texts_of(result.response)


async def test_a_comparison_that_waited_or_was_being_drawn_is_drawn_after_a_restart(
    env: DiscordEnv, engine: SteeredEngine
):
    env.service._work.cancel()
    result = await start(env)
    await env.start_again()
    await env.idle()
    assert len(ids_of(result.response)) == 3
    assert labels_of(result.response)[0] == "U1"


async def test_images_drawn_before_a_kill_are_not_drawn_again_unless_their_files_broke(
    env: DiscordEnv, engine: SteeredEngine
):
    engine.hold_after = 2
    result = await start(env)
    await env.held()
    files = await env.kept(2)
    files[0].write_bytes(files[0].read_bytes()[:1000])
    await crash(env.service)
    engine.release()
    await env.start_again()
    await env.idle()
    assert labels_of(result.response)[:3] == ["U1", "U2", "U3"]
    images = await made(env, result.response)
    assert [each.pixel_sha256 for each in images] == [
        engine._engine.draw(DrawTask(request=each.request)).image.pixel_sha256 for each in images
    ]
    assert all(each.duration_s > 0 for each in images)
    assert [request.seed for request in engine.drawn].count(images[0].request.seed) == 2
    assert [request.seed for request in engine.drawn].count(images[1].request.seed) == 1
    assert not list((env.settings.data_dir / "unfinished").iterdir())


async def test_the_buttons_work_after_a_restart(env: DiscordEnv):
    message = await compare(env, "guidance", values="0, 1", seed=5)
    await env.start_again()
    shown = await env.ming.click(message, label="U1")
    assert ids_of(answer_of(shown)) == ids_of(message)[:1]
    again = await env.ming.click(message, label="Same seed")
    await env.idle()
    assert texts_of(again.response).count("Pixel for pixel") == 2
    assert labels_of(again.response)[0] == "U1"


async def test_a_sheet_over_the_upload_limit_becomes_webp(env: DiscordEnv):
    [attachment] = (await compare(env, "seeds", values="1,2")).attachments
    env.limits[env.ming.id] = attachment.size // 8
    message = await compare(env, "seeds", env.ming, values="1,2")
    [smaller] = message.attachments
    assert smaller.filename.endswith(".webp")
    assert smaller.size <= attachment.size // 8


async def test_a_request_knows_its_value_on_every_axis():
    assert {axis.field for axis in Axis} == set(FIELDS)
    untyped = {"variety_scale", "operation", "profile", "control"}
    assert {field.name for field in FIELDS} == set(ImageRequest.__dataclass_fields__) - untyped
