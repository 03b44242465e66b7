"""Moderators steer the line of their own server, and only that."""

from __future__ import annotations

import discord

from tests.support.discord_env import DiscordEnv, ids_of, private_sentence, texts_of

pytest_plugins = ["tests.support.bot_fixtures"]


async def waiting_jobs(env: DiscordEnv, *names: str) -> list:
    """Let Ada's first job be drawn and held, and others wait behind it."""
    env.engine.hold()
    results = []
    for name in names:
        results.append(await env.imagine_unwaited(env.ada, name))
        if len(results) == 1:
            await env.held()
    return results


async def jobs(env: DiscordEnv, command: str, who=None, **options: object) -> str:
    result = await (who or env.moderator).slash(env.channel, f"jobs {command}", **options)
    return private_sentence(result)


async def line(env: DiscordEnv) -> str:
    return private_sentence(await env.moderator.slash(env.channel, "queue"))


async def test_a_moved_job_is_drawn_first(env: DiscordEnv):
    await waiting_jobs(env, "one", "two", "three")
    [_, last] = await env.moderator.autocomplete(env.channel, "jobs move", "job", "")
    assert "three" in last["name"]
    answer = await jobs(env, "move", job=last["value"])
    assert "is the next one of this server" in answer
    shown = await line(env)
    assert shown.index("three") < shown.index("two")
    env.engine.release()
    await env.idle()
    assert [request.prompt for request in env.engine.drawn] == ["one", "three", "two"]


async def test_a_pause_holds_jobs_back_and_survives_a_restart(env: DiscordEnv):
    await waiting_jobs(env, "one")
    assert "Drawing is paused" in await jobs(env, "pause")
    waiting = await env.imagine_unwaited(env.ming, "two")
    assert "a moderator has paused drawing" in texts_of(waiting.response)
    assert "paused" in await line(env)
    env.engine.release()
    await env.until(lambda: len(env.images()) == 1)
    await env.start_again()
    assert env.service.moderation.is_paused(viewer=env.viewer())
    assert env.engine.drawn[-1].prompt == "one"
    assert "go on" in await jobs(env, "resume")
    await env.idle()
    assert ids_of(waiting.response)
    assert "Nothing is paused" in await jobs(env, "resume")


async def test_clear_cancels_what_waits_and_tells_everybody(env: DiscordEnv):
    first, second = await waiting_jobs(env, "one", "two")
    third = await env.imagine_unwaited(env.ming, "three")
    said = await jobs(env, "clear", user=env.ming)
    assert f"Cancelled 1 waiting jobs of <@{env.ming.id}>" in said
    await env.until(lambda: bool(third.followups))
    assert "A moderator cancelled this" in texts_of(third.followups[-1])
    assert "Cancelled 1 waiting jobs of this server" in await jobs(env, "clear")
    assert "Nothing of this server is waiting" in await jobs(env, "clear")
    env.engine.release()
    await env.idle()
    assert ids_of(first.response)
    assert second.response is None
    assert len(env.images()) == 1


async def test_jobs_of_other_servers_are_out_of_reach(env: DiscordEnv):
    elsewhere = env.simcord.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("pictures")
    role = elsewhere.create_role("mods", permissions=discord.Permissions(manage_messages=True))
    stranger = elsewhere.add_member(env.simcord.create_user("eve"), roles=[role])
    _, waiting = await waiting_jobs(env, "one", "two")
    [job] = [
        each.job.id
        for each in env.service.jobs.queue(viewer=env.viewer())
        if each.job.requests[0].prompt == "two"
    ]
    for command, options in (("move", {"job": job}), ("clear", {}), ("pause", {})):
        await stranger.slash(channel, f"jobs {command}", **options)
    assert not env.service.moderation.is_paused(viewer=env.viewer())
    env.engine.release()
    await env.idle()
    assert ids_of(waiting.response)


async def test_a_member_may_not_steer(env: DiscordEnv):
    [command] = [c for c in env.bot.tree.get_commands() if c.name == "jobs"]
    assert command.default_permissions == discord.Permissions(manage_messages=True)
    assert "Only the bot's owner" in await jobs(env, "pause", everywhere=True)
    assert not env.service.moderation.is_paused(viewer=env.viewer())
