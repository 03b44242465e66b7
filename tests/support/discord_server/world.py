"""What simcord's people and places need around them where the bot is in another process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simcord.results import ResponseMessage

from tests.support.discord_env import ids_of, texts_of
from tests.support.discord_server.backend import WireBackend


class World:
    """What simcord's handles want of their environment, without a bot in this process."""

    bot = None
    strict_sync = True
    _message_states: Sequence[object] = ()

    def __init__(self, backend: WireBackend) -> None:
        self.backend = backend

    def _begin_operation(self, label: str) -> None:
        """Let any number of people act at once."""

    def _end_operation(self) -> None:
        """The same."""

    def _mark_mutation(self) -> None:
        """There is no page to be told."""

    def _notify_dispatch_observers(self, interaction: object) -> None:
        """There are none."""

    async def _settle_internal(self, *, dispatch: str) -> None:
        """Do not wait: the bot is elsewhere; whoever wants its answer asks for it."""


class Seen(ResponseMessage):
    """A message as it stands now, in the form the helpers of `tests.support.discord_env` read."""

    @property
    def attachments(self) -> list[dict[str, Any]]:
        return list(self._message.attachments)

    @property
    def author_id(self) -> int:
        return self._message.author_id

    @property
    def is_edited(self) -> bool:
        return self._message.edited_timestamp is not None

    @property
    def text(self) -> str:
        return texts_of(self)

    @property
    def images(self) -> list[str]:
        return ids_of(self)


@dataclass(kw_only=True)
class Place:
    """A guild with a channel, somebody in it, and somebody who may do more."""

    guild: Any
    channel: Any
    ada: Any
    ming: Any
    moderator: Any
