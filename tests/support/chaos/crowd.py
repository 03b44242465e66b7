"""People who use the bot at random, whether it is there or not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from simcord.backend.errors import BackendError, SetupError
from simcord.results import InteractionResult

from tests.support.discord_server.people import Seen
from tests.support.discord_server.server import DiscordServer

GUILDS, CHANNELS, MEMBERS = 2, 3, 8
SIZES = ("128x128", "128x144", "160x128")
QUALITIES = ("draft", "standard", "final")
# What a prompt may do to the stand-in engine, and how often among prompts.
# SEED is that of the second image, where there is one.
POISONS = (
    ("poison:raise", 0.01),
    ("poison:nan", 0.02),
    ("poison:nan@SEED", 0.03),
    ("poison:crash:1", 0.01),
)
LORAS = ("neon", "ink")  # of the bot
# What else an /imagine has: options, and words behind those of its own, and how often among twenty.
# Styles put no words in front: those tell the wishes apart.
EXTRAS: Sequence[tuple[Mapping[str, Any], str, int]] = (
    ({}, "", 10),
    ({"lora": "neon:0.8"}, "", 2),
    ({"lora": "ink", "lora_scale": 1.2, "style": "anime"}, "", 2),
    ({"style": "poster", "variety": 40}, "", 1),
    ({}, "{red, green}", 2),
    ({"lora": "ink:0.5, neon"}, "{red, green} {apple, cat}", 1),
    ({"prompts": ("list.txt", b"red\ngreen\nblue")}, "", 1),
    ({"prompts": ("long.txt", b"\n".join(b"%d" % i for i in range(11)))}, "", 1),
)
THREADS = 0.3  # of the places that people choose
BUTTONS = ("Same seed", "New seed", "Recipe", "Delete", "Cancel")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One /imagine: who asked where, and what became of the interaction."""

    number: int
    user_id: int
    channel_id: int
    asked: InteractionResult

    @property
    def words(self) -> str:
        """Return what its prompt begins with, which no other prompt does."""
        return f"wish {self.number} of"


class Crowd:
    """Guilds, channels, members, and what they feel like doing."""

    def __init__(self, server: DiscordServer, seed: int) -> None:
        self._server = server
        self._dice = random.Random(seed)
        self._guilds: list[Any] = []
        self._channels: dict[int, list[Any]] = {}
        self._members: dict[int, list[Any]] = {}
        self._threads: dict[int, Any] = {}  # by the channel they belong to
        self.wishes: list[Wish] = []
        self.shows: list[InteractionResult] = []
        self.other_asked: list[InteractionResult] = []
        self.deleted: set[int] = set()  # messages under which Delete was pressed
        self.num_undone = 0  # presses of Bring back
        self._deletions: list[tuple[Any, InteractionResult]] = []  # and what came of it
        for number in range(GUILDS):
            self._settle(f"town{number}")

    def _settle(self, name: str) -> None:
        people = self._server.people
        guild = people.guild(name)
        mods = discord.Permissions(manage_messages=True)
        self._guilds.append(guild)
        self._channels[guild.id] = []
        self._members[guild.id] = [
            people.member(guild, f"{name}-{i}", permissions=mods if i == 0 else None)
            for i in range(MEMBERS)
        ]

    def some_channel(self) -> Any:
        """Return a channel that people use."""
        return self._channel(self._dice.choice(self._guilds))

    async def act(self, seconds: float, *, every_s: float) -> None:
        """Do things for a while."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0:
            await self._do_something()
            await asyncio.sleep(min(left, self._dice.expovariate(1 / every_s)))

    async def _do_something(self) -> None:
        guild = self._dice.choice(self._guilds)
        channel, who = self._channel(guild), self._dice.choice(self._members[guild.id])
        kind = self._dice.choices(
            ("imagine", "press", "board", "delete", "undo", "show", "queue", "cancel", "history"),
            weights=(20, 10, 6, 6, 4, 4, 2, 2, 2),
        )[0]
        try:
            if kind == "imagine":
                await self._imagine(who, channel)
            elif kind == "press":
                await self._press(who, channel)
            elif kind == "delete":
                await self._delete(channel)
            elif kind == "undo":
                await self._undo()
            elif kind == "show":
                await self._show(who, channel)
            elif kind == "board":
                await self._use_board(who, channel)
            else:
                asked = await self._server.people.slash(who, channel, kind)
                self.other_asked.append(asked)
        except (BackendError, SetupError):
            return  # what they saw is gone, or the bot has no commands yet

    def _channel(self, guild: Any) -> Any:
        """Return one of the guild's channels; one that was deleted is made anew."""
        channels = self._channels[guild.id]
        channels[:] = [each for each in channels if each.id in self._server.backend.channels]
        while len(channels) < CHANNELS:
            channels.append(guild.create_text_channel(f"pictures-{self._dice.randrange(10**6)}"))
        channel = self._dice.choice(channels)
        return self._thread(channel) if self._dice.random() < THREADS else channel

    def _thread(self, channel: Any) -> Any:
        """Return an open thread of a channel: an archived one is opened, a locked one is left."""
        backend = self._server.backend
        thread = self._threads.get(channel.id)
        found = None if thread is None else backend.channels.get(thread.id)
        if found is None or found.thread_metadata.locked:
            owner = self._members[channel.guild.id][0]
            thread = self._threads[channel.id] = self._server.people.thread(channel, "t", owner)
        elif found.thread_metadata.archived:
            backend.edit_channel(thread.id, {}, thread_metadata={"archived": False})
        return thread

    async def _imagine(self, who: Any, channel: Any) -> None:
        number = len(self.wishes) + 1
        words = [f"wish {number} of {who.id}"]
        seed = self._dice.randrange(2**32 - 4)
        words += [
            poison.replace("SEED", str(seed + 1))
            for poison, share in POISONS
            if self._dice.random() < share
        ]
        [(options, behind, _)] = self._dice.choices(EXTRAS, [each[-1] for each in EXTRAS])
        is_single = not behind and "prompts" not in options
        asked = await self._server.people.slash(
            who,
            channel,
            "imagine",
            prompt=" ".join([*words, behind]),
            size=self._dice.choice(SIZES),
            quality=self._dice.choice(QUALITIES),
            seed=seed,
            count=self._dice.choice((1, 1, 2, 4)) if is_single else 1,
            **options,
        )
        self.wishes.append(Wish(number=number, user_id=who.id, channel_id=channel.id, asked=asked))

    async def _show(self, who: Any, channel: Any) -> None:
        """Have an image posted again, wherever it was seen."""
        seen = [
            each
            for place in self._channels[channel.guild.id]
            if place.id in self._server.backend.channels
            for message in self._server.people.with_images(place)
            for each in message.images
        ]
        if seen:
            asked = await self._server.people.slash(
                who, channel, "show", id=self._dice.choice(seen)
            )
            self.shows.append(asked)

    async def _delete(self, channel: Any) -> None:
        """Delete the images of a message, as a moderator: most others would be refused."""
        seen = self._server.people.with_images(channel)
        if seen:
            moderator = self._members[channel.guild.id][0]
            message = self._dice.choice(seen)
            self.deleted.add(message.id)
            pressed = await self._server.people.press(moderator, message, "Delete")
            self.other_asked.append(pressed)
            self._deletions.append((moderator, pressed))

    async def _undo(self) -> None:
        """Bring back what was deleted, as the answer offers."""
        if not self._deletions:
            return
        moderator, pressed = self._dice.choice(self._deletions)
        if answers := self._server.people.followups(pressed):
            asked = await self._server.people.press(moderator, answers[-1], "Bring back")
            self.other_asked.append(asked)
            self.num_undone += 1

    async def _use_board(self, who: Any, channel: Any) -> None:
        """Make a board, hang an image on one, or get one as files."""
        name = f"board {self._dice.randrange(3)}"
        options: dict[str, Any] = {"board": name}
        what = self._dice.choices(("create", "add", "export", "show"), weights=(1, 3, 4, 1))[0]
        if what == "create":
            options = {"name": name}
        elif what == "export":
            options["form"] = self._dice.choice(("zip", "html", "pdf", "png"))
        elif what == "add":
            shown = self._server.people.with_images(channel)
            if not shown:
                return
            options["id"] = self._dice.choice(shown).images[0]
        asked = await self._server.people.slash(who, channel, f"board {what}", **options)
        self.other_asked.append(asked)

    async def _press(self, who: Any, channel: Any) -> None:
        messages = self._server.people.messages(channel, viewer=who)[-8:]
        if not messages:
            return
        message: Seen = self._dice.choice(messages)
        label = self._dice.choices(BUTTONS, weights=(4, 4, 1, 1, 2))[0]
        if label == "Delete":
            self.deleted.add(message.id)
        self.other_asked.append(await self._server.people.press(who, message, label))
