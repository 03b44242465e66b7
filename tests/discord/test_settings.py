"""The page of a server's rules: looked at, changed, explained, taken back, kept as a file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import pytest

from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
    walk,
)
from tests.support.server_rules import add_manager, set_rules

pytest_plugins = ["tests.support.bot_fixtures"]

RIGHT = "Only who has *Manage Server* here can see and change its rules."


@pytest.fixture
def eve(env: DiscordEnv) -> Any:
    return add_manager(env)


async def shown(env: DiscordEnv, who: Any) -> Any:
    result = await who.slash(env.channel, "settings show")
    assert answer_of(result).ephemeral
    return answer_of(result)


async def pick(who: Any, page: Any, action: str, value: Any) -> Any:
    """Choose from a select of a page, which then shows something else."""
    [custom_id] = ids(page, f"zib:pick:{action}:")
    return await who.select(page, [value], custom_id=custom_id)


def ids(page: Any, start: str) -> list[str]:
    found = [str(each.get("custom_id")) for each in walk(page)]
    return [each for each in found if each.startswith(start)]


async def change(who: Any, page: Any, group: int = 0, **values: Any) -> Any:
    """Press a Change, and send its form with these values and what it shows otherwise."""
    form = await who.click(page, custom_id=ids(page, "zib:set:change:")[group])
    return await who.submit_modal(form, {**shown_in(form), **values})


def shown_in(form: Any) -> dict[str, Any]:
    """Return what a form is filled with."""
    found: dict[str, Any] = {}
    for label in form.modal["components"]:
        field = label["component"]
        chosen = [each["value"] for each in field.get("options", ()) if each.get("default")]
        if field["type"] == discord.ComponentType.radio_group.value:
            found[field["custom_id"]] = chosen[0]
        elif field["type"] == discord.ComponentType.checkbox_group.value:
            found[field["custom_id"]] = chosen
        elif field["type"] == discord.ComponentType.text_input.value:
            found[field["custom_id"]] = field.get("value") or ""
    return found


def rules(env: DiscordEnv) -> str:
    return env.service.rules.to_file(viewer=manager(env)).strip()


def manager(env: DiscordEnv) -> Any:
    return replace(env.viewer(), is_manager=True)


async def test_the_page_shows_every_section_for_everybody_it_can_be_for(env: DiscordEnv, eve: Any):
    page = await shown(env, eve)
    assert "Who may use what" in texts_of(page)
    assert "For **this server**" in texts_of(page)
    [select] = [e for e in walk(page) if str(e.get("custom_id")).startswith("zib:pick:section")]
    for section in [each["value"] for each in select["options"]]:
        await pick(eve, page, "section", section)
        for layer in ("server", "kind.spoiler", "channel", "role", "member"):
            await pick(eve, page, "layer", layer)
            assert len(list(walk(page))) <= 40
            assert len(texts_of(page)) <= 4000
            assert section in ids(page, "zib:pick:section")[0]


async def test_a_choice_is_changed_in_a_form_and_the_page_says_so(env: DiscordEnv, eve: Any):
    page = await shown(env, eve)
    await change(eve, page, **{"use.compare": "deny"})
    assert "Changed: /compare for this server: not set → not allowed" in texts_of(page)
    assert "**/compare** · **not allowed** (set here)" in texts_of(page)
    assert rules(env) == '[server]\n"use.compare" = "deny"'
    refused = await env.ada.slash(env.channel, "compare", prompt="x", vary="seeds")
    assert "do not let you use 'compare' here" in private_sentence(refused)
    await change(eve, page, **{"use.compare": "-"})
    assert rules(env) == ""


async def test_numbers_texts_lists_and_subsets_are_changed(env: DiscordEnv, eve: Any):
    page = await shown(env, eve)
    await pick(eve, page, "section", "requests")
    await change(eve, page, max_side="512")
    await change(eve, page, group=1, qualities=["draft", "final"])
    await pick(eve, page, "section", "words")
    await change(eve, page, words="refuse", own_words="toad\nslime*")
    await pick(eve, page, "section", "server")
    await change(eve, page, log_channel=[env.channel], retention_days="30")
    assert rules(env) == (
        f'[server]\nmax_side = 512\nqualities = ["draft", "final"]\nwords = "refuse"\n'
        f'own_words = ["toad", "slime*"]\nlog_channel = {env.channel.id}\nretention_days = 30'
    )
    await pick(eve, page, "section", "requests")
    assert "**Longest side** · **512 pixels** (set here)" in texts_of(page)
    await change(eve, page, max_side="")
    await change(eve, page, group=1, qualities=["draft", "standard", "final"])
    assert "**Qualities** · **all** (set here)" in texts_of(page)
    assert 'qualities = "none"' in rules(env)
    assert "max_side" not in rules(env)


async def test_what_does_not_work_is_refused_and_can_be_edited_again(env: DiscordEnv, eve: Any):
    page = await shown(env, eve)
    await pick(eve, page, "section", "requests")
    refused = await change(eve, page, max_side="99")
    answer = answer_of(refused)
    assert "cannot be '99': use a whole number from 128 to 4096 or none." in texts_of(answer)
    again = await eve.click(answer, label="Edit again")
    result = await eve.submit_modal(again, {**shown_in(again), "max_side": "256"})
    assert "**Longest side** · **256 pixels**" in texts_of(answer_of(result))
    assert rules(env) == "[server]\nmax_side = 256"


async def test_rules_are_set_for_roles_channels_members_and_kinds(env: DiscordEnv, eve: Any):
    role = env.guild.create_role("VIP")
    page = await shown(env, eve)
    await pick(eve, page, "section", "requests")
    for layer, handle in (("role", role), ("channel", env.channel), ("member", env.ada)):
        await pick(eve, page, "layer", layer)
        assert "Choose for whom" in texts_of(page)
        await pick(eve, page, "subject", handle)
        await change(eve, page, max_side=str(300 + len(layer)))
    await pick(eve, page, "layer", "kind.age_restricted")
    await change(eve, page, max_side="400")
    assert rules(env) == (
        f"[kind.age_restricted]\nmax_side = 400\n\n[channel.{env.channel.id}]\nmax_side = 307\n\n"
        f"[role.{role.id}]\nmax_side = 304\n\n[member.{env.ada.id}]\nmax_side = 306"
    )
    await pick(eve, page, "layer", "server")
    assert f"Also set for the role <@&{role.id}>" in texts_of(page)


async def test_the_role_everyone_is_the_whole_server(env: DiscordEnv, eve: Any):
    page = await shown(env, eve)
    await pick(eve, page, "layer", "role")
    [custom_id] = ids(page, "zib:pick:subject:")
    await eve.select(page, [env.guild.default_role], custom_id=custom_id)
    assert "For **this server**" in texts_of(page)


async def test_every_button_and_form_works_after_a_restart(env: DiscordEnv, eve: Any):
    page = await shown(env, eve)
    await pick(eve, page, "section", "requests")
    form = await eve.click(page, custom_id=ids(page, "zib:set:change:")[0])
    await env.start_again()
    await eve.submit_modal(form, {**shown_in(form), "max_side": "256"})
    assert rules(env) == "[server]\nmax_side = 256"
    await env.start_again()
    await pick(eve, page, "section", "quotas")
    await eve.click(page, label="Undo")
    assert rules(env) == ""


async def test_two_at_once_change_only_what_they_changed(env: DiscordEnv, eve: Any):
    other = add_manager(env, "mallory")
    mine, theirs = await shown(env, eve), await shown(env, other)
    for who, page in ((eve, mine), (other, theirs)):
        await pick(who, page, "section", "requests")
    form = await eve.click(mine, custom_id=ids(mine, "zib:set:change:")[0])
    await change(other, theirs, max_count="2")
    await eve.submit_modal(form, {**shown_in(form), "max_side": "256"})
    assert "**Images at once** · **2 images**" in texts_of(mine)
    assert rules(env) == "[server]\nmax_side = 256\nmax_count = 2"
    refused = await other.click(theirs, label="Undo")
    assert "Somebody has changed rules since" in private_sentence(refused)
    assert rules(env) == "[server]\nmax_side = 256\nmax_count = 2"


async def test_a_list_that_no_form_holds_stays_as_it_is(env: DiscordEnv, eve: Any):
    words = [f"word{i}" for i in range(900)]
    await set_rules(env, f"[server]\nown_words = {words}")
    page = await shown(env, eve)
    await pick(eve, page, "section", "words")
    assert "too long for a form" in texts_of(page)
    await change(eve, page, words="refuse")
    assert "word899" in rules(env)


# Explanations


async def test_an_explanation_names_who_decides_and_what_does_not_count(env: DiscordEnv, eve: Any):
    vip = env.guild.create_role("VIP")
    ada = env.guild.add_member(env.simcord.create_user("ada2"), roles=[vip])
    await set_rules(
        env,
        f"[server]\nmax_side = 512\nuse = 'deny'\n[role.{vip.id}]\nmax_side = 1024\n"
        f"[channel.{env.channel.id}]\nuse.compare = 'allow'",
    )
    told = texts_of(answer_of(await eve.slash(env.channel, "settings explain", who=ada)))
    assert (
        f"**Longest side** `max_side` = 1,024 pixels: from the role <@&{vip.id}>; this server says "
        "512 pixels."
    ) in told
    assert "`use.show` = not allowed: from this server, by its rule use." in told
    assert f"`use.compare` = allowed: from the channel <#{env.channel.id}>; this server" in told
    assert "quota_day" not in told
    other = env.guild.create_text_channel("other")
    one = await eve.slash(env.channel, "settings explain", who=ada, where=other, rule="use.compare")
    assert "not allowed: from this server" in texts_of(answer_of(one))
    usual = await eve.slash(env.channel, "settings explain", rule="quota_day")
    assert "`quota_day` = no limit: nothing else is set." in texts_of(answer_of(usual))
    unknown = await eve.slash(env.channel, "settings explain", rule="quota")
    assert "There is no rule quota:" in private_sentence(unknown)


async def test_rules_are_suggested_in_the_readers_words(env: DiscordEnv, eve: Any):
    offered = await eve.autocomplete(env.channel, "settings explain", "rule", "side")
    assert offered == [{"name": "Longest side · max_side", "value": "max_side"}]


# The log, Undo, files


async def test_the_log_says_who_changed_what_and_undo_takes_it_back(env: DiscordEnv, eve: Any):
    nothing = await eve.slash(env.channel, "settings undo")
    assert private_sentence(nothing) == "There is no change to take back."
    empty = await eve.slash(env.channel, "settings log")
    assert "Nobody has changed a rule yet." in texts_of(answer_of(empty))
    page = await shown(env, eve)
    await pick(eve, page, "section", "requests")
    await change(eve, page, max_side="512")
    await change(eve, page, max_side="256")
    undone = await eve.slash(env.channel, "settings undo")
    assert "Taken back: Longest side for this server: 256 pixels → 512 pixels" in texts_of(
        answer_of(undone)
    )
    told = texts_of(answer_of(await eve.click(page, label="Log")))
    assert told.count(f"<@{eve.id}>") == 3
    assert "↩️ Longest side for this server: 256 pixels → 512 pixels" in told
    await eve.slash(env.channel, "settings undo")
    assert rules(env) == ""


async def test_rules_are_kept_as_a_file_and_brought_back(env: DiscordEnv, eve: Any):
    await set_rules(env, "[server]\nmax_side = 512\nquota_day = 20")
    exported = answer_of(await eve.slash(env.channel, "settings export"))
    [file] = exported.attachments
    assert "(2)" in texts_of(exported)
    assert file.filename == "rules.toml"
    await set_rules(env, "")
    text = b"[server]\nmax_side = 512\nquota_day = 20\n"
    result = await eve.slash(env.channel, "settings import", file=("rules.toml", text))
    assert "The rules are now those of the file." in texts_of(answer_of(result))
    assert "Longest side for this server: not set → 512 pixels" in texts_of(answer_of(result))
    same = await eve.slash(env.channel, "settings import", file=("rules.toml", text))
    assert "nothing was changed" in private_sentence(same)
    await eve.slash(env.channel, "settings undo")
    assert rules(env) == ""


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[server]\nmax_side = 5", "Line 2 of the file: The rule max_side cannot be '5'"),
        (b"[server", "is no TOML"),
        (b"\xff\xfe\x00\x01\x02", "is no text"),
        (b"#" * 200_001, "has 200 KB, and a file of rules has at most 200 KB"),
    ],
)
async def test_a_file_that_cannot_be_meant_changes_nothing(
    env: DiscordEnv, eve: Any, content: bytes, sentence: str
):
    await set_rules(env, "[server]\nmax_side = 512")
    result = await eve.slash(env.channel, "settings import", file=("rules.toml", content))
    assert sentence in private_sentence(result)
    assert rules(env) == "[server]\nmax_side = 512"


# Who may


async def test_whoever_does_not_manage_the_server_sees_and_changes_nothing(
    env: DiscordEnv, eve: Any
):
    await set_rules(env, "[server]\nmax_side = 512")
    [command] = [each for each in env.bot.tree.get_commands() if each.name == "settings"]
    assert command.default_permissions == discord.Permissions(manage_guild=True)
    # A server may show a command to others than its default says.
    [id_] = [
        int(each["id"])
        for each in env.simcord.backend.commands[None].values()
        if each["name"] == "settings"
    ]
    env.guild.set_command_permissions(id_, {env.ada: True, env.moderator: True})
    for who in (env.ada, env.moderator):
        for name, options in (
            ("show", {}), ("explain", {"who": env.ming}), ("log", {}), ("undo", {}),
            ("export", {}), ("import", {"file": ("rules.toml", b"[server]\nuse = 'deny'")}),
        ):  # fmt: skip
            result = await who.slash(env.channel, f"settings {name}", **options)
            assert private_sentence(result) == RIGHT, name
    assert rules(env) == "[server]\nmax_side = 512"


async def test_a_manager_who_is_none_any_more_changes_nothing(env: DiscordEnv, eve: Any):
    page = await shown(env, eve)
    form = await eve.click(page, custom_id=ids(page, "zib:set:change:")[0])
    env.simcord.backend.edit_member(env.guild.id, eve.id, {"role_ids": []})
    await env.simcord.settle()
    for result in (
        await eve.submit_modal(form, {**shown_in(form), "use": "deny"}),
        await eve.click(page, custom_id=ids(page, "zib:set:change:")[0]),
        await eve.click(page, label="Log"),
    ):
        assert private_sentence(result).startswith(RIGHT)
    assert rules(env) == ""


async def test_the_page_is_in_the_readers_language(env: DiscordEnv, eve: Any):
    env.locales[eve.id] = "zh-CN"
    page = await shown(env, eve)
    assert "谁可以用什么" in texts_of(page)
    assert labels_of(page).count("更改") == 3
    await pick(eve, page, "section", "requests")
    refused = await change(eve, page, max_side="5")
    assert "规则 max_side 不能是 '5'" in texts_of(answer_of(refused))


async def test_an_administrator_may_draw_and_set_rules_as_before(env: DiscordEnv, eve: Any):
    result = await eve.slash(env.channel, "imagine", prompt="x", size=SMALL)
    await env.idle()
    assert ids_of(result.response)
