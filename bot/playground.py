"""The same bot in a local browser page with Discord's look, without an account or a network.

A simulated Discord (simcord) stands where the real one would: the bot, its queue, its database and
its engine are the real ones. The page listens on 127.0.0.1 only. The simulated server, its channel
and its people have the same ids at every start, so the database of the last visit fits; their
messages live in memory, so the last images are posted again with live buttons.
"""

# ruff: noqa: ANN401 - simcord is not typed

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import datetime as dt
import logging
import webbrowser
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord.webhook.async_ import async_context

from bot.discord_ui.client import ImageBot
from bot.discord_ui.connection import raise_if_lost, stop_signals
from bot.domain.jobs import Generation
from bot.domain.viewers import Viewer
from bot.engine import Engine
from bot.environment.installation import install_line
from bot.environment.streams import tell
from bot.errors import SettingsError
from bot.locales import text
from bot.services import open_service
from bot.settings import Settings

logger = logging.getLogger(__name__)

IMAGES_BROUGHT_BACK: Final = 6  # the last images of the visit before, posted again at the start
SETTLE_S: Final = 20.0  # how long the page may wait for one answer of the bot
CHANGE_TO_PAGE_S: Final = 0.15  # changes that come within this time reach the page together

# People of the simulated server: name, shown name, language, whether a moderator.
PEOPLE: Final = (
    ("ada", "Ada", "en-US", False),
    ("xiaoming", "小明", "zh-CN", False),
    ("grace", "Grace (moderator)", "en-US", True),
)
CHANNELS: Final = ("pictures", "general")
BOT_NAME: Final = "Z-Image"


@dataclass(frozen=True, kw_only=True)
class World:
    """The simulated server, with the channel that the page shows."""

    guild: Any
    channel: Any
    members: tuple[Any, ...]
    locales: Mapping[int, str]


async def run_playground(
    settings: Settings,
    engine_factory: Callable[[], Engine],
    *,
    port: int = 0,
    channel: str = CHANNELS[0],
    open_browser: bool = True,
    announce: Callable[[str], None] = tell,
) -> None:
    """Serve the page until its session is ended or the process is told to stop.

    Raises:
        LoadFailedError: The model cannot be loaded, also if that shows when the page is up.
        EngineLostError: The engine broke for good.

    Args:
        settings: The playground keeps its own data, in `playground` under `settings.data_dir`.
        engine_factory: Makes the engine that draws.
        port: Of the page; 0 takes a free one.
        channel: Which of `CHANNELS` the page shows; it shows one at a time.
        open_browser: Whether to open the page where there is a browser.
        announce: Receives the page's address and how to begin.

    """
    # The simulated Discord makes discord.py warn of what only a real connection would lack.
    logging.getLogger("discord").setLevel(logging.ERROR)
    own = settings.model_copy(update={"data_dir": settings.data_dir / "playground"})

    async def serve() -> None:
        async with open_playground(own, engine_factory, port=port, channel=channel) as page:
            announce(f"The playground: {page.url}\nType /imagine there. Ctrl-C ends it.")
            if open_browser:
                await asyncio.to_thread(webbrowser.open, page.url)
            service = page.env.bot.service
            ends = [asyncio.ensure_future(end) for end in (page.wait_closed(), service.lost.wait())]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()
        raise_if_lost(service)

    with stop_signals() as stop:  # also while the page is being opened
        serving = asyncio.create_task(serve(), name="playground")
        stopped = asyncio.create_task(stop.wait(), name="stop signal")
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not serving.done():
            logger.info("Stopping: what is being loaded or drawn is waited for")
            serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


@contextlib.asynccontextmanager
async def open_playground(
    settings: Settings,
    engine_factory: Callable[[], Engine],
    *,
    port: int,
    channel: str = CHANNELS[0],
) -> AsyncIterator[Any]:
    """Start service, simulated Discord, bot and page, in this order, and stop them backwards."""
    simcord = _simcord()
    async with contextlib.AsyncExitStack() as stack:
        service = await stack.enter_async_context(open_service(settings, engine_factory))
        # The simulated Discord forgets the commands at every stop.
        (settings.data_dir / "commands.json").unlink(missing_ok=True)
        bot = ImageBot(settings, service)
        env = simcord.Env(bot, check_errors=False, settle_timeout=SETTLE_S)
        stack.enter_context(webhook_calls_to(env))
        world = build_world(env, channel)
        stack.enter_context(languages(world.locales))
        set_clock(env)
        bot.now = lambda: dt.datetime.now(dt.UTC)
        bot.redraw_interval_s = 0.0
        await env.start()
        stack.push_async_callback(env.shutdown)
        await bring_back(bot, world)
        view = env.preview(
            world.channel,
            viewers=world.members,
            layout="channel",
            width=1180,
            height=820,
            port=port,
        )
        page = await _enter_page(stack, view, port)
        await stack.enter_async_context(kept_current(env, page))
        yield page


def _simcord() -> Any:
    """Import the simulated Discord, which only the playground needs."""
    try:
        import simcord  # noqa: PLC0415 - an optional extra
        import simcord.preview  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            f"The playground's page is not installed: run `{install_line('simcord')}`."
        ) from error
    return simcord


async def _enter_page(stack: contextlib.AsyncExitStack, view: Any, port: int) -> Any:
    from simcord.backend.errors import SetupError  # noqa: PLC0415 - see _simcord

    try:
        return await stack.enter_async_context(view)
    except SetupError as error:
        if "bind" not in str(error):
            raise
        raise SettingsError(
            f"The port {port} is in use: choose another, or 0 for a free one."
        ) from error


@contextlib.contextmanager
def webhook_calls_to(env: Any) -> Iterator[None]:
    """Lead the answers to interactions to the simulated Discord, from whatever task they come.

    discord.py finds their sender in a context variable; the service's tasks began elsewhere and
    see its default, so the default itself is led there.
    """
    from simcord.http.client import FakeWebhookAdapter  # noqa: PLC0415 - see _simcord

    adapter: Any = contextvars.Context().run(async_context.get)
    adapter.request = FakeWebhookAdapter(env.backend).request
    try:
        yield
    finally:
        del adapter.request


@contextlib.contextmanager
def languages(
    locales: Mapping[int, str], limits: Mapping[int, int] | None = None
) -> Iterator[None]:
    """Let people speak their language and have their upload limit, by their ids.

    The simulated Discord alone says en-US and 25 MiB for everyone.
    """
    from simcord import interactions  # noqa: PLC0415 - see _simcord

    plain = interactions.base_payload

    def with_locale(backend: Any, **values: Any) -> tuple[Any, dict[str, Any]]:
        record, payload = plain(backend, **values)
        payload["locale"] = locales.get(values["user_id"], payload["locale"])
        limit = (limits or {}).get(values["user_id"], payload["attachment_size_limit"])
        payload["attachment_size_limit"] = limit
        return record, payload

    interactions.base_payload = with_locale
    try:
        yield
    finally:
        interactions.base_payload = plain


def build_world(env: Any, channel: str) -> World:
    """Create the server, its channels and its people, with the same ids at every start."""
    env.backend.bot_user.name = BOT_NAME
    guild = env.create_guild("Playground")
    channels = {name: guild.create_text_channel(name) for name in CHANNELS}
    moderator = guild.create_role(
        "Moderators", permissions=discord.Permissions(manage_messages=True)
    )
    members, locales = [], {}
    for name, shown, locale, is_moderator in PEOPLE:
        user = env.create_user(name, global_name=shown)
        members.append(guild.add_member(user, roles=[moderator] if is_moderator else []))
        locales[user.id] = locale
    return World(guild=guild, channel=channels[channel], members=tuple(members), locales=locales)


def set_clock(env: Any) -> None:
    """Set the simulated Discord's clock, which stands still, to the present."""
    clock = env.backend.clock
    now = dt.datetime.now(dt.UTC)
    clock._epoch = now - dt.timedelta(seconds=clock.elapsed)  # noqa: SLF001


async def bring_back(bot: ImageBot, world: World) -> None:
    """Post the last images of the visit before, or say how to begin."""
    found = await bot.service.history(
        viewer=Viewer(user_id=0, guild_id=world.guild.id, channels=frozenset({world.channel.id})),
        page=0,
        page_size=IMAGES_BROUGHT_BACK,
    )
    channel = bot.get_channel(world.channel.id)
    assert isinstance(channel, discord.TextChannel)
    by_job: dict[str, list[Generation]] = {}
    for generation in found.generations:
        by_job.setdefault(generation.job_id, []).insert(0, generation)
    for generations in reversed(by_job.values()):
        await bot.post_again(channel, generations)
    if not by_job:
        await channel.send(text("playground_welcome", "en-US"))


@contextlib.asynccontextmanager
async def kept_current(env: Any, page: Any) -> AsyncIterator[None]:
    """Show on the page what changes by itself: progress, finished images.

    The page accepts a press only for the state it showed last, and one thing at a time; both would
    refuse a press during a progress edit, so presses wait here and are brought up to date.
    """
    changed, turn = asyncio.Event(), asyncio.Lock()
    plain_action = page._action  # noqa: SLF001

    async def action(context_id: str | None, body: Any) -> Any:
        async with turn:
            set_clock(env)
            revision = page._get_page(context_id).revision  # noqa: SLF001
            if "published_revision" in body:
                body = {**body, "published_revision": revision}
            return await plain_action(context_id, body)

    def note(event: str, payload: object) -> None:  # noqa: ARG001 - the form of a subscriber
        if event.startswith("MESSAGE_"):
            changed.set()

    page._action = action  # noqa: SLF001
    env.backend.subscribers.append(note)
    task = asyncio.create_task(_refresh_forever(env, page, changed, turn), name="playground page")
    try:
        yield
    finally:
        env.backend.subscribers.remove(note)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _refresh_forever(env: Any, page: Any, changed: asyncio.Event, turn: asyncio.Lock) -> None:
    while True:
        await changed.wait()
        await asyncio.sleep(CHANGE_TO_PAGE_S)
        async with turn:
            changed.clear()
            set_clock(env)
            try:
                await page.refresh()
            except TimeoutError:
                logger.warning("The page could not be renewed", exc_info=True)
