"""LoRAs on Discord: chosen, suggested, listed, compared, found again, missed, refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.discord_ui.loras import lora_choices
from bot.domain.loras import Lora
from bot.settings import Settings
from cogs.loras import PAGE_SIZE
from tests.discord.test_forms import values_of
from tests.discord.test_inspecting import metadata_png
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    SteeredEngine,
    answer_of,
    ids_of,
    labels_of,
    open_env,
    private_sentence,
    texts_of,
    walk,
)
from tests.support.loras import KOHYA, write_lora
from tests.support.model_folders import link_model
from tests.support.server_rules import set_rules

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.lora_folder


@pytest.fixture
async def lora_env(
    settings: Settings, engine: SteeredEngine, folder: Path
) -> AsyncIterator[DiscordEnv]:
    """Return a bot that finds two LoRAs, one of which has trigger words."""
    write_lora(folder, "neon", KOHYA)
    write_lora(folder, "ink", seed=1)
    async with open_env(settings, engine) as env:
        yield env


async def asked(env: DiscordEnv, **options: object) -> Any:
    options = {"prompt": "a cat", "size": SMALL, **options}
    result = await env.ada.slash(env.channel, "imagine", **options)
    await env.idle()
    return result


def drawn(env: DiscordEnv) -> list[list[tuple[str, float]]]:
    return [[(each.name, each.scale) for each in task.adapters] for task in env.engine.drawn]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"lora": "neon"}, [("neon", 1.0)]),
        ({"lora": "neon:0.8, ink:0.5"}, [("neon", 0.8), ("ink", 0.5)]),
        ({"lora": "ink", "lora_scale": -0.5}, [("ink", -0.5)]),
        ({"prompt": "a cat <lora:neon:0.7>"}, [("neon", 0.7)]),
    ],
)
async def test_a_lora_is_drawn_with(
    lora_env: DiscordEnv, options: dict[str, object], wanted: list[tuple[str, float]]
):
    result = await asked(lora_env, **options)
    assert drawn(lora_env) == [wanted]
    assert lora_env.engine.drawn[0].prompt == "a cat"
    name, scale = wanted[0]
    assert f"LoRA {name} {scale:g}" in texts_of(result.response)
    recipe = await lora_env.ada.slash(lora_env.channel, "recipe", id=ids_of(result.response)[0])
    words = texts_of(answer_of(recipe))
    assert f"lora:{name}:{scale:g}" in words
    assert lora_env.engine.drawn[0].adapters[0].sha256 in words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lora": "nein"}, "There is no LoRA 'nein' here: neon may be meant."),
        ({"lora": "neon:9"}, "The scale '9' of the LoRA 'neon' does not work"),
        ({"lora": "neon, ink", "lora_scale": 0.5}, "The lora_scale 0.5 is for one LoRA"),
        ({"lora_scale": 0.5}, "The lora_scale 0.5 belongs to no LoRA: choose one with lora."),
    ],
)
async def test_what_does_not_work_is_one_private_sentence_and_can_be_edited(
    lora_env: DiscordEnv, options: dict[str, object], words: str
):
    result = await asked(lora_env, **options)
    assert words in private_sentence(result)
    assert labels_of(answer_of(result)) == ["Edit again"]
    lora_env.locales[lora_env.ada.id] = "zh-CN"
    assert words not in private_sentence(await asked(lora_env, **options))
    assert drawn(lora_env) == []


@pytest.mark.parametrize(
    ("options", "prompt", "wanted"),
    [
        ({"lora": "nein"}, "a cat <lora:nein>", [("neon", 1.0)]),
        ({"lora": "nein", "lora_scale": 0.5}, "a cat <lora:nein:0.5>", [("neon", 0.5)]),
        (
            {"lora": "ink:0.5, nein"},
            "a cat <lora:ink:0.5>, <lora:nein>",
            [("ink", 0.5), ("neon", 1)],
        ),
        ({"lora": "{nein}"}, "a cat {<lora:nein>}", [("neon", 1.0)]),
        ({"lora_scale": 0.5}, "a cat", []),
        ({"control_kind": "canny"}, "a cat", []),
    ],
)
async def test_whatever_was_refused_can_be_changed_in_the_form(
    lora_env: DiscordEnv, options: dict[str, object], prompt: str, wanted: list[tuple[str, float]]
):
    refused = answer_of(await asked(lora_env, **options))
    form = await lora_env.ada.click(refused, label="Edit again")
    assert values_of(form)["prompt"] == prompt
    typed = prompt.replace("nein", "neon")
    await lora_env.ada.submit_modal(form, {"prompt": typed, "size": SMALL})
    await lora_env.idle()
    assert drawn(lora_env) == [wanted]


async def test_a_scale_holds_for_each_choice_of_braces(lora_env: DiscordEnv):
    await asked(lora_env, lora="{neon, ink}", lora_scale=0.5)
    assert drawn(lora_env) == [[("neon", 0.5)], [("ink", 0.5)]]


async def test_files_that_come_or_go_while_the_bot_runs_are_noticed(
    lora_env: DiscordEnv, folder: Path
):
    write_lora(folder, "later", seed=2)
    await asked(lora_env, lora="later:0.5")
    assert drawn(lora_env) == [[("later", 0.5)]]
    (folder / "later.safetensors").unlink()
    assert "There is no LoRA 'later'" in private_sentence(await asked(lora_env, lora="later"))


async def test_the_same_seed_finds_a_renamed_file_and_misses_one_that_is_gone(
    lora_env: DiscordEnv, folder: Path
):
    message = (await asked(lora_env, lora="neon:0.8")).response
    (folder / "neon.safetensors").rename(folder / "night.safetensors")
    await lora_env.start_again()
    again = await lora_env.ada.click(message, label="Same seed")
    await lora_env.idle()
    assert "Pixel for pixel the same" in texts_of(again.response)
    assert drawn(lora_env) == [[("neon", 0.8)]] * 2
    (folder / "night.safetensors").unlink()
    for label in ("Same seed", "New seed"):
        refused = private_sentence(await lora_env.ada.click(message, label=label))
        assert "The LoRA neon (SHA-256 " in refused
        assert "is not here, and without it the image would be another one" in refused
    assert len(drawn(lora_env)) == 2


async def test_a_job_whose_file_vanishes_while_it_waits_says_the_same(
    lora_env: DiscordEnv, folder: Path
):
    lora_env.engine.hold()
    await lora_env.imagine_unwaited(lora_env.ming, "a dog")
    await lora_env.held()
    result = await lora_env.ada.slash(
        lora_env.channel, "imagine", prompt="a cat", size=SMALL, lora="neon"
    )
    (folder / "neon.safetensors").unlink()
    lora_env.engine.release()
    await lora_env.idle()
    assert "The LoRA neon (SHA-256 " in private_sentence(result)
    assert drawn(lora_env) == [[]]


async def test_a_job_keeps_its_loras_over_a_restart(lora_env: DiscordEnv):
    lora_env.engine.hold()
    await lora_env.imagine_unwaited(lora_env.ming, "a dog")
    await lora_env.held()
    await lora_env.ada.slash(
        lora_env.channel, "imagine", prompt="a cat", size=SMALL, lora="neon:0.8, ink"
    )
    lora_env.engine.release()
    await lora_env.start_again()
    await lora_env.idle()
    assert [("neon", 0.8), ("ink", 1.0)] in drawn(lora_env)


async def test_trigger_words_are_told_once_where_a_prompt_has_none(lora_env: DiscordEnv):
    first = await asked(lora_env, lora="neon")
    [hint] = first.followups
    assert hint.ephemeral
    assert "neon style" in texts_of(hint)
    assert (await asked(lora_env, lora="neon:0.5")).followups == []
    assert (await asked(lora_env, lora="ink")).followups == []
    fine = await lora_env.ming.slash(
        lora_env.channel, "imagine", prompt="a cat, Neon style", size=SMALL, lora="neon"
    )
    assert fine.followups == []
    await lora_env.idle()


async def test_a_notation_for_a_lora_that_is_not_here_gets_the_hint(lora_env: DiscordEnv):
    result = await asked(lora_env, prompt="a cat <lora:other:1>")
    [hint] = result.followups
    assert "`/lora list`" in texts_of(hint)
    assert lora_env.engine.drawn[0].prompt == "a cat <lora:other:1>"


async def test_loras_are_compared_on_one_seed(lora_env: DiscordEnv):
    result = await lora_env.ada.slash(
        lora_env.channel, "compare", prompt="a cat", size=SMALL, vary="loras", lora="neon"
    )
    await lora_env.idle()
    words = texts_of(result.response)
    assert drawn(lora_env) == [[], [("neon", 0.5)], [("neon", 1.0)]]
    assert len({each.seed for each in lora_env.engine.drawn}) == 1
    assert "**1** · LoRA – · " in words
    assert "**2** · LoRA neon 0.5 · " in words
    result = await lora_env.ada.slash(
        lora_env.channel, "compare", prompt="a cat", size=SMALL, vary="loras",
        values="none, neon:1 + ink:0.5",
    )  # fmt: skip
    await lora_env.idle()
    assert "**2** · LoRA neon 1 + ink 0.5 · " in texts_of(result.response)
    refused = await lora_env.ada.slash(
        lora_env.channel, "compare", prompt="a cat", vary="loras", lora="neon", values="none, ink"
    )
    assert "lora is what varies, so it cannot also be neon" in private_sentence(refused)


async def test_an_edited_prompt_may_name_a_lora_and_history_finds_it(lora_env: DiscordEnv):
    message = (await asked(lora_env, lora="ink")).response
    form = await lora_env.ada.click(message, label="Edit")
    typed = {**values_of(form), "prompt": "a dog <lora:neon:0.5>"}
    await lora_env.ada.submit_modal(form, typed)
    await lora_env.idle()
    assert drawn(lora_env)[-1] == [("ink", 1.0), ("neon", 0.5)]
    await asked(lora_env, prompt="a plain one")
    history = await lora_env.ada.slash(lora_env.channel, "history", kind="lora")
    words = texts_of(answer_of(history))
    assert "a dog" in words
    assert "a plain one" not in words


async def test_a_server_may_do_without(lora_env: DiscordEnv):
    await set_rules(lora_env, '[server]\nloras = "deny"')
    result = await asked(lora_env, lora="neon")
    assert "LoRAs are not used here: ask for it without." in private_sentence(result)
    assert await lora_env.ada.autocomplete(lora_env.channel, "imagine", "lora", "") == []
    listed = await lora_env.ada.slash(lora_env.channel, "lora list")
    assert "rules let nobody draw with them here" in texts_of(answer_of(listed))
    await asked(lora_env)
    assert drawn(lora_env) == [[]]


async def test_the_list_shows_facts_and_the_pictures_beside_the_files(
    lora_env: DiscordEnv, folder: Path
):
    Image.new("RGB", (400, 300), "navy").save(folder / "neon.preview.png")
    (folder / "ink.png").write_text("no picture", encoding="utf-8")
    (folder / "broken.safetensors").write_text("<html>", encoding="utf-8")
    write_lora(folder, "flux", layer="diffusion_model.double_blocks.0.img_attn.qkv")
    result = await lora_env.ada.slash(lora_env.channel, "lora list")
    message = answer_of(result)
    assert message.ephemeral
    words = texts_of(message)
    for each in (
        "LoRAs: 4", "`neon`", "Neon night", "Trigger words: neon style", "rank 4", "for zimage",
        "`broken`", "it is not a safetensors file", "`flux`", "it is for FLUX, not for Z-Image",
    ):  # fmt: skip
        assert each in words, each
    [picture] = [each for each in walk(message) if each.get("type") == 11]
    assert picture["description"] == "neon"
    assert len(message.attachments) == 1
    lora_env.locales[lora_env.ada.id] = "zh-CN"
    chinese = await lora_env.ada.slash(lora_env.channel, "lora list")
    assert "触发词：neon style" in texts_of(answer_of(chinese))


async def test_the_list_has_pages_that_work_after_a_restart(lora_env: DiscordEnv, folder: Path):
    for i in range(PAGE_SIZE):
        write_lora(folder, f"x{i}", seed=i + 5)
    listed = await lora_env.ada.slash(lora_env.channel, "lora list")
    assert "`x5`" not in texts_of(answer_of(listed))
    await lora_env.start_again()
    turned = await lora_env.ada.click(answer_of(listed), label="Next →")
    assert "`x5`" in texts_of(answer_of(turned))


async def test_without_loras_the_list_says_so(
    settings: Settings, engine: SteeredEngine, demo_model: Path, tmp_path: Path
):
    bare = link_model(demo_model, tmp_path / "model")  # the shipped model brings one
    settings = settings.model_copy(update={"model": str(bare)})
    async with open_env(settings, engine) as env:
        listed = await env.ada.slash(env.channel, "lora list")
        assert "There are no LoRAs here yet" in texts_of(answer_of(listed))
        refused = private_sentence(await asked(env, lora="neon"))
        assert "There are no LoRAs here" in refused


async def test_names_and_trigger_words_are_suggested(lora_env: DiscordEnv):
    async def offered(typed: str, command: str = "imagine") -> list[str]:
        found = await lora_env.ada.autocomplete(lora_env.channel, command, "lora", typed)
        return [each["value"] for each in found]

    await lora_env.service.loras.prepare()
    assert await offered("") == ["ink", "neon"]
    assert await offered("NE") == ["neon"]
    assert await offered("neon sty") == ["neon"]
    assert await offered("neon:0.5, ") == ["neon:0.5, ink"]
    assert await offered("neon:") == ["neon:0.5", "neon:0.8", "neon:1"]
    assert await offered("a") == []
    for command in ("compare", "explore"):
        assert await offered("in", command) == ["ink"]
    tried = await lora_env.ada.autocomplete(
        lora_env.channel, "compare", "values", "neon s", vary="loras"
    )
    assert [each["value"] for each in tried] == ["neon s", "none, neon:0.5, neon:1"]


def test_suggestions_fit_discords_limit_whatever_the_names_are():
    loras = [Lora(name=f"{i:02}" + "n" * 90, triggers=("t" * 60,) * 5) for i in range(40)]
    for typed in ("", "x, ", f"{loras[0].name}:1, ", "，" * 5000, "n" * 90):
        found = lora_choices(loras, typed)
        assert len(found) <= 25
        assert all(len(each.name) <= 100 and len(str(each.value)) <= 100 for each in found)


async def test_loras_of_another_programs_picture_are_drawn_with_where_they_are_here(
    lora_env: DiscordEnv,
):
    text = "a fox <lora:NEON:0.8> <lora:missing one:1>\nSteps: 20, Seed: 7, Size: 256x256"
    inspected = await lora_env.ada.slash(
        lora_env.channel, "inspect", image=("a.png", metadata_png({"parameters": text}))
    )
    answer = answer_of(inspected)
    assert "LoRAs, `missing one`" in texts_of(answer)
    await lora_env.start_again()
    await lora_env.ada.click(answer, label="Draw this here")
    await lora_env.idle()
    [request] = lora_env.engine.drawn
    assert request.prompt == "a fox"
    assert drawn(lora_env) == [[("neon", 0.8)]]
