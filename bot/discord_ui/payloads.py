"""Interactions as Discord sent them: kept while they are handled, and handled once more.

discord.py has no public entrance for either; what is used of its inside is all here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import discord

from bot.discord_ui.client import ImageBot
from bot.discord_ui.discord_errors import is_gone
from bot.domain.deferrals import Deferral

_PAYLOAD: ContextVar[Mapping[str, Any]] = ContextVar("payload of the interaction")


def keep_payloads(bot: ImageBot) -> None:
    """Put the payload of every interaction into the context of the tasks that handle it."""
    parsers: Any = bot._connection.parsers  # noqa: SLF001
    parse = parsers["INTERACTION_CREATE"]

    def kept(payload: Mapping[str, Any]) -> None:
        token = _PAYLOAD.set(payload)
        try:
            parse(payload)
        finally:
            _PAYLOAD.reset(token)

    parsers["INTERACTION_CREATE"] = kept


def current_payload() -> Mapping[str, Any]:
    """Return the payload of the interaction that this task handles."""
    return _PAYLOAD.get()


async def with_roles_of_now(bot: ImageBot, deferral: Deferral) -> Deferral | None:
    """Return a deferral with its user's roles as they are now; None where they left the server.

    Raises:
        discord.HTTPException: Discord does not tell now.

    """
    payload = deferral.payload
    if "member" not in payload or "0" not in payload.get("authorizing_integration_owners", {}):
        return deferral  # no server that the bot belongs to
    user_id = int(payload["member"]["user"]["id"])
    try:
        member = await bot.http.get_member(int(payload["guild_id"]), user_id)
    except discord.HTTPException as error:
        if not is_gone(error):
            raise
        return None
    return replace(deferral, payload={**payload, "member": {**payload["member"], **member}})


def is_understood(bot: ImageBot, custom_id: str) -> bool:
    """Tell whether a button or select of the bot has this `custom_id`."""
    store: Any = bot._connection._view_store  # noqa: SLF001
    return any(template.fullmatch(custom_id) for template in store._dynamic_items)  # noqa: SLF001


def interaction_of(bot: ImageBot, deferral: Deferral) -> discord.Interaction[ImageBot]:
    """Return an interaction as it was when its answer was deferred."""
    payload: Any = deferral.payload
    state: Any = bot._connection  # noqa: SLF001
    interaction: discord.Interaction[ImageBot] = discord.Interaction(data=payload, state=state)
    kinds = discord.InteractionResponseType
    kind = kinds.deferred_channel_message if deferral.is_thinking else kinds.deferred_message_update
    interaction.response._response_type = kind  # noqa: SLF001 - it "is done"
    return interaction


def handled(
    bot: ImageBot, deferral: Deferral, interaction: discord.Interaction[ImageBot]
) -> set[asyncio.Task[Any]]:
    """Handle an interaction as discord.py handles a new one, and return the tasks of that."""
    token = _PAYLOAD.set(deferral.payload)
    before = asyncio.all_tasks()
    try:
        if interaction.type is discord.InteractionType.application_command:
            bot.tree._from_interaction(interaction)  # noqa: SLF001
        elif interaction.type is discord.InteractionType.component:
            pressed: Any = interaction.data
            bot._connection._view_store.dispatch_view(  # noqa: SLF001
                pressed["component_type"], pressed["custom_id"], interaction
            )
        else:
            bot.dispatch("interaction", interaction)
    finally:
        _PAYLOAD.reset(token)
    return asyncio.all_tasks() - before
