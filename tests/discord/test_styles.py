"""Styles on Discord: named in commands, told under images, made and removed by forms."""

from __future__ import annotations

from typing import Any

from bot.domain.styles import BUILT_IN, built_in_named
from bot.settings import Settings
from tests.support.board_channels import create
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    crash,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
)
from tests.support.loras import write_lora
from tests.support.server_rules import set_rules

pytest_plugins = ["tests.support.bot_fixtures"]

DUSK = {
    "name": "dusk", "before": "painting of", "after": "at dusk", "size": SMALL,
    "values": "variety: 20",
}  # fmt: skip


async def make(env: DiscordEnv, who: Any = None, **typed: str) -> Any:
    """Make a style by its form and return the answer."""
    who = who or env.moderator
    form = await who.slash(env.channel, "style create")
    return await who.submit_modal(form, {**DUSK, **typed})


async def drawn(env: DiscordEnv, command: str = "imagine", **options: Any) -> Any:
    result = await env.ada.slash(env.channel, command, prompt="a fox", **options)
    await env.idle()
    return result.response


async def test_a_style_is_drawn_with_and_told(env: DiscordEnv):
    await make(env)
    message = await drawn(env, style="Dusk", seed=1)
    [request] = env.engine.drawn
    assert request.prompt == "painting of a fox, at dusk"
    assert (str(request.size), request.variety) == (SMALL, 20)
    words = texts_of(message)
    assert f"With the style **dusk** · painting of … at dusk · size {SMALL} · variety 20" in words
    assert "style dusk" in words
    recipe = texts_of(answer_of(await env.ada.click(message, label="Recipe")))
    assert "**style** dusk" in recipe
    assert "style:" not in recipe, "the prompt of the command has its words"


async def test_what_is_typed_goes_before_it(env: DiscordEnv):
    await make(env)
    await drawn(env, style="dusk", size="144x128", variety=0)
    [request] = env.engine.drawn
    assert (str(request.size), request.variety) == ("144x128", 0)


async def test_a_built_in_style_has_the_words_of_the_prompts_language(env: DiscordEnv):
    await env.ming.slash(env.channel, "imagine", prompt="一只狐狸", style="ink", size=SMALL)
    await drawn(env, style="水墨", size=SMALL)
    await env.idle()
    ink = built_in_named("ink")
    assert ink is not None
    assert {each.prompt for each in env.engine.drawn} == {
        ink.chinese.with_words("一只狐狸"), ink.english.with_words("a fox"),
    }  # fmt: skip


async def test_edit_adds_its_words_no_second_time(env: DiscordEnv):
    await make(env)
    message = await drawn(env, style="dusk")
    form = await env.ada.click(message, label="Edit")
    typed = {"prompt": "painting of a cat, at dusk", "size": SMALL, "seed": "7", "variety": "20"}
    edited = await env.ada.submit_modal(form, typed)
    await env.idle()
    assert env.engine.drawn[-1].prompt == "painting of a cat, at dusk"
    assert "With the style **dusk**" in texts_of(edited.response)
    form = await env.ada.click(edited.response, label="Edit")
    bare = await env.ada.submit_modal(form, {**typed, "prompt": "a cat"})
    await env.idle()
    assert env.engine.drawn[-1].prompt == "a cat"
    assert "dusk" not in texts_of(bare.response)
    recipe = texts_of(answer_of(await env.ada.click(bare.response, label="Recipe")))
    assert "style dusk → –" in recipe


async def test_a_name_with_marks_is_shown_as_it_is(env: DiscordEnv):
    await make(env, name="*du_sk*")
    words = texts_of(await drawn(env, style="*DU_SK*"))
    assert "style \\*du\\_sk\\*" in words
    assert "the style **\\*du\\_sk\\*** ·" in words


async def test_in_direct_messages_there_are_the_built_in_ones(env: DiscordEnv):
    await make(env)
    ada = env.ada.user
    asked = await ada.slash("imagine", prompt="a fox", style="ink", size=SMALL)
    await env.idle()
    assert "With the style **ink**" in texts_of(asked.response)
    listed = texts_of(answer_of(await ada.slash("style list")))
    assert "photo" in listed
    assert "This server" not in listed
    assert "no style" in private_sentence(await ada.slash("style show", name="dusk"))
    assert "belong to a server" in private_sentence(await ada.slash("style create"))


async def test_styles_are_compared_on_one_seed(env: DiscordEnv):
    await make(env)
    message = await drawn(
        env, "compare", vary="styles", values="none, dusk, ink", size=SMALL, guidance=1.0
    )
    prompts = [each.prompt for each in env.engine.drawn]
    assert prompts[:2] == ["a fox", "painting of a fox, at dusk"]
    assert len({each.seed for each in env.engine.drawn}) == 1
    assert {each.guidance_scale for each in env.engine.drawn} == {1.0}
    assert "style ink" in texts_of(message)
    again = await env.ada.click(message, label="New seed")
    await env.idle()
    assert [each.prompt for each in env.engine.drawn[3:]] == prompts
    assert len(ids_of(again.response)) == 3


async def test_a_style_goes_with_any_comparison(env: DiscordEnv):
    await make(env)
    await drawn(env, "compare", vary="seeds", values="1,2", style="dusk")
    await env.ada.slash(
        env.channel, "compare", prompt="a cat | a dog", vary="prompts", style="dusk"
    )
    await env.idle()
    assert [each.prompt for each in env.engine.drawn] == [
        *["painting of a fox, at dusk"] * 2, "painting of a cat, at dusk",
        "painting of a dog, at dusk",
    ]  # fmt: skip
    refused = await env.ada.slash(
        env.channel, "compare", prompt="a fox", vary="styles", style="dusk"
    )
    assert "style" in private_sentence(refused)
    twice = await env.ada.slash(
        env.channel, "compare", prompt="a fox", vary="styles", values="ink, INK"
    )
    assert "each one once" in private_sentence(twice)


async def test_drafts_are_drawn_in_a_style(env: DiscordEnv):
    await make(env, size="", values="")
    await drawn(env, "explore", style="dusk", size="256x256")
    assert {each.prompt for each in env.engine.drawn} == {"painting of a fox, at dusk"}


async def test_an_unknown_style_is_refused_and_the_rest_comes_back(env: DiscordEnv):
    refused = await env.ada.slash(env.channel, "imagine", prompt="a fox", style="dsuk", size=SMALL)
    assert "There is no style 'dsuk' here: use photo" in private_sentence(refused)
    form = await env.ada.click(answer_of(refused), label="Edit again")
    await env.ada.submit_modal(form, {"prompt": "a fox", "size": SMALL, "seed": "", "variety": ""})
    await env.idle()
    assert env.engine.drawn[0].prompt == "a fox"


async def test_what_is_offered_are_the_styles_here(env: DiscordEnv):
    await make(env)
    offered = await env.ada.autocomplete(env.channel, "imagine", "style", "us")
    assert [each["value"] for each in offered] == ["dusk"]
    env.locales[env.ada.id] = "zh-CN"
    offered = await env.ada.autocomplete(env.channel, "imagine", "style", "水")
    assert {each["value"] for each in offered} == {"水彩", "水墨"}
    several = await env.ada.autocomplete(
        env.channel, "compare", "values", "dusk, 水", vary="styles"
    )
    assert "dusk, 水墨" in [each["value"] for each in several]


async def test_the_list_and_a_style_are_shown_in_private(env: DiscordEnv):
    await make(env)
    listed = answer_of(await env.ada.slash(env.channel, "style list"))
    assert listed.ephemeral
    assert "**Of this server:** dusk" in texts_of(listed)
    assert all(each.english.name in texts_of(listed) for each in BUILT_IN)
    assert len(listed.attachments) == 1
    shown = answer_of(await env.ada.slash(env.channel, "style show", name="DUSK"))
    assert "**Behind the prompt** at dusk" in texts_of(shown)
    assert "Made by" in texts_of(shown)
    assert labels_of(shown) == ["Try it"]
    shown = answer_of(await env.moderator.slash(env.channel, "style show", name="dusk"))
    assert labels_of(shown) == ["Try it", "Edit", "Remove"]
    shown = answer_of(await env.ada.slash(env.channel, "style show", name="anime"))
    assert len(shown.attachments) == 1
    assert labels_of(shown) == ["Try it"]


async def test_try_it_draws_what_is_typed_in_the_style(env: DiscordEnv):
    await make(env)
    shown = answer_of(await env.ada.slash(env.channel, "style show", name="dusk"))
    form = await env.ada.click(shown, label="Try it")
    values = {
        each["component"]["custom_id"]: each["component"].get("value", "")
        for each in form.modal["components"]
    }
    assert (values["size"], values["variety"]) == (SMALL, "20")
    await env.ada.submit_modal(form, {**values, "prompt": "a fox"})
    await env.idle()
    assert env.engine.drawn[0].prompt == "painting of a fox, at dusk"


async def test_a_style_is_changed_and_removed_after_a_restart(env: DiscordEnv):
    await make(env)
    await create(env, "Wall", style="dusk")
    shown = answer_of(await env.moderator.slash(env.channel, "style show", name="dusk"))
    await crash(env.service)
    await env.start_again()
    form = await env.moderator.click(shown, label="Edit")
    answer = answer_of(await env.moderator.submit_modal(form, {**DUSK, "name": "dawn"}))
    assert answer.ephemeral
    assert "The style **dawn** is changed" in texts_of(answer)
    assert "Boards use it: " in texts_of(answer)
    assert "Wall" in texts_of(answer)
    await drawn(env)
    assert env.engine.drawn[-1].prompt == "painting of a fox, at dusk"
    sure = answer_of(await env.moderator.slash(env.channel, "style remove", name="dawn"))
    gone = answer_of(await env.moderator.click(sure, label="Remove"))
    assert "is removed" in texts_of(gone)
    assert "keep its words" in texts_of(gone)
    message = await drawn(env)
    assert "With the words of this channel's board: painting of … at dusk" in texts_of(message)
    again = await env.moderator.click(sure, label="Remove")
    assert "There is no style" in private_sentence(again)


async def test_who_may_not_make_styles_is_told_so_at_once(env: DiscordEnv):
    refused = await env.ada.slash(env.channel, "style create")
    assert "ask a moderator" in private_sentence(refused)
    await set_rules(env, '[server]\nmake_styles = "allow"')
    assert "is there" in texts_of(answer_of(await make(env, env.ada)))
    refused = await env.ming.slash(env.channel, "style remove", name="dusk")
    assert "other people's" in private_sentence(refused)
    bad = await make(env, env.ada, name="x", values="guidance: 7")
    assert "guidance" in private_sentence(bad)
    assert "Edit again" in labels_of(answer_of(bad))


async def test_a_board_in_a_style_tells_it_and_one_that_is_chosen_goes_before_it(env: DiscordEnv):
    await make(env)
    await create(env, "Wall", style="dusk")
    message = await drawn(env)
    assert "With the style of this channel's board: **dusk**" in texts_of(message)
    message = await drawn(env, style="ink", size=SMALL)
    assert "dusk" not in texts_of(message)
    await drawn(env, plain=True, size=SMALL)
    assert env.engine.drawn[-1].prompt == "a fox"
    shown = answer_of(await env.ada.slash(env.channel, "board show", board="Wall"))
    assert "draws in the style dusk" in texts_of(shown)


async def test_only_what_all_images_have_is_told_above_them(env: DiscordEnv):
    both = texts_of(await drawn(env, style="{ink, comic}", size=SMALL))
    assert "With the style" not in both
    assert "style ink" in both
    assert "style comic" in both
    await make(env, name="bright", values="guidance: 1.2")
    styles = texts_of(await drawn(env, "compare", vary="styles", values="bright, none", size=SMALL))
    assert "guidance" not in styles, "only one of them has it"
    assert SMALL.replace("x", "×") in styles
    sheet = texts_of(await drawn(env, "compare", vary="guidance", values="0, 1", style="bright"))
    assert "With the style **bright** · painting of … at dusk · size" in sheet
    assert "guidance 1.2" not in sheet


async def test_a_lora_of_a_style_that_is_gone_is_named_with_the_style(
    env: DiscordEnv, settings: Settings
):
    folder = settings.lora_folder
    write_lora(folder, "vein", seed=1)
    await make(env, before="", after="", values="lora: ve:0.7")
    await create(env, style="dusk")
    await drawn(env, style="dusk")
    [request] = env.engine.drawn
    assert [(each.name, each.scale) for each in request.adapters] == [("vein", 0.7)]
    (folder / "vein.safetensors").rename(folder / "veins-of-gold.safetensors")
    for command, options in (
        ("imagine", {}),  # with the board's
        ("imagine", {"style": "dusk"}),
        ("imagine", {"style": "{none, dusk}"}),
        ("explore", {"style": "dusk"}),
        ("compare", {"style": "dusk", "vary": "seeds"}),
        ("compare", {"vary": "styles", "values": "dusk, ink"}),
    ):
        refused = await env.ada.slash(env.channel, command, prompt="a fox", **options)
        assert "The style 'dusk' draws with the LoRA 'vein', which is not here any more" in (
            private_sentence(refused)
        )
    env.locales[env.ada.id] = "zh-CN"
    refused = await env.ada.slash(env.channel, "imagine", prompt="a fox")
    assert "风格 'dusk' 要用的 LoRA 'vein' 已经不在了" in private_sentence(refused)
    assert len(env.engine.drawn) == 1
    await drawn(env, lora="none")
    assert env.engine.drawn[-1].adapters == ()
