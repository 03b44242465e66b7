"""All that can be asked of boards, in one place."""

from __future__ import annotations

import asyncio

from bot.services.boards.additions import Additions
from bot.services.boards.curation import Curation
from bot.services.boards.discussion import Discussion
from bot.services.boards.lifecycle import Lifecycle
from bot.services.boards.stars import Starboard
from bot.services.boards.updates import BoardContext


class Boards(Lifecycle, Additions, Curation, Discussion, Starboard):
    """The mood boards of all guilds, as far as a viewer may see them.

    Every change checks what its viewer may do, is one transaction, is noted in the board's log and
    lets its revision grow. Another guild's boards are as if they did not exist, and so are boards
    and pictures from channels that the viewer may not view. What the bot does on its own account
    is in `bot.services.boards.system`.

    A picture hangs on a board as our own copy of its bytes, so it stays when the image or message
    that it was taken from is deleted. Whoever made it, whoever hung it up, curators and moderators
    can take it off; `take_off_everywhere` does so for somebody who deletes their image.

    Attributes:
        pictures: The small copies that sheets are made of.
        exporting: Held while files are written: they take memory, and both cores.

    """

    def __init__(self, context: BoardContext) -> None:
        super().__init__(context)
        self.pictures = context.pictures
        self.exporting = asyncio.Lock()

    @property
    def space_bytes(self) -> int:
        """Return what the pictures of a guild may take."""
        return self._context.space_bytes
