"""A whole bot in a simulated Discord: real discord.py, service, SQLite and engine.

A `DiscordEnv` is one server with a channel, two members, a moderator, and the bot. Its engine can
be held at a step (`engine.hold()`), so that tests see a job waiting, running and finished without
sleeping.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import discord
import simcord
from simcord.backend.ops.commands import COMMAND_FIELDS
from simcord.results import InteractionResult, ResponseMessage

from bot.discord_ui.client import ImageBot
from bot.domain.drawing import Drawing, DrawTask, Step
from bot.domain.jobs import now
from bot.domain.requests import ImageRequest, Size
from bot.domain.viewers import Viewer
from bot.engine import Engine
from bot.engine.picture_check import PictureClassifier
from bot.engine.protocol import OnStep
from bot.errors import BotError
from bot.playground import languages, webhook_calls_to
from bot.services import Service, open_service
from bot.services.deletions import KEPT_FOR
from bot.settings import Settings
from tests.support.channel_kinds import channel_kinds_told, mark_channel
from tests.support.databases import lay_database
from tests.support.demo_files import let_demo_files_be_known
from tests.support.menus import let_menus_be_pressed

let_menus_be_pressed()
let_demo_files_be_known()

SMALL = "128x128"  # the smallest picture: an engine test's worth of pixels, in milliseconds
PATIENCE_S = 60.0  # how long a test waits for what must come; only a failure takes so long


class SteeredEngine:
    """The real engine, which can be held between steps or made to fail; it outlives its users."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open = threading.Event()
        self._open.set()
        self.at_step = threading.Event()  # set when a held drawing has reached a step
        self.hold_after: int | None = None  # hold once so many images are drawn
        self.failure: Exception | None = None
        self.failures: dict[int, Exception] = {}  # by the seed they come with
        self.fails_once = False
        self.drawn: list[ImageRequest] = []
        self.tasks: list[DrawTask] = []

    def hold(self) -> None:
        """Let drawings stop at their next step until `release`."""
        self.at_step.clear()
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def load(self) -> None:
        self._engine.load()

    def warm(self, size: Size, *, cancel: threading.Event) -> bool:
        return self._engine.warm(size, cancel=cancel)

    def draw(
        self,
        task: DrawTask,
        *,
        on_step: OnStep | None = None,
        cancel: threading.Event | None = None,
    ) -> Drawing:
        request = task.request
        if self.failure is not None:
            raise self.failure
        if request.seed in self.failures:
            raise self._failure_of(request.seed)

        def steered(step: Step) -> None:
            if on_step is not None:
                on_step(step)
            if not self._open.is_set():
                self.at_step.set()
            while not self._open.wait(0.01):
                if cancel is not None and cancel.is_set():
                    return

        drawing = self._engine.draw(task, on_step=steered, cancel=cancel)
        self.drawn.append(request)
        self.tasks.append(task)
        if self.hold_after == len(self.drawn):
            self.hold()
        return drawing

    def _failure_of(self, seed: int) -> Exception:
        return self.failures.pop(seed) if self.fails_once else self.failures[seed]

    def close(self) -> None:
        """Stay: the next service draws with the same weights, and what is held stays held."""


@dataclass(kw_only=True)
class DiscordEnv:
    """One simulated server with the bot in it."""

    simcord: Any
    bot: ImageBot
    service: Service
    engine: SteeredEngine
    classifier: Callable[[], Any] = PictureClassifier
    settings: Settings
    guild: Any
    channel: Any
    ada: Any
    ming: Any
    moderator: Any
    locales: dict[int, str] = field(default_factory=dict)
    limits: dict[int, int] = field(default_factory=dict)
    expected_errors: list[type[Exception]] = field(default_factory=list)
    closing: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def crash(self) -> None:
        """End the service as a killed process would, with Discord still there."""
        await crash(self.service)
        await self.closing.aclose()

    async def start_again(self) -> None:
        """Start service and bot anew on the same data, as a new process would."""
        await self.crash()
        opening = open_service(self.settings, lambda: self.engine, classifier=self.classifier)
        self.service = await self.closing.enter_async_context(opening)
        self.bot = ImageBot(self.settings, self.service)
        self.bot.now = self.simcord.now
        self.bot.redraw_interval_s = 0.0
        await self.simcord.restart_bot(self.bot)

    async def imagine(self, who: Any = None, prompt: str = "a red apple", **options: Any) -> Any:
        """Run /imagine to its end and return the message."""
        options.setdefault("size", SMALL)
        options = {name: value for name, value in options.items() if value is not None}
        result = await (who or self.ada).slash(self.channel, "imagine", prompt=prompt, **options)
        await self.idle()
        return result.response

    async def imagine_unwaited(self, who: Any, prompt: str) -> InteractionResult:
        """Run /imagine and return as soon as it is acknowledged."""
        return await who.slash(self.channel, "imagine", prompt=prompt, size=SMALL)

    async def idle(self) -> None:
        """Wait until no job waits, runs or is being posted."""
        async with asyncio.timeout(PATIENCE_S):
            await self.service.idle()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so that only a change of a message brings about."""
        changed = asyncio.Event()

        def note(_event: str, _payload: object) -> None:
            changed.set()

        self.simcord.backend.subscribers.append(note)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_so():
                    changed.clear()
                    await changed.wait()
        finally:
            self.simcord.backend.subscribers.remove(note)

    async def held(self) -> None:
        """Wait until the held engine has reached a step."""
        assert await asyncio.to_thread(self.engine.at_step.wait, PATIENCE_S)

    async def kept(self, count: int) -> list[Path]:
        """Wait until so many images of unfinished jobs are written down; return their files."""
        folder = self.settings.data_dir / "unfinished"
        async with asyncio.timeout(PATIENCE_S):
            while len(found := sorted(folder.glob("*.png"))) < count:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0)
        return found

    async def mark(self, channel: Any, **kind: bool) -> None:
        """Make a channel age-restricted (`nsfw`) or a spoiler channel (`is_spoiler`)."""
        mark_channel(self.simcord.backend, channel.id, **kind)
        await self.simcord.settle()

    def viewer(self, who: Any = None) -> Viewer:
        """Return somebody, by default nobody in particular, who may view all of this server."""
        return Viewer(
            user_id=0 if who is None else who.id,
            guild_id=self.guild.id,
            channels=frozenset(self.simcord.backend.channels),
        )

    def images(self) -> list[ResponseMessage]:
        """Return the messages in the channel that show images, oldest first."""
        return [message for message in self.channel.history() if ids_of(message)]


@contextlib.asynccontextmanager
async def open_env(
    settings: Settings,
    engine: Any,
    *,
    drain: bool = True,
    classifier: Callable[[], Any] = PictureClassifier,
) -> AsyncIterator[DiscordEnv]:
    """Build the server and start the bot in it, as `python -m bot` would."""
    await lay_database(settings.data_dir)
    async with contextlib.AsyncExitStack() as closing:
        opening = open_service(settings, lambda: engine, classifier=classifier)
        service = await closing.enter_async_context(opening)
        bot = ImageBot(settings, service)
        sim = simcord.Env(bot, check_errors=False, settle_timeout=PATIENCE_S)
        bot.now = sim.now
        bot.redraw_interval_s = 0.0
        with webhook_calls_to(sim), channel_kinds_told():
            with commands_registered(sim, settings):
                await sim.start()
            env = _settle_in(sim, bot, service, engine, settings)
            env.closing, env.classifier = closing, classifier
            try:
                with languages(env.locales, env.limits):
                    yield env
                engine.release()
                if drain:
                    await env.idle()
            finally:
                engine.release()
                if not drain:
                    await env.service.stop()
                await sim.shutdown()
        expected = (BotError, *env.expected_errors)
        unexpected = [e for e in sim.errors if not isinstance(_cause(e), expected)]
        assert not unexpected, unexpected


_REGISTERED: dict[str, Any] = {}  # of this process: what registering gave


@contextlib.contextmanager
def commands_registered(sim: Any, settings: Settings) -> Iterator[None]:
    """Let a bot find its commands registered, as every start but its first does.

    Translating and registering them is two thirds of what it takes to open an environment. The
    first one of a process does it for real; the files of a folder that has some stay as they are.
    """
    record = settings.data_dir / "commands.json"
    application = str(sim.backend.application_id)
    if _REGISTERED and not record.exists():
        sim.backend.register_commands(None, _REGISTERED["commands"])
        record.write_text(json.dumps({application: _REGISTERED["digest"]}), encoding="utf-8")
    yield
    if not _REGISTERED:
        commands = sim.backend.commands[None].values()
        _REGISTERED["commands"] = [
            {key: each[key] for key in COMMAND_FIELDS if key in each} for each in commands
        ]
        _REGISTERED["digest"] = json.loads(record.read_text(encoding="utf-8"))[application]


def _settle_in(
    sim: Any, bot: ImageBot, service: Service, engine: SteeredEngine, settings: Settings
) -> DiscordEnv:
    guild = sim.create_guild("Town")
    role = guild.create_role("mods", permissions=discord.Permissions(manage_messages=True))
    return DiscordEnv(
        simcord=sim,
        bot=bot,
        service=service,
        engine=engine,
        settings=settings,
        guild=guild,
        channel=guild.create_text_channel("pictures"),
        ada=guild.add_member(sim.create_user("ada")),
        ming=guild.add_member(sim.create_user("ming")),
        moderator=guild.add_member(sim.create_user("grace"), roles=[role]),
    )


def _cause(error: BaseException) -> BaseException:
    return getattr(error, "original", error)


def texts_of(message: Any) -> str:
    """Return all the text of a message, whatever it is made of."""
    parts = [getattr(message, "content", "") or ""]
    parts += [each["content"] for each in walk(message) if each.get("type") == 10]
    return "\n".join(parts)


def labels_of(message: Any) -> list[str]:
    """Return the labels of a message's buttons, and of the lines of the menu under images."""
    labels = []
    for each in walk(message):
        if each.get("type") == 2:
            labels.append(each["label"])
        elif (each.get("custom_id") or "").startswith("zib:more:"):
            labels += [option["label"] for option in each["options"]]
    return labels


def ids_of(message: Any) -> list[str]:
    """Return the ids of the images a message shows."""
    for each in walk(message):
        if each.get("custom_id") == "zib:choose:one":
            return [option["value"] for option in each["options"]]
        match = re.fullmatch(r"zib:(?:same|more):([a-z0-9.]+)", each.get("custom_id") or "")
        if match is not None:
            return match[1].split(".")
    return []


def gallery_of(message: Any) -> list[dict[str, Any]]:
    """Return the items of a message's media gallery."""
    return [item for each in walk(message) if each.get("type") == 12 for item in each["items"]]


def walk(message: Any) -> Iterator[dict[str, Any]]:
    """Return every component of a message as its JSON."""
    found = message.components
    raw = [each if isinstance(each, dict) else each.to_dict() for each in found]
    while raw:
        component = raw.pop(0)
        yield component
        raw = [*component.get("components", []), *raw]
        if isinstance(component.get("accessory"), dict):
            raw.append(component["accessory"])


def answer_of(result: InteractionResult) -> Any:
    """Return the last message an interaction was answered with."""
    return result.followups[-1] if result.followups else result.response


def private_sentence(result: InteractionResult) -> str:
    """Return the one private sentence an interaction was answered with."""
    answer = answer_of(result)
    assert answer is not None, "the interaction was not answered"
    assert answer.ephemeral, "the answer can be seen by everyone"
    return texts_of(answer).strip()


async def crash(service: Service) -> None:
    """Leave a service as a killed process would: nothing is finished, said or closed in order.

    Only what the operating system would do is done: its files and its lock are let go.
    """
    await service._active_jobs.end_tasks()
    for task in asyncio.all_tasks():
        if task.get_name() == "progress edit":  # it would come 2 s later, over the images
            task.cancel()
    service._work.cancel()
    await asyncio.gather(service._work, return_exceptions=True)
    service._is_stopping = True  # its `stop` has nothing left to do
    service._active_jobs._active_jobs.clear()


async def empty_trash(service: Service) -> None:
    """Let a day pass for what was deleted: nobody can bring it back any more."""
    for removal in await service._deletions.expire(at=now() + KEPT_FOR):
        assert await service._deletions.wait(removal, within_s=PATIENCE_S)
