"""What an operator decides about a restoration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class RestoreOptions:
    """How to restore.

    Attributes:
        copy: The copy to begin with; None for the newest good one.
        guild_id: Whose pictures without a record are to be; None: nobody sees them in Discord.
        user_id: Who is to count as having asked for them.
        is_dry: Whether only to tell what would be done.

    """

    copy: Path | None = None
    guild_id: int | None = None
    user_id: int | None = None
    is_dry: bool = False
