"""Who asks for whose image, from where: channels and people of a simulated server."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.components import Button
from tests.discord.test_places import brought_along
from tests.support.discord_env import SMALL, DiscordEnv, ids_of
from tests.support.moderation_env import rule


@dataclass(kw_only=True)
class Asker:
    """Somebody in a place, and whose image they ask for.

    Attributes:
        name: The column's head.
        who: A member, or a user where it is their direct messages.
        channel: Where they ask; None in direct messages.
        maker: Who made the image (and later a job).
        made_in: Where.
        leaves: Whether the maker then leaves the server.

    """

    name: str
    who: Any
    channel: Any
    maker: Any
    made_in: Any
    leaves: bool = False
    image: str = ""
    prompt: str = ""
    message: Any = None
    sheet: Any = None
    link: str = ""
    png: bytes = b""

    @property
    def _place(self) -> tuple[Any, ...]:
        return () if self.channel is None else (self.channel,)

    async def slash(self, name: str, **options: Any) -> Any:
        return await self.who.slash(*self._place, name, **options)

    async def suggested(self, name: str, option: str, typed: str = "") -> list[str]:
        found = await self.who.autocomplete(*self._place, name, option, typed)
        return [each["value"] for each in found]

    async def press(self, custom_id: str) -> Any:
        held = self.sheet if custom_id.startswith(("zib:one:", "zib:cancel:")) else self.message
        return await self.who.click(held, custom_id=custom_id)

    def newest(self) -> Any:
        return (self.who.dm_channel if self.channel is None else self.channel).history()[-1]

    @property
    def is_member(self) -> bool:
        """Tell whether they ask in a server that has the bot."""
        return self.channel is not None and self.channel.name != "chat"

    async def menu(self, name: str) -> Any:
        return await self.who.context_menu(*self._place, name, self.message)


@contextlib.asynccontextmanager
async def askers(env: DiscordEnv) -> AsyncIterator[list[Asker]]:
    """Set up channels and people, and yield who asks for whose image from where."""
    guild, general = env.guild, env.channel
    insider = guild.add_member(env.simcord.create_user("ben"))
    corner_mod = guild.add_member(env.simcord.create_user("cora"))
    leo = guild.add_member(env.simcord.create_user("leo"))
    secret = _channel(env, "secret", insider, env.ada)
    may_moderate = discord.PermissionOverwrite(manage_messages=True)
    corner = guild.create_text_channel("corner", overwrites={corner_mod: may_moderate})
    adult, spoilers = guild.create_text_channel("adult"), guild.create_text_channel("finale")
    await env.mark(adult, nsfw=True)
    await env.mark(spoilers, is_spoiler=True)
    gone = guild.create_text_channel("gone")
    other = env.simcord.create_guild("Elsewhere")
    eves = other.create_text_channel("pictures")
    eve = other.add_member(env.ada.user, roles=[_moderators(other)])
    await env.moderator.slash(general, "board create", name="Spring")
    show_to_all(env, "jobs")
    show_to_all(env, "mod")
    await rule(env, log_channel=str(_channel(env, "log", env.moderator).id))
    with brought_along(env, env.ada) as (chat, ada_abroad):
        yield [
            Asker(name="sees `#secret`, asks there", who=insider, channel=secret,
                  maker=env.ada, made_in=secret),
            Asker(name="sees `#secret`, asks in `#general`", who=insider, channel=general,
                  maker=env.ada, made_in=secret),
            Asker(name="does not see `#secret`", who=env.ming, channel=general,
                  maker=env.ada, made_in=secret),
            Asker(name="moderator who does not see `#secret`", who=env.moderator,
                  channel=general, maker=env.ada, made_in=secret),
            Asker(name="moderator, `#general`", who=env.moderator, channel=general,
                  maker=env.ada, made_in=general),
            Asker(name="corner moderator, `#general`", who=corner_mod, channel=corner,
                  maker=env.ada, made_in=general),
            Asker(name="corner moderator, the corner", who=corner_mod, channel=corner,
                  maker=env.ada, made_in=corner),
            Asker(name="member, of one who left", who=env.ming, channel=general,
                  maker=leo, made_in=general, leaves=True),
            Asker(name="member, channel gone", who=env.ming, channel=general,
                  maker=env.ada, made_in=gone),
            Asker(name="its requester, channel gone", who=env.ada, channel=general,
                  maker=env.ada, made_in=gone),
            Asker(name="member, age-restricted", who=env.ming, channel=general,
                  maker=env.ada, made_in=adult),
            Asker(name="member, spoiler channel", who=env.ming, channel=general,
                  maker=env.ada, made_in=spoilers),
            Asker(name="its requester in another server", who=eve, channel=eves,
                  maker=env.ada, made_in=general),
            Asker(name="its requester in direct messages", who=env.ada.user, channel=None,
                  maker=env.ada, made_in=general),
            Asker(name="its requester with their own app", who=ada_abroad, channel=chat,
                  maker=env.ada, made_in=general),
        ]  # fmt: skip


def show_to_all(env: DiscordEnv, command: str) -> None:
    """Let Discord show a command to every member, as a server's settings can."""
    [id_] = [
        int(each["id"])
        for each in env.simcord.backend.commands[None].values()
        if each["name"] == command
    ]
    env.guild.set_command_permissions(id_, {env.guild.default_role: True})


def _channel(env: DiscordEnv, name: str, *people: Any) -> Any:
    seen = discord.PermissionOverwrite(view_channel=True, send_messages=True)
    rules = {env.guild.default_role: discord.PermissionOverwrite(view_channel=False)}
    rules |= dict.fromkeys((*people, env.bot.user), seen)
    return env.guild.create_text_channel(name, overwrites=rules)


def _moderators(guild: Any) -> Any:
    return guild.create_role("mods", permissions=discord.Permissions(manage_messages=True))


async def prepare(env: DiscordEnv, asker: Asker, number: int) -> None:
    """Make the image, and show it where it is asked for, as an older version could."""
    asker.prompt = f"an apple tree{number}"
    asked = await asker.maker.slash(
        asker.made_in, "imagine", prompt=asker.prompt, size=SMALL, seed=number
    )
    await env.idle()
    [asker.image] = ids_of(asked.response)
    stored = asked.response._message
    asker.link = f"https://discord.com/channels/{env.guild.id}/{stored.channel_id}/{stored.id}"
    found = await env.service._store.generations.find(asker.image, None)
    asker.png = found.path.read_bytes()
    await env.bot.post_again(await _room_of(env, asker), [found])
    asker.message = asker.newest()
    await post(env, asker, [Button(label="Show 1", custom_id=f"zib:one:{found.id}")])


async def _room_of(env: DiscordEnv, asker: Asker) -> Any:
    if asker.channel is not None:
        return env.bot.get_partial_messageable(asker.channel.id)
    return await env.bot.create_dm(await env.bot.fetch_user(asker.who.id))


async def post(env: DiscordEnv, asker: Asker, row: list[Any]) -> None:
    """Post buttons that are under the messages of comparisons and of jobs on their way."""
    room = await _room_of(env, asker)
    await room.send(view=views.layout(ui.ActionRow(*row)))
    asker.sheet = asker.newest()
