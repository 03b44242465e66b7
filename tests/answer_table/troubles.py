"""What fails: the columns of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tests.support.discord_server.faults import Fault


class Part(Enum):
    """Which requests of an interaction fail: patterns of their paths, by method."""

    FIRST = (("POST", "/interactions/*/{token}/callback"),)
    LATER = (
        ("PATCH", "/webhooks/*/{token}/messages/*"),
        ("POST", "/webhooks/*/{token}"),
    )

    def of(self, token: str) -> Sequence[tuple[str, str]]:
        return [(method, path.format(token=token)) for method, path in self.value]


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What happens to the next requests of one interaction.

    Attributes:
        times: How many of them; None is all.
        kills: Whether the bot is killed while the first of them is under way, and started again.

    """

    part: Part
    fault: Fault
    times: int | None = 1
    kills: bool = False


_KINDS: Final = {
    "reset": (Fault.DROPPED_BEFORE, 1),
    "lost answer": (Fault.DROPPED_AFTER, 1),
    "500 twice": (Fault.SERVER_ERROR, 2),
    "429": (Fault.RATE_LIMITED, 1),
    "429 page": (Fault.PAGE, 1),
    "hang": (Fault.HANGS, 1),
}


def _columns(name: str, part: Part) -> dict[str, Trouble]:
    return {
        f"{name}: {kind}": Trouble(part=part, fault=fault, times=times)
        for kind, (fault, times) in _KINDS.items()
    }


def _kills(name: str, part: Part) -> dict[str, Trouble]:
    return {
        f"{name}: killed before": Trouble(part=part, fault=Fault.HANGS, kills=True),
        f"{name}: killed after": Trouble(part=part, fault=Fault.HANGS_AFTER, kills=True),
    }


TROUBLES: Final[dict[str, Trouble | None]] = {
    "none": None,
    **_columns("first", Part.FIRST),
    **_columns("later", Part.LATER),
    "later: 413": Trouble(part=Part.LATER, fault=Fault.TOO_LARGE),
    "Discord hangs": Trouble(part=Part.FIRST, fault=Fault.HANGS, times=None),
    **_kills("first", Part.FIRST),
    **_kills("later", Part.LATER),
}
