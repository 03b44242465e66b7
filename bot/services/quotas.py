"""How much members may still have drawn, and what moderators let them draw on top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.domain.jobs import now
from bot.domain.rules import Account, Scene
from bot.domain.rules.quota import IMAGE
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.services.policy import Policy
from bot.storage import Store

MAX_GRANT: Final = 10_000  # images at once


@dataclass(frozen=True, kw_only=True)
class QuotaState:
    """What somebody has had drawn and may, somewhere, at this moment.

    Attributes:
        server: What all members together may.
        pause_s: Seconds between two jobs of one member there; 0 where there is no slow mode.

    """

    member: Account
    server: Account
    pause_s: int


class Quotas:
    """What members have had drawn under the limits of their server."""

    def __init__(self, store: Store, policy: Policy) -> None:
        self._store = store
        self._policy = policy

    async def state(self, scene: Scene, *, viewer: Viewer) -> QuotaState:
        """Return what somebody has had drawn, and may; outside of servers nothing is counted.

        Raises:
            BotError: They ask for somebody else and are no moderator of that server.

        """
        is_own = scene.user_id == viewer.user_id and scene.guild_id == viewer.guild_id
        if not is_own and scene.guild_id != _moderated(viewer):
            raise BotError("These quotas are another server's: ask there.")
        if scene.guild_id is None:
            nothing = Account(limits=(), charges=())
            return QuotaState(member=nothing, server=nothing, pause_s=0)
        at, charges, policy = now(), self._store.charges, self._policy
        limits, totals = policy.limits(scene), policy.server_limits(scene)
        return QuotaState(
            member=await charges.member(scene.guild_id, scene.user_id, limits, at),
            server=await charges.server(scene.guild_id, totals, at),
            pause_s=policy.pause_s(scene),
        )

    async def grant(self, user_id: int, images: int, *, viewer: Viewer) -> None:
        """Let a member have more images drawn, in every window that has this moment in it.

        Raises:
            BotError: The viewer is no moderator of the server, or the number cannot be meant.

        """
        guild_id = _moderated(viewer)
        if not 1 <= images <= MAX_GRANT:
            raise BotError(f"{images} images cannot be granted: use 1 to {MAX_GRANT:,}.")
        await self._store.charges.grant(guild_id, user_id, images * IMAGE, by=viewer.user_id)


def _moderated(viewer: Viewer) -> int:
    if viewer.guild_id is None or not viewer.may_ban:
        raise BotError(
            "Only moderators of this server can do that: it takes *Manage Messages* in the whole "
            "server."
        )
    return viewer.guild_id
