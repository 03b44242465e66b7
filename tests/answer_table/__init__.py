"""What a user finally sees: every command, button, menu and form, whatever the network does.

The real bot as a process of its own, against a simulated Discord whose requests fail as they are
told to; `tests.test_answers` says what has to come out.

python -m tests.answer_table [docs/answers.md]
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import discord

from tests.answer_table.acts import ACTS
from tests.answer_table.scene import BAD, Scene, Trouble
from tests.discord_server.bot_process import BotProcess, bot_process
from tests.discord_server.faults import Fault
from tests.discord_server.server import DiscordServer
from tests.discord_server.world import Place

CALLBACK: Final = "/interactions/{interaction_id}/{token}/callback"
TOKEN: Final = "/webhooks/{webhook_id}/{token}"
ORIGINAL: Final = "/webhooks/{webhook_id}/{token}/messages/@original"
BY_TOKEN: Final = "/webhooks/{webhook_id}/{token}/messages/{message_id}"

KINDS: Final = {
    "reset": (Fault.DROPPED_BEFORE, 1),
    "lost answer": (Fault.DROPPED_AFTER, 1),
    "500 twice": (Fault.SERVER_ERROR, 2),
    "429": (Fault.RATE_LIMITED, 1),
    "429 page": (Fault.PAGE, 1),
    "hang": (Fault.HANGS, 1),
}
FIRST: Final = {
    f"first: {name}": Trouble(fault=fault, times=times, routes=[("POST", CALLBACK)])
    for name, (fault, times) in KINDS.items()
}
LATER: Final = {
    f"later: {name}": Trouble(
        fault=fault,
        times=times,
        routes=[("PATCH", ORIGINAL), ("PATCH", BY_TOKEN), ("POST", TOKEN)],
    )
    for name, (fault, times) in {**KINDS, "413": (Fault.TOO_LARGE, 1)}.items()
}
DEAD: Final = {
    "Discord hangs": Trouble(fault=Fault.HANGS, times=None, routes=[("POST", CALLBACK)]),
}
TROUBLES: Final = {"none": None, **FIRST, **LATER, **DEAD}

INTRODUCTION: Final = """# What a user sees when the network fails

Every command, button, menu and form answers through one way out (`bot/answers.py`). A first answer
is repeated within the three seconds that Discord gives it; what follows edits it and is repeated
for as long as the interaction's token lives; behind that, what is for everyone goes to the
channel, and the rest to the user's direct messages.

The real bot answered so over real sockets (`python -m tests.answer_table`). *First* is the first
answer to an interaction, *later* is what follows it; *lost answer*: Discord carried the request
out, and the connection broke before it said so; *hang*: no answer comes at all. The last column is
a Discord that takes no first answer for longer than three seconds, and tells the user so itself.

✓: the one answer that there should be. *smaller*: with a smaller copy or without files, and it says
so. *direct message*: the one answer, written to the user. *not done*: the user was told by Discord
that nobody answered, and nothing was done. *image gone*: nothing is said, and what was to be
deleted is no longer there. An empty cell: no such request was made. Never
should there be: {bad}.
"""


@dataclass(kw_only=True)
class Table:
    """What came out: a cell by act and trouble."""

    cells: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def bad(self) -> dict[tuple[str, str], str]:
        return {key: cell for key, cell in self.cells.items() if any(b in cell for b in BAD)}

    def page(self) -> str:
        head = ["| | " + " | ".join(TROUBLES) + " |", "|---" * (len(TROUBLES) + 1) + "|"]
        acts = dict.fromkeys(act for act, _ in self.cells)
        rows = [
            f"| {act} | " + " | ".join(self.cells.get((act, each), "") for each in TROUBLES) + " |"
            for act in acts
        ]
        never = ", ".join(f"*{each}*" for each in BAD)
        return "\n".join([INTRODUCTION.format(bad=never), *head, *rows, ""])


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Set up a server with people, a bot, an image and a board."""
    async with DiscordServer().listening() as server:
        people, guild = server.people, server.people.guild()
        may_manage = discord.Permissions(manage_messages=True)
        place = Place(
            guild=guild,
            channel=guild.create_text_channel("pictures"),
            ada=people.member(guild, "ada"),
            ming=people.member(guild, "ming"),
            moderator=people.member(guild, "grace", permissions=may_manage),
        )
        bot = BotProcess(server=server, data_dir=folder / "data", answers_in_haste=True)
        async with bot_process(bot):
            found = Scene(server=server, place=place, bot=bot)
            await found.prepare()
            yield found


async def fill(
    found: Scene, acts: Iterable[str] = tuple(ACTS), troubles: Iterable[str] = tuple(TROUBLES)
) -> Table:
    """Do everything under every trouble."""
    table = Table()
    for act in acts:
        for name in troubles:
            table.cells[act, name] = await found.cell(ACTS[act], TROUBLES[name])
    return table
