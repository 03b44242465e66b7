"""Moderators steer the line of their own server, and only that."""

from __future__ import annotations

import discord

from tests.support.discord_env import Town, ids_of, private_sentence, texts_of

pytest_plugins = ["tests.support.bot_fixtures"]


async def waiting_jobs(town: Town, *names: str) -> list:
    """Let Ada's first job be drawn and held, and others wait behind it."""
    town.engine.hold()
    results = []
    for name in names:
        results.append(await town.imagine_unwaited(town.ada, name))
        if len(results) == 1:
            await town.held()
    return results


async def jobs(town: Town, command: str, who=None, **options: object) -> str:
    result = await (who or town.moderator).slash(town.channel, f"jobs {command}", **options)
    return private_sentence(result)


async def line(town: Town) -> str:
    return private_sentence(await town.moderator.slash(town.channel, "queue"))


async def test_a_moved_job_is_drawn_first(town: Town):
    await waiting_jobs(town, "one", "two", "three")
    [_, last] = await town.moderator.autocomplete(town.channel, "jobs move", "job", "")
    assert "three" in last["name"]
    answer = await jobs(town, "move", job=last["value"])
    assert "is the next one of this server" in answer
    shown = await line(town)
    assert shown.index("three") < shown.index("two")
    town.engine.release()
    await town.idle()
    assert [request.prompt for request in town.engine.drawn] == ["one", "three", "two"]


async def test_a_pause_holds_jobs_back_and_survives_a_restart(town: Town):
    await waiting_jobs(town, "one")
    assert "Drawing is paused" in await jobs(town, "pause")
    waiting = await town.imagine_unwaited(town.ming, "two")
    assert "a moderator has paused drawing" in texts_of(waiting.response)
    assert "paused" in await line(town)
    town.engine.release()
    await town.until(lambda: len(town.images()) == 1)
    await town.start_again()
    assert town.service.moderation.is_paused(town.guild.id)
    assert town.engine.drawn[-1].prompt == "one"
    assert "go on" in await jobs(town, "resume")
    await town.idle()
    assert ids_of(waiting.response)
    assert "Nothing is paused" in await jobs(town, "resume")


async def test_clear_cancels_what_waits_and_tells_everybody(town: Town):
    first, second = await waiting_jobs(town, "one", "two")
    third = await town.imagine_unwaited(town.ming, "three")
    assert "Cancelled 1 waiting jobs of" in await jobs(town, "clear", user=town.ming)
    await town.until(lambda: bool(third.followups))
    assert "A moderator cancelled this" in texts_of(third.followups[-1])
    assert "Cancelled 1 waiting jobs of this server" in await jobs(town, "clear")
    assert "Nothing of this server is waiting" in await jobs(town, "clear")
    town.engine.release()
    await town.idle()
    assert ids_of(first.response)
    assert second.response is None
    assert len(town.images()) == 1


async def test_jobs_of_other_servers_are_out_of_reach(town: Town):
    elsewhere = town.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("pictures")
    role = elsewhere.create_role("mods", permissions=discord.Permissions(manage_messages=True))
    stranger = elsewhere.add_member(town.env.create_user("eve"), roles=[role])
    _, waiting = await waiting_jobs(town, "one", "two")
    [job] = [
        each.job.id
        for each in town.service.queue_for(town.viewer())
        if each.job.requests[0].prompt == "two"
    ]
    for command, options in (("move", {"job": job}), ("clear", {}), ("pause", {})):
        await stranger.slash(channel, f"jobs {command}", **options)
    assert not town.service.moderation.is_paused(town.guild.id)
    town.engine.release()
    await town.idle()
    assert ids_of(waiting.response)


async def test_a_member_may_not_steer(town: Town):
    [command] = [c for c in town.bot.tree.get_commands() if c.name == "jobs"]
    assert command.default_permissions == discord.Permissions(manage_messages=True)
    assert "Only the bot's owner" in await jobs(town, "pause", everywhere=True)
    assert not town.service.moderation.is_paused(town.guild.id)
