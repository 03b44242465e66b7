"""The client itself: commands, permissions it asks for, translations, start-up errors, the end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import Any

import discord
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.discord_ui.client import ImageBot
from bot.discord_ui.command_tree import BotTranslator
from bot.discord_ui.connection import DiscordUnreachableError, run_bot
from bot.errors import LoadFailedError, ModelFilesError, SettingsError
from tests.support.discord_env import DiscordEnv, SteeredEngine, private_sentence

pytest_plugins = ["tests.support.bot_fixtures"]

COMMANDS = {
    "privacy",
    "compare",
    "style",
    "explore",
    "imagine",
    "upscale",
    "show",
    "history",
    "queue",
    "stats",
    "cancel",
    "help",
    "lora",
    "jobs",
    "recipe",
    "reproduce",
    "inspect",
    "lineage",
    "board",
    "mod",
    "report",
    "appeal",
    "settings",
    "quota",
}
OF_A_SERVER = {
    "jobs",
    "board",
    "stats",
    "settings",
    "quota",
    "mod",
    "report",
    "Add to board",
    "Report",
}


async def test_every_command_and_menu_is_registered(env: DiscordEnv):
    registered = await env.bot.tree.fetch_commands()
    chat = {c.name for c in registered if c.type is discord.AppCommandType.chat_input}
    menus = {c.name for c in registered if c.type is discord.AppCommandType.message}
    assert chat == COMMANDS
    assert menus == {
        "Recipe", "Same seed", "Use as source", "Inspect", "Add to board", "Report",
    }  # fmt: skip


async def test_commands_are_synced_only_when_they_changed(env: DiscordEnv):
    def syncs() -> int:
        return sum(
            r.method == "PUT" and r.path.endswith("/commands") for r in env.simcord.http_requests
        )

    record, before = env.settings.data_dir / "commands.json", syncs()
    record.unlink()
    await env.simcord.restart_bot(ImageBot(env.settings, env.service))
    assert syncs() == before + 1
    await env.simcord.restart_bot(ImageBot(env.settings, env.service))
    assert syncs() == before + 1
    record.write_text("{ damaged")
    await env.simcord.restart_bot(ImageBot(env.settings, env.service))
    assert syncs() == before + 2


async def test_commands_work_in_servers_direct_messages_and_as_a_user_app(env: DiscordEnv):
    for command in env.bot.tree.get_commands():
        payload = await command.get_translated_payload(env.bot.tree, BotTranslator())
        tree = env.bot.tree
        contexts = tree.allowed_contexts.to_array()
        installs = tree.allowed_installs.to_array()
        assert payload.get("contexts") or contexts == [0, 1, 2]
        assert payload.get("integration_types") or installs == [0, 1]


async def test_what_is_sent_to_discord_names_every_context(env: DiscordEnv):
    (env.settings.data_dir / "commands.json").unlink()
    await env.simcord.restart_bot(ImageBot(env.settings, env.service))
    *_, sync = [
        r for r in env.simcord.http_requests if r.method == "PUT" and r.path.endswith("/commands")
    ]
    for command in sync.json:
        is_of_a_server = command["name"] in OF_A_SERVER
        assert command["contexts"] == ([0] if is_of_a_server else [0, 1, 2]), command["name"]
        assert command["integration_types"] == ([0] if is_of_a_server else [0, 1]), command["name"]


async def test_no_privileged_intent_is_asked_for(env: DiscordEnv):
    intents = env.bot.intents
    assert intents == discord.Intents(guilds=True, guild_messages=True, guild_reactions=True)
    for name in ("message_content", "members", "presences"):
        assert not getattr(intents, name)


async def test_names_and_descriptions_are_translated_completely(env: DiscordEnv):
    for command in env.bot.tree.get_commands():
        payload = await command.get_translated_payload(env.bot.tree, BotTranslator())
        assert payload["name_localizations"]["zh-CN"], command.name
        for option in options_of(payload):
            assert option["name_localizations"]["zh-TW"], option["name"]
            assert option["description_localizations"]["zh-CN"], option["name"]
            for choice in option.get("choices", []):
                assert choice["name_localizations"]["zh-CN"], choice["name"]


def options_of(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the options of a command, and those of its commands."""
    own = payload.get("options") or []
    return [*own, *(below for option in own for below in options_of(option))]


async def test_no_command_is_larger_than_discord_allows(env: DiscordEnv):
    """8,000 characters in all names, descriptions and values, and 25 of everything in a row."""
    for command in env.bot.tree.get_commands():
        payload = await command.get_translated_payload(env.bot.tree, BotTranslator())
        assert size_of(payload) < 8000, command.name
        assert len(payload.get("options", [])) <= 25, command.name


def size_of(payload: dict[str, Any]) -> int:
    """Return the characters that Discord counts: of translations the longest only."""
    own = sum(
        max(
            len(str(payload.get(key, ""))),
            *map(len, payload.get(f"{key}_localizations", {"": ""}).values()),
        )
        for key in ("name", "description")
    )
    own += sum(
        size_of(choice) + len(str(choice["value"])) for choice in payload.get("choices") or []
    )
    return own + sum(size_of(option) for option in payload.get("options") or [])


async def test_help_fits_and_names_every_command(env: DiscordEnv):
    for locale in ("en-US", "zh-CN"):
        env.locales[env.ada.id] = locale
        words = private_sentence(await env.ada.slash(env.channel, "help"))
        assert len(words) + 50 < 2000, "with the longest name and with Z-Image, too"
        for name in COMMANDS - {"help"}:
            assert f"/{name}" in words


async def test_a_missing_permission_to_post_is_told(env: DiscordEnv):
    env.expected_errors.append(discord.Forbidden)
    env.simcord.inject_error(
        "POST", "/interactions/*/callback", status=403, code=50013, message="Missing Permissions"
    )
    result = await env.ada.slash(env.channel, "history")
    assert "I may not post" in private_sentence(result)


async def test_without_a_token_the_way_to_one_and_the_playground_are_named(settings, engine):
    with pytest.raises(SettingsError) as caught:
        await run_bot(settings, lambda: engine)
    assert "discord.com/developers" in caught.value.message
    assert "playground" in caught.value.message


async def test_a_wrong_token_is_told_without_showing_it(
    settings, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch
):
    async def refuse(*_: object) -> None:
        raise discord.LoginFailure("Improper token has been passed.")

    monkeypatch.setattr(discord.Client, "login", refuse)
    secret = settings.model_copy(update={"discord_token": SecretStr("very.secret.token")})
    with pytest.raises(SettingsError) as caught:
        await run_bot(secret, lambda: engine)
    assert "refuses the DISCORD_TOKEN" in caught.value.message
    assert "very.secret" not in caught.value.message


async def test_no_network_is_told(settings, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch):
    async def fail(*_: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(discord.Client, "login", fail)
    secret = settings.model_copy(update={"discord_token": SecretStr("very.secret.token")})
    with pytest.raises(DiscordUnreachableError, match="cannot be reached"):
        await run_bot(secret, lambda: engine)


@pytest.mark.parametrize(
    ("body", "length", "sentence"),
    [
        ("<html>Log in to this network</html>", None, "is not Discord, but perhaps a proxy"),
        ('{"id":', 500, "cannot be reached"),
    ],
)
async def test_what_answers_in_discords_place_is_told(
    settings, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch, body, length, sentence
):
    async def portal(request: web.Request) -> web.StreamResponse:
        headers = {} if length is None else {"Content-Length": str(length)}
        response = web.StreamResponse(headers={"Content-Type": "text/html", **headers})
        await response.prepare(request)
        await response.write(body.encode())
        if length is not None:
            request.transport.close()
        return response

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", portal)
    async with TestServer(application) as there:
        monkeypatch.setattr(discord.http.Route, "BASE", str(there.make_url("")))
        secret = settings.model_copy(update={"discord_token": SecretStr("very.secret.token")})
        with pytest.raises(DiscordUnreachableError, match=sentence):
            await run_bot(secret, lambda: engine)


async def test_a_stop_signal_ends_the_bot_in_order(
    settings, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch
):
    connected, closed = asyncio.Event(), asyncio.Event()
    order: list[str] = []

    async def log_in(*_: object) -> None:
        """Stand for the real log-in."""

    async def connect(_: ImageBot, *, reconnect: bool) -> None:
        assert reconnect
        connected.set()
        await closed.wait()
        order.append("gateway closed")

    stop = ImageBot.close

    async def close(self: ImageBot) -> None:
        order.append("client closing")
        closed.set()
        await stop(self)

    monkeypatch.setattr(discord.Client, "login", log_in)
    monkeypatch.setattr(discord.AutoShardedClient, "connect", connect)
    monkeypatch.setattr(ImageBot, "close", close)
    secret = settings.model_copy(update={"discord_token": SecretStr("very.secret.token")})
    running = asyncio.create_task(run_bot(secret, lambda: engine))
    await connected.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 20)
    assert order[:2] == ["client closing", "gateway closed"]


async def test_a_model_that_cannot_be_loaded_ends_the_bot_with_its_sentence(
    settings, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch
):
    def fail() -> None:
        raise ModelFilesError("The model in data/demo_model cannot be loaded.")

    closed = asyncio.Event()

    async def log_in(*_: object) -> None:
        """Stand for the real log-in."""

    async def connect(_: ImageBot, *, reconnect: bool) -> None:
        await closed.wait()

    stop = ImageBot.close

    async def close(self: ImageBot) -> None:
        closed.set()
        await stop(self)

    monkeypatch.setattr(engine, "load", fail)
    monkeypatch.setattr(discord.Client, "login", log_in)
    monkeypatch.setattr(discord.AutoShardedClient, "connect", connect)
    monkeypatch.setattr(ImageBot, "close", close)
    secret = settings.model_copy(update={"discord_token": SecretStr("very.secret.token")})
    with pytest.raises(LoadFailedError, match="cannot be loaded"):
        await asyncio.wait_for(run_bot(secret, lambda: engine), 20)


async def test_a_command_that_changed_meanwhile_is_told_plainly(
    env: DiscordEnv, caplog: pytest.LogCaptureFixture
):
    """Discord's clients show an older command for up to an hour."""
    env.expected_errors.append(discord.app_commands.AppCommandError)
    env.bot.tree.remove_command("queue")
    asked = await env.ada.slash(env.channel, "queue")
    assert "I do not know this command" in private_sentence(asked)
    assert "Traceback" not in caplog.text


async def test_a_channel_that_the_bot_cannot_see_is_told_plainly(
    env: DiscordEnv, caplog: pytest.LogCaptureFixture
):
    env.expected_errors.append(discord.app_commands.AppCommandError)
    hidden = env.guild.create_text_channel("hidden")
    await env.simcord.settle()
    env.bot.get_guild(env.guild.id)._channels.pop(hidden.id)
    asked = await env.moderator.slash(env.channel, "board create", name="Spring", channel=hidden)
    assert "I cannot see that channel or thread: give me View Channel" in private_sentence(asked)
    assert "Traceback" not in caplog.text


async def test_the_commands_are_registered_though_that_cannot_be_written_down(
    env: DiscordEnv, caplog: pytest.LogCaptureFixture
):
    record = env.settings.data_dir / "commands.json"
    record.unlink()
    record.mkdir()
    await env.simcord.restart_bot(ImageBot(env.settings, env.service))
    assert "commands.json cannot be written" in caplog.text
    assert (await env.ada.slash(env.channel, "queue")).acknowledged


async def test_the_sync_record_is_plain_json(env: DiscordEnv):
    record = json.loads((env.settings.data_dir / "commands.json").read_text())
    assert list(record) == [str(env.bot.application_id)]
