"""/show, /history and the message menus."""

from __future__ import annotations

import pytest

from tests.support.discord_env import (
    DiscordEnv,
    answer_of,
    gallery_of,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
    walk,
)

pytest_plugins = ["tests.support.bot_fixtures"]


async def test_show_posts_an_image_again_with_live_buttons(env: DiscordEnv):
    [id_] = ids_of(await env.imagine(seed=5))
    result = await env.ming.slash(env.channel, "show", id=f" `{id_}` ")
    message = answer_of(result)
    assert not message.ephemeral
    assert ids_of(message) == [id_]
    assert len(gallery_of(message)) == 1
    again = await env.ming.click(message, label="Same seed")
    await env.idle()
    assert "Pixel for pixel" in texts_of(again.response)


async def test_what_is_hidden_stays_hidden_when_it_is_shown_again(env: DiscordEnv):
    [id_] = ids_of(await env.imagine(spoiler=True))
    shown = answer_of(await env.ming.slash(env.channel, "show", id=id_))
    assert [item["spoiler"] for item in gallery_of(shown)] == [True]
    page = answer_of(await env.ming.slash(env.channel, "history"))
    assert [each["spoiler"] for each in walk(page) if each["type"] == 11] == [True]


async def test_show_of_an_unknown_id_is_refused_in_private(env: DiscordEnv):
    result = await env.ada.slash(env.channel, "show", id="zzzzzz")
    assert "There is no image `zzzzzz` here" in private_sentence(result)


async def test_the_id_of_another_guild_is_not_found_here(env: DiscordEnv):
    [id_] = ids_of(await env.imagine())
    elsewhere = env.simcord.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("pictures")
    ada = elsewhere.add_member(env.ada.user)
    result = await ada.slash(channel, "show", id=id_)
    assert f"There is no image `{id_}` here" in private_sentence(result)


async def test_history_is_private_newest_first_with_thumbnails(env: DiscordEnv):
    for prompt in ("a red apple", "a blue rocket"):
        await env.imagine(prompt=prompt)
    message = answer_of(await env.ming.slash(env.channel, "history"))
    assert message.ephemeral
    words = texts_of(message)
    assert words.index("a blue rocket") < words.index("a red apple")
    assert len([each for each in walk(message) if each["type"] == 11]) == 2
    assert len(message.attachments) == 2


async def test_history_can_be_searched_and_kept_to_ones_own(env: DiscordEnv):
    await env.imagine(env.ada, "a red apple")
    await env.imagine(env.ming, "一个红苹果")
    found = texts_of(answer_of(await env.ada.slash(env.channel, "history", search="红苹果")))
    assert "一个红苹果" in found
    assert "a red apple" not in found
    mine = texts_of(answer_of(await env.ada.slash(env.channel, "history", whose="mine")))
    assert "a red apple" in mine
    assert "一个红苹果" not in mine
    nothing = answer_of(await env.ada.slash(env.channel, "history", search="100%_"))
    assert "Nothing found" in texts_of(nothing)


async def test_history_turns_its_pages(env: DiscordEnv):
    await env.imagine(count=4, seed=10)
    await env.imagine(count=3, seed=20)
    message = answer_of(await env.ada.slash(env.channel, "history", search="apple"))
    assert "page 1" in texts_of(message)
    with pytest.raises(Exception, match="disabled"):
        await env.ada.click(message, label="← Newer")
    await env.ada.click(message, label="Older →")
    second = texts_of(message)
    assert "page 2" in second
    assert "seed `10`" in second
    await env.ada.click(message, label="← Newer")
    assert "page 1" in texts_of(message)


async def test_an_empty_history_says_how_to_begin(env: DiscordEnv):
    assert "/imagine" in texts_of(answer_of(await env.ada.slash(env.channel, "history")))


async def test_the_menus_work_on_images_of_the_bot(env: DiscordEnv):
    message = await env.imagine(seed=5)
    recipe = await env.ming.context_menu(env.channel, "Recipe", message)
    assert "Recipe of" in private_sentence(recipe)
    again = await env.ming.context_menu(env.channel, "Same seed", message)
    await env.idle()
    assert "Pixel for pixel" in texts_of(again.response)


async def test_the_menus_refuse_other_messages(env: DiscordEnv):
    message = await env.ada.send(env.channel, "hello")
    for name in ("Recipe", "Same seed"):
        result = await env.ada.context_menu(env.channel, name, message)
        assert "holds no image of mine" in private_sentence(result)


async def test_buttons_of_a_history_are_only_pages(env: DiscordEnv):
    await env.imagine()
    message = answer_of(await env.ada.slash(env.channel, "history"))
    assert labels_of(message) == ["← Newer", "Older →"]
