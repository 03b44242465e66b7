"""Starting and stopping the playground."""

# ruff: noqa: ANN401 - simcord is not typed

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import webbrowser
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import discord

from bot.discord_ui.client import ImageBot
from bot.discord_ui.connection import raise_if_lost, stop_signals
from bot.domain.jobs import Generation
from bot.domain.rules import Entry
from bot.domain.scenes import Layer
from bot.domain.viewers import Viewer
from bot.engine import Engine
from bot.environment.installation import install_line
from bot.environment.streams import tell
from bot.errors import SettingsError
from bot.locales import text
from bot.playground.live_page import kept_current
from bot.playground.world import (
    BOT_NAME,
    CHANNELS,
    World,
    build_world,
    languages,
    set_clock,
    webhook_calls_to,
)
from bot.services import open_service
from bot.settings import Settings

logger = logging.getLogger(__name__)

IMAGES_BROUGHT_BACK: Final = 6  # the last images of the visit before, posted again at the start
SETTLE_S: Final = 20.0  # how long the page may wait for one answer of the bot


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
    own = settings.model_copy(
        update={
            "data_dir": settings.data_dir / "playground",
            "lora_dir": settings.lora_folder,  # people have one for all
        }
    )

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
        await let_moderators_read(bot, world)
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


async def let_moderators_read(bot: ImageBot, world: World) -> None:
    """Make the channel that the page shows the log channel, unless another one was chosen.

    A server would take one of its own: where everyone reads it, words and names are left out.
    """
    rules = bot.service.rules
    if rules.of_server("log_channel", world.guild.id) is None:
        owner = Viewer(user_id=0, user_name=BOT_NAME, guild_id=world.guild.id, is_manager=True)
        here = Entry(layer=Layer.SERVER, name="log_channel", value=str(world.channel.id))
        await rules.change([here], viewer=owner)
    await bot.service.system.audit.show_again()  # the messages of the visit before are forgotten


async def bring_back(bot: ImageBot, world: World) -> None:
    """Post the last images of the visit before, or say how to begin."""
    found = await bot.service.images.history(
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
