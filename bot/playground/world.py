"""The simulated Discord: its server, people, languages and clock, and the bot's way to it."""

# ruff: noqa: ANN401 - simcord is not typed

from __future__ import annotations

import contextlib
import contextvars
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord.webhook.async_ import async_context

# People of the simulated server: name, shown name, language, whether a moderator.
PEOPLE: Final = (
    ("ada", "Ada", "en-US", False),
    ("xiaoming", "小明", "zh-CN", False),
    ("grace", "Grace (moderator)", "en-US", True),
)
CHANNELS: Final = ("pictures", "general")
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
    """Create the server, its channels and its people, with the same ids at every start."""
    env.backend.bot_user.name = BOT_NAME
    guild = env.create_guild("Playground")
    channels = {name: guild.create_text_channel(name) for name in CHANNELS}
    moderator = guild.create_role(
        "Moderators", permissions=discord.Permissions(manage_messages=True)
    )
    members, locales = [], {}
    for name, shown, locale, is_moderator in PEOPLE:
        user = env.create_user(name, global_name=shown)
        members.append(guild.add_member(user, roles=[moderator] if is_moderator else []))
        locales[user.id] = locale
    return World(guild=guild, channel=channels[channel], members=tuple(members), locales=locales)


def set_clock(env: Any) -> None:
    """Set the simulated Discord's clock, which stands still, to the present."""
    clock = env.backend.clock
    now = dt.datetime.now(dt.UTC)
    clock._epoch = now - dt.timedelta(seconds=clock.elapsed)  # noqa: SLF001
