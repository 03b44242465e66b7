"""A place where things are done: people, a bot, images and boards."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import discord

from bot.domain.rules import Entry
from bot.domain.scenes import Layer
from bot.storage import Store
from bot.storage.rules import Step
from tests.support.boards_env import picture
from tests.support.discord_env import SMALL
from tests.support.discord_server.bot_process import BotProcess, bot_process
from tests.support.discord_server.server import DiscordServer
from tests.support.discord_server.world import Place, Seen

PATIENCE_S: Final = 90.0
LOOK_S: Final = 0.1  # between looks at the database
UNDER_WAY: Final = (
    "SELECT count(*) FROM deferrals UNION ALL SELECT count(*) FROM deletions"
    " UNION ALL SELECT count(*) FROM audit"
    " WHERE is_done = 0 OR shown_as IS NOT COALESCE(decision, '')"
)
HELD: Final = "held_why IS NOT NULL AND approved_by IS NULL AND state = 'queued'"
JOBS: Final = (
    f"SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'made') AND NOT ({HELD})"
)


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was done, and where it was seen from.

    Attributes:
        asked: The interaction.
        pressed: The message that was pressed and shall change.
        goes: The message that shall go away.

    """

    asked: Any
    pressed: Seen | None = None
    goes: Seen | None = None


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that a person does.

    Attributes:
        of: What it is, as `tests.answer_table.inventory` names it.
        prepare: Sees to what it needs, and returns what does it.
        draws: Whether the answer is an image.
        reposts: Whether an image is posted beside the answer.

    """

    of: str
    prepare: Callable[[Scene], Awaitable[Callable[[], Awaitable[Done]]]]
    draws: bool = False
    reposts: bool = False


@dataclass(kw_only=True)
class Scene:
    """A server, a bot, somebody who does things, images and boards."""

    server: DiscordServer
    place: Place
    wall: Any  # a channel that is a board
    bot: BotProcess
    seeds: Any = field(default_factory=lambda: itertools.count(1))
    image: Any = None
    sheet: Any = None  # the message of a comparison
    pair: Any = None  # a message of two images, once it is needed
    sent: dict[str, Any] = field(default_factory=dict)  # the last interaction
    database: sqlite3.Connection | None = None

    def __post_init__(self) -> None:
        self._home = self.place

    @property
    def people(self) -> Any:
        return self.server.people

    # Setting up

    async def prepare(self) -> None:
        """Draw images, and hang some up."""
        self.server.backend.subscribers.append(self._note)
        for _ in range(6):
            self.image = await self.drawn()
        compared = {"prompt": "a red apple", "size": SMALL, "vary": "seeds", "values": "1,2"}
        self.sheet = await self.people.image(await self.slash("compare", **compared), count=2)
        for board in ("Spring", "Attic", "Heap"):
            await self.answer("board create", name=board)
        await self.answer("board create", name="Wall", channel=self.wall)
        for board in ("Spring", "Attic"):
            await self.answer("board add", id=self.image.images[0], board=board)
            await self.answer("board add", image=self.upload(), board=board)
        await self.answer("board comment", number=1, words="Good", board="Spring")

    def _note(self, event: str, payload: Any) -> None:
        if event == "INTERACTION_CREATE":
            self.sent = dict(payload)

    async def drawn(self, channel: Any = None, *, count: int = 1, **options: Any) -> Seen:
        """Return the message of new images of the moderator's."""
        options |= {"prompt": "a red apple", "size": SMALL, "count": count}
        options["seed"] = next(self.seeds)
        who, where = self.place.moderator, channel or self.place.channel
        found: Seen = await self.people.image(
            await self.people.slash(who, where, "imagine", **options), count=count
        )
        return found

    def upload(self) -> tuple[str, bytes]:
        """Return a picture that is on no board."""
        return "a.png", picture(next(self.seeds))

    async def slash(self, name: str, /, **options: Any) -> Any:
        return await self.people.slash(self.place.moderator, self.place.channel, name, **options)

    async def answer(self, name: str, /, **options: Any) -> Seen:
        """Run a command, and return its final answer."""
        return await self.answered(await self.slash(name, **options))

    async def answered(self, asked: Any) -> Seen:
        """Wait until an interaction has its final answer, and return the last message of it."""
        given = asked._interaction
        await self.server.changes.until(
            lambda: given.responded and not given.loading, what="an answer"
        )
        found: list[Seen] = self.people.followups(asked) or [self.people.response(asked)]
        return found[-1]

    async def posted(self, *custom_ids: str) -> Seen:
        """Let the bot post a message with buttons of these ids, as one of before might be."""
        row = [
            {"type": 2, "style": 2, "label": each[:20], "custom_id": each} for each in custom_ids
        ]
        backend = self.server.backend
        made = backend.create_message(
            self.place.channel.id,
            backend.bot_user.id,
            "A message",
            components=[{"type": 1, "components": row}],
        )
        return Seen(self.people.world, made)

    def now(self, message: Seen) -> Seen:
        """Return a message as it stands now."""
        stored = self.server.backend.get_message(message.channel_id, message.id)
        return Seen(self.people.world, stored)

    async def opened(self, asked: Any) -> Any:
        """Wait until an interaction has opened a form."""
        await self.server.changes.until(lambda: asked.modal is not None, what="a form")
        return asked

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the bot's database."""
        if self.database is None:
            self.database = sqlite3.connect(self.bot.data_dir / "bot.sqlite3")
        return self.database.execute(sql, values).fetchall()

    async def welcome_guest(self) -> None:
        """Let somebody new, who drew one image, do what comes: nobody else loses anything."""
        name = f"guest{next(self.seeds)}"
        guest = self.people.member(self.place.guild, name)
        self.place = replace(self.place, moderator=guest)
        await self.drawn()

    async def settled(self) -> None:
        """Let everything come to its end: nothing is paused, waits or is awaited."""
        self.place = self._home
        if self.rows("SELECT * FROM pauses"):
            await self.answer("jobs resume")
        async with asyncio.timeout(PATIENCE_S):
            while not self.is_at_rest():
                await self.server.changes.within(LOOK_S)

    def is_at_rest(self) -> bool:
        is_paused = bool(self.rows("SELECT * FROM pauses"))
        counts = self.rows(UNDER_WAY) + ([] if is_paused else self.rows(JOBS))
        return not any(count for (count,) in counts) and not self._is_erasing()

    def _is_erasing(self) -> bool:
        orders = (self.bot.data_dir / "records" / "erasures").glob("*.json")
        return any(json.loads(each.read_bytes())["done_at"] is None for each in orders)


async def set_rules(data: Path, guild_id: int, **values: str) -> None:
    """Set rules of a server before its bot starts."""
    entries = [Entry(layer=Layer.SERVER, name=name, value=each) for name, each in values.items()]
    steps = [Step(old=None, new=each) for each in entries]
    async with Store(data / "bot.sqlite3", images=data / "images") as store:
        await store.rules.change(guild_id, steps, by=1, name="owner")


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Set up a server with people, a bot, images and boards."""
    async with DiscordServer().listening() as server:
        people, guild = server.people, server.people.guild()
        may_manage = discord.Permissions(manage_messages=True, manage_guild=True)
        place = Place(
            guild=guild,
            channel=guild.create_text_channel("pictures"),
            ada=people.member(guild, "ada"),
            ming=people.member(guild, "ming"),
            moderator=people.member(guild, "grace", permissions=may_manage),
        )
        wall = guild.create_text_channel("wall")
        log = guild.create_text_channel("log")
        await set_rules(folder / "data", guild.id, words="ask", log_channel=str(log.id))
        bot = BotProcess(server=server, data_dir=folder / "data", answers_in_haste=True)
        async with bot_process(bot):
            found = Scene(server=server, place=place, wall=wall, bot=bot)
            await found.prepare()
            try:
                yield found
            finally:
                if found.database is not None:
                    found.database.close()
