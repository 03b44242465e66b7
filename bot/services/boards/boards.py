"""All that can be asked of boards, in one place."""

from __future__ import annotations

from bot.services.boards.additions import Adding
from bot.services.boards.cleanup import Tidying
from bot.services.boards.curation import Curating
from bot.services.boards.discussion import Talking
from bot.services.boards.lifecycle import Keeping
from bot.services.boards.stars import Starring


class Boards(Keeping, Adding, Curating, Talking, Starring, Tidying):
    """The mood boards of all guilds.

    Every change checks what its actor may do, is one transaction, is noted in the board's log and
    lets its revision grow. Another guild's boards are as if they did not exist.

    A picture hangs on a board as our own copy of its bytes, so it stays when the image or message
    that it was taken from is deleted. Whoever made it, whoever hung it up, curators and moderators
    can take it off; `take_off_everywhere` does so for somebody who deletes their image.
    """
