"""`/mod`, reports and appeals: who may, what happens, what is told, and what is written down."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.domain.jobs import now
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    gallery_of,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
)
from tests.support.moderation_env import buttons, logged, press, rule

pytest_plugins = ["tests.support.bot_fixtures", "tests.support.moderation_fixtures"]


async def mod(env: DiscordEnv, command: str, who: Any = None, **options: Any) -> str:
    """Run a command of `/mod` and return its private answer."""
    result = await (who or env.moderator).slash(env.channel, f"mod {command}", **options)
    return private_sentence(result)


async def direct(env: DiscordEnv, who: Any, part: str) -> Any:
    return await logged(env, who.user.dm_channel, part)


async def report(env: DiscordEnv, who: Any, message: Any, why: str = "It is cruel.") -> Any:
    """Report the images of a message; return the last answer."""
    form = await who.context_menu(env.channel, "Report", message)
    return answer_of(await who.submit_modal(form, {"why": why}))


COMMANDS: dict[str, dict[str, Any]] = {
    "history": {},
    "log": {},
    "ban": {"for": "1h", "why": "x"},
    "unban": {},
    "warn": {"why": "x"},
    "delete": {"since": "forever"},
}


@pytest.mark.parametrize("command", [*COMMANDS, "hide"])
async def test_members_may_not(env: DiscordEnv, log: Any, command: str):
    """Discord hides the commands from them; the service refuses, too, where a server shows them."""
    message = await env.imagine()
    [group] = [c for c in env.simcord.backend.commands[None].values() if c["name"] == "mod"]
    env.guild.set_command_permissions(int(group["id"]), {env.ming: True})
    member = {} if command in {"log", "hide"} else {"member": env.ada}
    options = COMMANDS.get(command, {"id": ids_of(message)[0]})
    said = await mod(env, command, env.ming, **member, **options)
    assert "Only moderators of this server" in said or "Only a moderator" in said
    assert [each.act for each in (await audit(env))] == []
    assert ids_of(env.images()[0]) == ids_of(message)


async def audit(env: DiscordEnv) -> list[Any]:
    return await env.service._store.audit.page(env.guild.id, offset=0, limit=50)


async def test_a_ban_is_told_logged_kept_and_ended(env: DiscordEnv, log: Any):
    said = await mod(env, "ban", member=env.ada, **{"for": "7d", "why": "Gore again."})
    assert "may not use me here until" in said
    told = await direct(env, env.ada, "has stopped you from using me there")
    assert "Gore again." in texts_of(told)
    assert "Town" in texts_of(told)
    assert labels_of(told) == ["Appeal"]
    assert "Gore again." in texts_of(await logged(env, log, "Ban"))
    await env.start_again()
    for command, options in (("imagine", {"prompt": "a fox", "size": SMALL}), ("history", {})):
        refused = await env.ada.slash(env.channel, command, **options)
        assert "A moderator of this server has stopped you" in private_sentence(refused)
        assert labels_of(answer_of(refused)) == ["Appeal"]
    assert "may use me here again" in await mod(env, "unban", member=env.ada)
    assert "was not banned" in await mod(env, "unban", member=env.ada)
    await env.imagine(prompt="a fox")
    shown = await mod(env, "log")
    assert shown.index("Ban lifted") < shown.index("Gore again.")
    assert "You cannot ban yourself." in await mod(
        env, "ban", member=env.moderator, **{"for": "1h", "why": "x"}
    )


async def test_a_warning_is_told_in_the_members_language(env: DiscordEnv, log: Any):
    env.locales[env.ming.id] = "zh-CN"
    await env.imagine(env.ming)
    assert "is told" in await mod(env, "warn", member=env.ming, why="文明一点")
    told = await direct(env, env.ming, "的管理员警告你")
    assert "文明一点" in texts_of(told)
    assert "文明一点" in await mod(env, "history", member=env.ming)
    assert "文明一点" not in await mod(env, "history", member=env.ada)


async def test_the_images_of_a_member_go_and_no_others(env: DiscordEnv, log: Any):
    mine, other = await env.imagine(), await env.imagine(env.ming)
    await env.imagine()
    said = await mod(env, "delete", member=env.ada, since="1d")
    assert "Deleted 2 images of" in said
    await env.until(lambda: len(env.images()) == 1)
    assert ids_of(env.images()[0]) == ids_of(other)
    gone = await env.ada.slash(env.channel, "show", id=ids_of(mine)[0])
    assert "no image" in private_sentence(gone).lower()
    assert "Images deleted" in texts_of(await logged(env, log, "Images deleted"))
    assert f"<@{env.ada.id}>" in said
    assert "Deleted 0 images" in await mod(env, "delete", member=env.ada, since="forever")


async def test_an_image_is_hidden_in_place_and_stays_so(env: DiscordEnv, log: Any):
    message = await env.imagine(count=2)
    one, two = ids_of(message)
    assert "2 images are hidden" in await mod(env, "hide", id=one)
    await env.until(lambda: all(each.get("spoiler") for each in gallery_of(message)))
    again = await env.ming.slash(env.channel, "show", id=two)
    assert [each["spoiler"] for each in gallery_of(answer_of(again))] == [True]
    assert "Images hidden" in texts_of(await logged(env, log, "Images hidden"))


async def test_hiding_goes_on_after_a_crash(env: DiscordEnv, log: Any):
    message = await env.imagine()
    env.service.system.audit.writer = None  # as if killed before it was carried out
    await mod(env, "hide", id=ids_of(message)[0])
    assert not gallery_of(message)[0].get("spoiler")
    await env.start_again()
    await env.until(lambda: bool(gallery_of(message)[0].get("spoiler")))


async def test_what_moderators_do_to_jobs_is_written_down(env: DiscordEnv, log: Any):
    await env.moderator.slash(env.channel, "jobs pause")
    await env.imagine_unwaited(env.ada, "one")
    await env.moderator.slash(env.channel, "jobs clear")
    await env.moderator.slash(env.channel, "jobs resume")
    acts = [each.act for each in await audit(env)]
    assert acts == ["resumed", "cleared", "paused"]


async def test_refusals_are_logged_and_can_be_appealed_against_once(env: DiscordEnv, log: Any):
    await rule(env, words="refuse")
    refused = await env.ada.slash(env.channel, "imagine", prompt="gore", size=SMALL)
    answer = answer_of(refused)
    assert labels_of(answer) == ["Edit again", "Appeal"]
    entry = await logged(env, log, "Refused by the rules")
    assert "> gore" in texts_of(entry)
    form = await env.ada.click(answer, label="Appeal")
    sent = await env.ada.submit_modal(form, {"why": "It is a film poster."})
    assert "Moderators read this now" in private_sentence(sent)
    appeal = await logged(env, log, "It is a film poster.")
    again = await env.ada.slash(env.channel, "appeal", text="Please.")
    assert "You have appealed against that before" in private_sentence(again)
    await press(env, env.moderator, appeal, "Leave it so")
    await direct(env, env.ada, "moderators leave it as it is")
    nothing = await env.ming.slash(env.channel, "appeal", text="Please.")
    assert "There is nothing to appeal against" in private_sentence(nothing)


async def test_who_is_banned_appeals_and_is_let_back(env: DiscordEnv, log: Any):
    await mod(env, "ban", member=env.ada, **{"for": "forever", "why": "x"})
    told = await direct(env, env.ada, "has stopped you")
    form = await env.ada.user.click(told, label="Appeal")
    await env.ada.user.submit_modal(form, {"why": "I am sorry."})
    appeal = await logged(env, log, "I am sorry.")
    await press(env, env.moderator, appeal, "Agree")
    await direct(env, env.ada, "you may use me there again")
    await env.imagine(prompt="a fox")


async def test_a_report_names_its_author_to_moderators_only(env: DiscordEnv, log: Any):
    message = await env.imagine()
    assert "Reported." in texts_of(await report(env, env.ming, message))
    entry = await logged(env, log, "Report")
    assert "It is cruel." in texts_of(entry)
    assert "a red apple" in texts_of(entry)
    assert f"<@{env.ming.id}>" in texts_of(entry)
    assert "You have reported this before" in texts_of(await report(env, env.ming, message))
    assert "Reported." in texts_of(await report(env, env.moderator, message))
    shown = await press(env, env.moderator, entry, "Show")
    assert [each["spoiler"] for each in gallery_of(answer_of(shown))] == [True]
    assert answer_of(shown).ephemeral
    await press(env, env.moderator, entry, "Delete")
    await env.until(lambda: not env.images())
    assert "deleted" in texts_of(await logged(env, log, "deleted"))


async def test_a_reported_image_is_hidden_or_its_author_warned(env: DiscordEnv, log: Any):
    message = await env.imagine()
    await report(env, env.ming, message)
    entry = await logged(env, log, "Report")
    await press(env, env.moderator, entry, "Hide")
    await env.until(lambda: bool(gallery_of(message)[0].get("spoiler")))
    second = await env.imagine(prompt="a pear")
    await report(env, env.ming, second)
    entry = await logged(env, log, "a pear")
    form = await press(env, env.moderator, entry, "Delete and warn")
    await env.moderator.submit_modal(form, {"why": "No pears."})
    await direct(env, env.ada, "No pears.")
    await env.until(lambda: len(env.images()) == 1)


async def test_without_a_log_channel_a_reporter_is_told_whom_to_write_to(env: DiscordEnv):
    message = await env.imagine()
    result = await env.ming.context_menu(env.channel, "Report", message)
    said = private_sentence(result)
    assert "this server has no log channel" in said
    assert f"<@{env.guild.owner.id}>" in said


async def test_only_images_of_the_bot_can_be_reported(env: DiscordEnv, log: Any):
    words = await env.ada.send(env.channel, "hello")
    result = await env.ming.context_menu(env.channel, "Report", words)
    assert "no image" in private_sentence(result).lower()


async def test_every_job_is_logged_where_a_server_wants_that(env: DiscordEnv, log: Any):
    await env.imagine(prompt="a fox")
    await rule(env, log_jobs="on")
    await env.imagine(prompt="a hen")
    assert "> a hen" in texts_of(await logged(env, log, "Job"))
    assert not any("a fox" in texts_of(each) for each in log.history())


async def test_one_member_does_not_flood_the_log(env: DiscordEnv, log: Any):
    await rule(env, words="refuse")
    for i in range(12):
        await env.ada.slash(env.channel, "imagine", prompt=f"gore {i}", size=SMALL)
    await env.ming.slash(env.channel, "imagine", prompt="gore of Ming", size=SMALL)
    await logged(env, log, "gore of Ming")
    assert len(log.history()) == 11
    assert len(await audit(env)) == 13


async def test_old_entries_are_forgotten(env: DiscordEnv, log: Any):
    await mod(env, "warn", member=env.ada, why="x")
    assert await env.service._store.audit.forget(now()) == 1
    assert "Nothing." in await mod(env, "log")


async def test_the_log_is_turned_page_by_page(env: DiscordEnv, log: Any):
    for i in range(12):
        await mod(env, "warn", member=env.ada, why=f"number{i}.")
    result = await env.moderator.slash(env.channel, "mod log")
    assert "number11." in texts_of(result.response)
    assert "number1." not in texts_of(result.response)
    older = buttons(result.response)["Older →"]
    turned = await env.moderator.click(result.response, custom_id=older)
    assert "number1." in texts_of(answer_of(turned) or result.response)


async def test_a_moderator_reads_no_words_of_a_channel_that_they_do_not_view(
    env: DiscordEnv, log: Any
):
    """The log channel is for whoever was let into it; the command shows what they may see."""
    await rule(env, words="refuse")
    seen = discord.PermissionOverwrite(view_channel=True, send_messages=True)
    hidden = {env.guild.default_role: discord.PermissionOverwrite(view_channel=False)}
    hidden |= dict.fromkeys((env.ada, env.bot.user), seen)
    secret = env.guild.create_text_channel("secret", overwrites=hidden)
    for channel in (secret, env.channel):
        await env.ada.slash(channel, "imagine", prompt=f"gore in {channel.name}", size=SMALL)
    shown = await mod(env, "log")
    assert "gore in pictures" in shown
    assert "gore in secret" not in shown
    assert shown.count("Refused by the rules") == 2


async def test_the_log_pings_nobody_and_speaks_the_servers_language(env: DiscordEnv, log: Any):
    env.simcord.backend.edit_guild(env.guild.id, {"preferred_locale": "zh-CN"})
    await env.simcord.settle()
    await mod(env, "warn", member=env.ada, why="@everyone look")
    entry = await logged(env, log, "警告")
    stored = env.simcord.backend.get_message(log.id, entry.id)
    assert stored.flags & discord.MessageFlags(suppress_notifications=True).value


async def test_a_hidden_image_is_hidden_on_boards_too(env: DiscordEnv, log: Any):
    await env.moderator.slash(env.channel, "board create", name="Spring")
    image = ids_of(await env.imagine())[0]
    await env.moderator.slash(env.channel, "board add", id=image, board="Spring")
    await mod(env, "hide", id=image)
    shown = answer_of(await env.ming.slash(env.channel, "board show", board="Spring", number=1))
    assert [each["spoiler"] for each in gallery_of(shown)] == [True]


async def test_a_job_that_a_moderator_stops_is_written_down(env: DiscordEnv, log: Any):
    await env.moderator.slash(env.channel, "jobs pause")
    first = await env.imagine_unwaited(env.ada, "one")
    await env.moderator.click(first.response, label="Cancel")
    second = await env.imagine_unwaited(env.ada, "two")
    await env.ada.click(second.response, label="Cancel")
    entries = await audit(env)
    assert [each.act for each in entries] == ["cancelled", "paused"]
    assert (entries[0].by_id, entries[0].user_id) == (env.moderator.id, env.ada.id)


async def test_who_moderates_one_channel_decides_what_comes_from_it(env: DiscordEnv):
    """And bans nobody: that takes the right in the whole server."""
    corner = env.guild.create_text_channel(
        "corner", overwrites={env.ming: discord.PermissionOverwrite(manage_messages=True)}
    )
    await rule(env, words="ask", log_channel=str(corner.id))
    for channel in (corner, env.channel):
        await env.ada.slash(channel, "imagine", prompt="gore", size=SMALL)
    await env.until(lambda: sum("Approve" in labels_of(each) for each in corner.history()) == 2)
    here, there = [each for each in corner.history() if "Approve" in labels_of(each)]
    assert ": approved" in private_sentence(await press(env, env.ming, here, "Approve"))
    await env.idle()
    for label in ("Approve", "Refuse and ban"):
        result = await press(env, env.ming, there, label)
        assert "Only moderators of this server" in private_sentence(result)


async def test_who_is_forgotten_is_forgotten_in_the_log_too(env: DiscordEnv, log: Any):
    """Messages of the log lose words and names; a ban keeps the id, and a held job ends."""
    await rule(env, words="ask")
    await env.ada.slash(env.channel, "imagine", prompt="zigguratic gore", size=SMALL)
    await logged(env, log, "zigguratic")
    await rule(env, words="refuse")
    await env.ada.slash(env.channel, "imagine", prompt="zigguratic gore", size=SMALL)
    await env.until(lambda: sum("zigguratic" in texts_of(each) for each in log.history()) == 2)
    await mod(env, "ban", member=env.ada, **{"for": "7d", "why": "x"})
    ban = await logged(env, log, "Ban")
    overview = await env.ada.slash(env.channel, "privacy")
    asked = await env.ada.click(answer_of(overview), label="Forget me…")
    await env.ada.click(answer_of(asked), label="Forget me")
    await env.until(lambda: not any("zigguratic" in texts_of(each) for each in log.history()))
    await env.until(
        lambda: (
            [f"<@{env.ada.id}>" in texts_of(each) for each in log.history()]
            == [each.id == ban.id for each in log.history()]
        )
    )
    entries = [each for each in await audit(env) if each.user_id == env.ada.id]
    assert [(each.act, each.user_name) for each in entries] == [("banned", "")]
