"""The simulated Discord: its server, people, languages and clock, and the bot's way to it."""

# ruff: noqa: ANN401 - simcord is not typed

from __future__ import annotations

import contextlib
import contextvars
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord.webhook.async_ import async_context

# People of the simulated server: name, shown name, language, and rank.
PEOPLE: Final = (
    ("ada", "Ada", "en-US", "member"),
    ("xiaoming", "小明", "zh-CN", "member"),
    ("grace", "Grace (moderator)", "en-US", "moderator"),
    ("olga", "Olga (owner)", "en-US", "owner"),
)
LOG_CHANNEL: Final = "mod-log"  # for moderators and owners: where a server's rules can send logs
CHANNELS: Final = ("pictures", "general", LOG_CHANNEL)
_MODERATES: Final = discord.Permissions(manage_messages=True)
_OWNS: Final = discord.Permissions(manage_messages=True, manage_guild=True)
BOT_NAME: Final = "Z-Image"


@dataclass(frozen=True, kw_only=True)
class World:
    """The simulated server, with the channel that the page shows."""

    guild: Any
    channel: Any
    members: tuple[Any, ...]
    locales: Mapping[int, str]


@contextlib.contextmanager
def webhook_calls_to(env: Any) -> Iterator[None]:
    """Lead the answers to interactions to the simulated Discord, from whatever task they come.

    discord.py finds their sender in a context variable; the service's tasks began elsewhere and
    see its default, so the default itself is led there.
    """
    from simcord.http.client import FakeWebhookAdapter  # noqa: PLC0415 - see `_simcord` in run.py

    adapter: Any = contextvars.Context().run(async_context.get)
    adapter.request = FakeWebhookAdapter(env.backend).request
    try:
        yield
    finally:
        del adapter.request


@contextlib.contextmanager
def languages(
    locales: Mapping[int, str], limits: Mapping[int, int] | None = None
) -> Iterator[None]:
    """Let people speak their language and have their upload limit, by their ids.

    The simulated Discord alone says en-US and 25 MiB for everyone.
    """
    from simcord import interactions  # noqa: PLC0415 - see `_simcord` in run.py

    plain = interactions.base_payload

    def with_locale(backend: Any, **values: Any) -> tuple[Any, dict[str, Any]]:
        record, payload = plain(backend, **values)
        payload["locale"] = locales.get(values["user_id"], payload["locale"])
        limit = (limits or {}).get(values["user_id"], payload["attachment_size_limit"])
        payload["attachment_size_limit"] = limit
        return record, payload

    interactions.base_payload = with_locale
    try:
        yield
    finally:
        interactions.base_payload = plain


def build_world(env: Any, channel: str) -> World:
    """Create the server, its channels and its people, with the same ids at every start.

    What comes anew is created last: the ids before it stay those of earlier visits.
    """
    env.backend.bot_user.name = BOT_NAME
    guild = env.create_guild("Playground")
    channels = {name: guild.create_text_channel(name) for name in CHANNELS if name != LOG_CHANNEL}
    roles = {"moderator": guild.create_role("Moderators", permissions=_MODERATES)}
    members, locales = [], {}
    for name, shown, locale, rank in PEOPLE:
        if rank == "owner":
            roles[rank] = guild.create_role("Owners", permissions=_OWNS)
        user = env.create_user(name, global_name=shown)
        members.append(guild.add_member(user, roles=[roles[rank]] if rank in roles else []))
        locales[user.id] = locale
    channels[LOG_CHANNEL] = guild.create_text_channel(LOG_CHANNEL)
    _show_only_to(env, channels[LOG_CHANNEL], roles.values())
    return World(guild=guild, channel=channels[channel], members=tuple(members), locales=locales)


def _show_only_to(env: Any, channel: Any, roles: Iterable[Any]) -> None:
    """Let only some roles, and the bot, view a channel."""
    from simcord.backend.models import Overwrite  # noqa: PLC0415 - see `_simcord` in run.py
    from simcord.enums import OverwriteType  # noqa: PLC0415

    view = discord.Permissions(view_channel=True).value
    for each in (
        Overwrite(channel.guild.default_role.id, OverwriteType.ROLE, deny=view),
        *(Overwrite(role.id, OverwriteType.ROLE, allow=view) for role in roles),
        Overwrite(env.backend.bot_user.id, OverwriteType.MEMBER, allow=view),
    ):
        env.backend.set_overwrite(channel.id, each)


def set_clock(env: Any) -> None:
    """Set the simulated Discord's clock, which stands still, to the present."""
    clock = env.backend.clock
    now = dt.datetime.now(dt.UTC)
    clock._epoch = now - dt.timedelta(seconds=clock.elapsed)  # noqa: SLF001
