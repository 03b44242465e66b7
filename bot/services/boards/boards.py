"""All that can be asked of boards, in one place."""

from __future__ import annotations

from bot.services.boards.additions import Additions
from bot.services.boards.cleanup import Cleanup
from bot.services.boards.curation import Curation
from bot.services.boards.discussion import Discussion
from bot.services.boards.lifecycle import Lifecycle
from bot.services.boards.stars import Starboard


class Boards(Lifecycle, Additions, Curation, Discussion, Starboard, Cleanup):
    """The mood boards of all guilds.

    Every change checks what its actor may do, is one transaction, is noted in the board's log and
    lets its revision grow. Another guild's boards are as if they did not exist.

    A picture hangs on a board as our own copy of its bytes, so it stays when the image or message
    that it was taken from is deleted. Whoever made it, whoever hung it up, curators and moderators
    can take it off; `take_off_everywhere` does so for somebody who deletes their image.
    """
