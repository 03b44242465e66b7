"""All that can be asked of boards, in one place."""

from __future__ import annotations

from bot.service.boards.adding import Adding
from bot.service.boards.curating import Curating
from bot.service.boards.keeping import Keeping
from bot.service.boards.starring import Starring
from bot.service.boards.talking import Talking
from bot.service.boards.tidying import Tidying


class Boards(Keeping, Adding, Curating, Talking, Starring, Tidying):
    """The mood boards of all guilds.

    Every change checks what its actor may do, is one transaction, is noted in the board's log and
    lets its revision grow. Another guild's boards are as if they did not exist.

    A picture hangs on a board as our own copy of its bytes, so it stays when the image or message
    that it was taken from is deleted. Whoever made it, whoever hung it up, curators and moderators
    can take it off; `take_off_everywhere` does so for somebody who deletes their image.
    """
