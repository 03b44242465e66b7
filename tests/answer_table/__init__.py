"""What a user finally sees: every command, button, menu and form, whatever goes wrong.

The real bot as a process of its own, against a simulated Discord whose requests fail as they are
told to; `tests.wire.test_answers` says what has to come out.

python -m tests.answer_table [docs/answers.md [ACT…]]

All of it takes a quarter of an hour on two cores, most of it waiting; a test has samples.
"""

from __future__ import annotations

import asyncio
import logging
import re
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.answer_table.inventory import understood
from tests.answer_table.rows import ACTS
from tests.answer_table.scene import Scene, scene
from tests.answer_table.trial import outcome
from tests.answer_table.troubles import TROUBLES
from tests.answer_table.verdict import BAD, NOT_TRIED

__all__ = ["ACTS", "TROUBLES", "Scene", "Table", "fill", "missing", "scene"]
logger = logging.getLogger(__name__)

INTRODUCTION: Final = """# What a user sees when the network fails, or the bot is killed

Every command, button, menu and form answers through one way out (`bot/discord_ui/answers/`). A
first answer is repeated within the three seconds that Discord gives it; what follows edits it and
is repeated for as long as the interaction's token lives; behind that, what is for everyone goes to
the channel, and the rest to the user's direct messages.

The real bot answered so over real sockets (`python -m tests.answer_table`). *First* is the first
answer to an interaction, *later* is what follows it. *lost answer*: Discord carried the request
out, and the connection broke before it said so; *hang*: no answer comes at all; *Discord hangs*:
it takes no first answer for longer than three seconds, and tells the user so itself; *killed
before*, *killed after*: the bot is killed (SIGKILL) while the request is under way, which Discord
does not carry out, or does, and then it is started again.

✓: the one answer that there should be. *smaller*: with a smaller copy or without files, and it says
so. *direct message*: the one answer, written to the user. *not done*: the user was told by Discord
that nobody answered, and nothing was done. *image gone*: nothing is said, and what was to be
deleted is no longer there. *told to look*: the one answer is that the bot was interrupted, and to
look whether it is done before it is asked for again. An empty cell: no such request was made.

*said twice*: one private sentence that nothing was done, a second time. It is a message of its own,
beside the one that was pressed; Discord tells nobody whether such a one arrived, and to say nothing
would be worse.

Never should there be: {bad}.
"""


@dataclass(kw_only=True)
class Table:
    """What came out: a cell by act and trouble."""

    cells: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Table:
        """Return the table of a page; an empty one where that has other columns."""
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [re.split(r" ?\| ?", each)[1:-1] for each in lines if each.startswith("|")]
        if not rows or rows[0][1:] != list(TROUBLES):
            return cls()
        named = {row[0]: zip(TROUBLES, row[1:], strict=True) for row in rows[2:]}
        return cls(cells={(act, name): c for act, row in named.items() for name, c in row})

    @property
    def bad(self) -> dict[tuple[str, str], str]:
        return {key: cell for key, cell in self.cells.items() if cell in BAD}

    def page(self) -> str:
        head = ["| | " + " | ".join(TROUBLES) + " |", "|---" * (len(TROUBLES) + 1) + "|"]
        done = {act for act, _ in self.cells}
        rows = [
            f"| {act} | " + " | ".join(self.cells.get((act, each), "") for each in TROUBLES) + " |"
            for act in ACTS
            if act in done
        ]
        never = ", ".join(f"*{each}*" for each in BAD)
        return "\n".join([INTRODUCTION.format(bad=never), *head, *rows, ""])


def missing(found: Scene) -> set[str]:
    """Return what a bot understands that has no row, and the rows of what it does not."""
    return understood(found.server, found.bot) ^ {act.of for act in ACTS.values()}


async def fill(
    found: Scene, table: Table, act: str, troubles: Iterable[str] = tuple(TROUBLES)
) -> None:
    """Do one thing under every trouble; a cell that has not come out says so."""
    undisturbed = None
    table.cells |= {(act, name): NOT_TRIED for name in troubles}
    for name in troubles:
        seen = await outcome(found, ACTS[act], TROUBLES[name])
        if seen is not None and TROUBLES[name] is None:
            undisturbed = seen.done
        table.cells[act, name] = "" if seen is None else seen.word(undisturbed)


async def fill_all(
    table: Table, acts: Iterable[str], *, scenes: int, after: Callable[[str], None]
) -> None:
    """Do everything; so many scenes share the rows, for most of the time is waiting."""
    left = deque(acts)

    async def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with scene(Path(folder)) as found:
                assert not missing(found), missing(found)
                while left:
                    act = left.popleft()
                    try:
                        await fill(found, table, act)
                    except Exception:
                        logger.exception("%s could not be done", act)
                    after(act)

    async with asyncio.TaskGroup() as group:
        for _ in range(scenes):
            group.create_task(work())
