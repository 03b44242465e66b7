"""Registering the commands with Discord, where they changed: it takes 200 new ones a day."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
import discord
from discord import app_commands

from bot import locales
from bot.discord_ui.discord_errors import Refusal, in_one_line, refusal_of
from bot.discord_ui.request_options import fitted
from bot.domain.requests import ModelProfile

logger = logging.getLogger(__name__)

# Between tries to register commands that Discord could not take; the next start tries, too.
PAUSES_S: Final = (300.0, 900.0, 3600.0, 3600.0, 3600.0)


class CommandSync:
    """Keeps Discord's copy of the commands current."""

    def __init__(
        self, tree: app_commands.CommandTree[Any], path: Path, profile: ModelProfile
    ) -> None:
        self._tree = tree
        self._profile = profile  # of the model, which decides what some options take
        self._path = path  # of a small file: a hash of what each application registered last

    async def register(self) -> bool:
        """Register the commands if they changed; False where that failed and may work later.

        Those of the last start still work meanwhile.
        """
        try:
            await self._register_changed()
        except (discord.HTTPException, aiohttp.ClientError, TimeoutError) as error:
            logger.error("Discord could not register the commands (%s)", in_one_line(error))  # noqa: TRY400
            return refusal_of(error) is not Refusal.PASSING
        return True

    async def register_later(self, pauses_s: Sequence[float] = PAUSES_S) -> None:
        """Try again until Discord has taken the commands or refused them for good."""
        for pause_s in pauses_s:
            await asyncio.sleep(pause_s)
            if await self.register():
                return

    async def _register_changed(self) -> None:
        commands = [command.to_dict(self._tree) for command in self._tree.get_commands()]
        key = str(self._tree.client.application_id)
        # Quicker than to translate them.
        digest = _digest([fitted(commands, self._profile), locales.CHINESE_COMMANDS])
        if self._registered().get(key) != digest:
            await self._send()
            self._note(key, digest)
            logger.info("Registered %d commands", len(commands))

    async def _send(self) -> None:
        """Do what `CommandTree.sync` does, with options that fit the model."""
        tree, client, translator = self._tree, self._tree.client, self._tree.translator
        assert translator is not None
        assert client.application_id is not None
        payload = [
            await each.get_translated_payload(tree, translator) for each in tree.get_commands()
        ]
        await client.http.bulk_upsert_global_commands(
            client.application_id, payload=fitted(payload, self._profile)
        )

    def _registered(self) -> dict[str, str]:
        """Return the hashes by application id; a missing or damaged file is an empty one."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _note(self, application_id: str, digest: str) -> None:
        """Keep a hash; where that fails, the next start registers the same commands again."""
        known = json.dumps({**self._registered(), application_id: digest})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(known, encoding="utf-8")
        except OSError as error:
            logger.warning("%s cannot be written: %s", self._path, error.strerror or error)


def _digest(payload: object) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
