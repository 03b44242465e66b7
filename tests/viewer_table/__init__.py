"""Who sees and may do what: every command, suggestion, button and menu, asked by everybody.

The real bot in a simulated Discord; `tests.wire.test_viewers` says what has to come out.

python -m tests.viewer_table [docs/visibility.md]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.discord_ui.components import cancel_row
from bot.settings import Settings
from tests.support.discord_env import SMALL, DiscordEnv, SteeredEngine, open_env
from tests.support.discord_server.stand_in import StandInEngine
from tests.viewer_table.askers import Asker, askers, post, prepare
from tests.viewer_table.rows import (
    IMAGE_ROWS,
    JOB_ROWS,
    MODERATION,
    NO_COMMAND,
    SERVER_ONLY,
    waiting,
)

INTRODUCTION: Final = """# Who sees what

An image is for who may view the channel or thread it was made in; where that is gone, for its
requester and for moderators; in direct messages, and with a bot that somebody brought along, for
its user. What may not be seen does not exist: the answer is that of an unknown id.

In a channel nothing is posted that not everyone there may see: such an image is shown in private
(`/show`), and drawn again only where it came from. Age-restricted channels do not exist for
others, and what comes from a spoiler channel is hidden elsewhere until it is clicked.

Who manages messages in one channel moderates what was made in it; who manages messages in the
whole server moderates everything that they may see.

A [style](styles.md) of a server is for everyone in it, wherever it was made; boards that use one
are named only to who may see them.

The real bot answered so (`python -m tests.viewer_table`). In each column one person asks for an
image that somebody made in the channel that is named, unless it says otherwise. *private*: only
they see the answer; *public*: everyone there does; *hidden*: until it is clicked. *is not there*:
the answer is that of an id that never was. *not theirs*: only its requester and moderators may.
*not here*: not everyone in this channel may see it. *not read*: there is no log channel. The last
rows are about a job that waits.
"""


@dataclass(kw_only=True)
class Table:
    """What came out: a cell by row and column."""

    columns: list[str]
    cells: dict[tuple[str, str], str]

    def markdown(self) -> str:
        head = ["| | " + " | ".join(self.columns) + " |", "|---" * (len(self.columns) + 1) + "|"]
        rows = [
            f"| {row} | " + " | ".join(self.cells[row, each] for each in self.columns) + " |"
            for row in (*IMAGE_ROWS, *JOB_ROWS)
        ]
        return "\n".join([*head, *rows])

    def page(self) -> str:
        return f"{INTRODUCTION}\n{self.markdown()}\n"


async def fill(env: DiscordEnv) -> Table:
    """Ask everything of everybody."""
    cells: dict[tuple[str, str], str] = {}
    async with askers(env) as everybody:
        for number, asker in enumerate(everybody):
            await prepare(env, asker, number)
        for asker in everybody:
            if asker.leaves:
                env.simcord.backend.remove_member(env.guild.id, asker.maker.id)
        gone = next(each.made_in for each in everybody if each.made_in.name == "gone")
        await env.bot.get_channel(gone.id).delete()
        for asker in everybody:
            for name, row in IMAGE_ROWS.items():
                is_away = name in SERVER_ONLY and not asker.is_member
                cells[name, asker.name] = NO_COMMAND if is_away else await row(env, asker)
        await _fill_jobs(env, everybody, cells)
        return Table(columns=[each.name for each in everybody], cells=cells)


async def _fill_jobs(
    env: DiscordEnv, everybody: list[Asker], cells: dict[tuple[str, str], str]
) -> None:
    """Ask everything of a job that waits, anew for each of them."""
    env.engine.hold()
    await env.imagine_unwaited(env.ming, "something else")
    await env.held()
    for number, asker in enumerate(everybody):
        if asker.leaves or asker.made_in.name == "gone":
            for name in JOB_ROWS:
                cells[name, asker.name] = NO_COMMAND
            continue
        asker.prompt = f"a waiting tree{number}"
        await asker.maker.slash(asker.made_in, "imagine", prompt=asker.prompt, size=SMALL)
        [asker.image] = waiting(env, asker.prompt)
        await post(env, asker, cancel_row(asker.image, "en-US"))
        for name, row in JOB_ROWS.items():
            is_away = name in MODERATION and not asker.is_member
            cells[name, asker.name] = NO_COMMAND if is_away else await row(env, asker)
        for job_id in waiting(env, asker.prompt):
            await env.ada.slash(env.channel, "cancel", job=job_id)
    env.engine.release()
    await env.idle()


async def build(folder: Path, model: Path) -> Table:
    """Return the table, from a bot of its own."""
    settings = Settings(data_dir=folder / "data", model=str(model), device="cpu")
    engine = SteeredEngine(StandInEngine(seconds_per_forward=0.0, notes=folder))
    async with open_env(settings, engine) as env:
        return await fill(env)
