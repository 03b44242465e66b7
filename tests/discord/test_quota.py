"""`/quota`: bars of one's own, those of others for moderators, and what they grant."""

from __future__ import annotations

import re

from tests.support.discord_env import DiscordEnv, answer_of, private_sentence, texts_of
from tests.support.server_rules import set_rules

pytest_plugins = ["tests.support.bot_fixtures"]

USUAL = "256x256"  # of the demo model: one image


async def quota(env: DiscordEnv, who: object = None, **options: object) -> str:
    result = await (who or env.ada).slash(env.channel, "quota show", **options)
    assert answer_of(result).ephemeral
    return texts_of(answer_of(result))


async def test_everybody_sees_their_own_quota_as_bars(env: DiscordEnv):
    assert "There is no limit on how much you may have drawn here." in await quota(env)
    await set_rules(env, "[server]\nquota_hour = 2\nquota_day = 10\ntotal_day = 100\nslow_mode = 1")
    await env.imagine(size=USUAL)
    told = await quota(env)
    assert "▓▓▓▓▓░░░░░ **1 of 2** images within an hour, room for 1 more" in told
    assert "▓░░░░░░░░░ **1 of 10** images within a day, room for 9 more" in told
    assert "all members together: ▓░░░░░░░░░ **1 of 100** images within a day" in told
    assert "Slow mode here: 1 second between two commands." in told
    assert "**0 of 2**" in await quota(env, env.ming)


async def test_a_full_bar_says_when_there_is_room_again(env: DiscordEnv):
    await set_rules(env, "[server]\nquota_hour = 1")
    await env.imagine(size=USUAL)
    told = await quota(env)
    assert re.search(r"▓{10} \*\*1 of 1\*\* images within an hour, room again <t:\d+:R>", told)
    refused = await env.ada.slash(env.channel, "imagine", prompt="x", size=USUAL)
    assert "You have 0 left of 1 images an hour, and this takes 1: there is room again" in texts_of(
        answer_of(refused)
    )
    env.locales[env.ada.id] = "zh-CN"
    assert re.search(r"一小时内 \*\*1 / 1\*\* 张，<t:\d+:R>又有余额", await quota(env))
    refused = await env.ada.slash(env.channel, "imagine", prompt="x", size=USUAL)
    assert "你每小时 1 张的限额还剩 0 张，而这需要 1 张" in texts_of(answer_of(refused))


async def test_moderators_see_and_grant_and_others_do_not(env: DiscordEnv):
    await set_rules(env, "[server]\nquota_day = 1")
    await env.imagine(size=USUAL)
    told = await env.moderator.slash(env.channel, "quota grant", member=env.ada, images=3)
    assert f"<@{env.ada.id}> may have 3 images more drawn" in private_sentence(told)
    assert "**1 of 4**" in await quota(env, env.moderator, member=env.ada)
    await env.imagine(size=USUAL)
    right = "Only moderators of this server can do that"
    assert right in await quota(env, env.ming, member=env.ada)
    refused = await env.ming.slash(env.channel, "quota grant", member=env.ming, images=3)
    assert right in private_sentence(refused)
    assert "**0 of 1**" in await quota(env, env.ming)


async def test_the_limits_of_a_role_are_those_of_whoever_has_it(env: DiscordEnv):
    vip = env.guild.create_role("VIP")
    eve = env.guild.add_member(env.simcord.create_user("eve"), roles=[vip])
    await set_rules(env, f"[server]\nquota_day = 1\n[role.{vip.id}]\nquota_day = 50")
    assert "**0 of 50**" in await quota(env, eve)
    assert "**0 of 50**" in await quota(env, env.moderator, member=eve)
    assert "**0 of 1**" in await quota(env, env.moderator, member=env.ada)
