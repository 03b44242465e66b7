"""Whose rule it is: the layers, from the innermost to the outermost, and who falls under them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Layer(StrEnum):
    """Where a rule is set; an inner one goes before an outer one."""

    MEMBER = "member"
    ROLE = "role"
    CHANNEL = "channel"
    KIND = "kind"
    SERVER = "server"
    OPERATOR = "operator"


class ChannelKind(StrEnum):
    """What kind of channel something is done in; the subjects of the layer `KIND`."""

    NORMAL = "normal"
    SPOILER = "spoiler"
    AGE_RESTRICTED = "age_restricted"


WHOLE: Final = ""  # the subject of the layers that have but one

Subject = tuple[Layer, str]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Who does something, and where.

    Attributes:
        guild_id: None where only the operator's rules hold: in direct messages, and where a bot
            is brought along by its user.
        role_ids: Theirs in the guild.
        places: The thread, if it is one, its channel, and its category: the innermost first.

    """

    guild_id: int | None
    user_id: int
    role_ids: frozenset[int] = frozenset()
    places: tuple[int, ...] = ()
    kind: ChannelKind = ChannelKind.NORMAL

    def subjects(self) -> Iterator[tuple[Subject, ...]]:
        """Yield what applies in a guild, layer by layer; subjects that come together are equals."""
        yield ((Layer.MEMBER, str(self.user_id)),)
        yield tuple((Layer.ROLE, str(each)) for each in sorted(self.role_ids))
        for each in self.places:
            yield ((Layer.CHANNEL, str(each)),)
        yield ((Layer.KIND, self.kind.value),)
        yield ((Layer.SERVER, WHOLE),)
