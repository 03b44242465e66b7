"""The way to Discord: log in, stay connected, and say in one sentence why that fails."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import logging
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Final

import aiohttp
import discord
from discord.ext import commands

from bot.discord_ui.client import ImageBot
from bot.engine import Engine
from bot.environment.installation import command_line
from bot.errors import BotError, EngineLostError, SettingsError
from bot.services import Service, open_service
from bot.settings import Settings

logger = logging.getLogger(__name__)

HOW_TO_BEGIN: Final = (
    "There is no DISCORD_TOKEN: create an application at "
    "https://discord.com/developers/applications, copy the token from its Bot page, and put "
    "DISCORD_TOKEN=... into .env. "
    "To try the bot without an account, run `{playground}`."
)
_REFUSED_LOGIN: Final = (
    "Discord refuses the DISCORD_TOKEN: copy it again from the Bot page of your "
    "application at https://discord.com/developers/applications (Reset Token makes a new one)."
)

# Between logins while Discord blocks this address; the last one repeats. A block lasts up to an
# hour, and every request in it makes it longer: a supervisor's five seconds would never end it.
LOGIN_PAUSES_S: Final = (60.0, 120.0, 300.0, 600.0, 900.0)

# https://discord.com/developers/docs/topics/opcodes-and-status-codes: those that no new
# connection of the same process can help.
_CLOSED_FOR_GOOD: Final = {
    4004: _REFUSED_LOGIN,
    4010: "Discord refuses the shard that this bot connected as (code 4010): start it again.",
    4011: "The bot is in too many servers for one connection (code 4011): start it again, and it "
    "connects in as many shards as Discord asks for.",
    4012: "Discord no longer speaks this version of its gateway (code 4012): update discord.py.",
    4013: "Discord does not know the intents that this bot asks for (code 4013): update the bot.",
    4014: "Discord refuses an intent that this bot asks for (code 4014): none of them is "
    "privileged, so update the bot, or ask Discord's support why this application may not have "
    "them.",
}

_NETWORK: Final = (aiohttp.ClientError, OSError, TimeoutError)
_EXPECTED: Final = (
    *_NETWORK,
    discord.HTTPException,
    discord.ConnectionClosed,
    discord.GatewayNotFound,
)


class DiscordUnreachableError(BotError):
    """There is no way to Discord from here."""


class _AddressBlockedError(Exception):
    """Discord's outer wall answers 429 with a page: this address asked for too much.

    Attributes:
        wait_s: The least it asks to wait for; 0 where it names no time.

    """

    def __init__(self, wait_s: float) -> None:
        super().__init__("429")
        self.wait_s = wait_s


class ConnectedBot(ImageBot, commands.AutoShardedBot):
    """The bot in as many shards as Discord asks for: one, until it is in some 1,000 servers."""

    async def close(self) -> None:
        """End answers and jobs while Discord can be asked; its library closes by itself, too."""
        if self.is_ready() and not self.is_closed():
            await self.let_handlers_answer()
            await asyncio.gather(self.stop_answers(), self.service.stop())
            await self.let_handlers_answer()  # what came since is refused, in one sentence
        await super().close()


async def run_bot(
    settings: Settings,
    engine_factory: Callable[[], Engine],
    *,
    login_pauses_s: Sequence[float] = LOGIN_PAUSES_S,
) -> None:
    """Serve Discord until told to stop; then finish or keep what runs, and close in order.

    Raises:
        SettingsError: There is no token, or Discord refuses it.
        DiscordUnreachableError: There is no way to Discord from here.
        EngineLostError: The engine broke for good.
        BotError: The model or the database cannot be used; the sentence says why.

    """
    if settings.discord_token is None or not settings.discord_token.get_secret_value().strip():
        raise SettingsError(HOW_TO_BEGIN.format(playground=command_line("playground")))
    token = settings.discord_token.get_secret_value().strip()
    shorten_tracebacks()
    with stop_signals() as stop:
        async with open_service(settings, engine_factory) as service:
            pauses_s = itertools.chain(login_pauses_s, itertools.repeat(login_pauses_s[-1]))
            for pause_s in pauses_s:
                try:
                    await _serve_once(settings, service, token, stop)
                except _AddressBlockedError as blocked:
                    await _wait_out(max(pause_s, blocked.wait_s), stop)
                else:
                    return
                if stop.is_set():
                    return


async def _wait_out(pause_s: float, stop: asyncio.Event) -> None:
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=pause_s)
    logger.warning(
        "Discord blocks this machine's address for too many requests: the bot logs in again at "
        "%s. Leave it running, a restart only makes the block longer",
        until.strftime("%H:%M:%S UTC"),
    )
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), pause_s)


async def _serve_once(
    settings: Settings, service: Service, token: str, stop: asyncio.Event
) -> None:
    """Log in with a new client and serve until `stop` is set."""
    async with ConnectedBot(settings, service) as bot:
        if await _done_before(stop, _log_in(bot, token)):
            await _serve(bot, stop)


async def _done_before(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do some work, and drop it where `stop` is set before; return whether it was done."""
    working = asyncio.create_task(work, name="log in")
    stopped = asyncio.create_task(stop.wait(), name="stop signal")
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            return False
        await working
    finally:
        for task in (working, stopped):
            task.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)
    return True


async def _log_in(bot: ImageBot, token: str) -> None:
    try:
        await bot.login(token)
    except discord.LoginFailure as error:
        raise SettingsError(_REFUSED_LOGIN) from error
    except discord.HTTPException as error:
        raise _refused(error) from error
    except _NETWORK as error:
        raise DiscordUnreachableError(
            f"Discord cannot be reached ({type(error).__name__}): check this machine's network, "
            "proxy and firewall for https://discord.com."
        ) from error
    except (TypeError, KeyError, ValueError) as error:
        if bot.application is not None:  # Discord has answered, so it is a defect of ours
            raise
        raise DiscordUnreachableError(
            "What answers in Discord's place is not Discord, but perhaps a proxy or the login page "
            "of this network: open https://discord.com on this machine."
        ) from error


def _refused(error: discord.HTTPException) -> Exception:
    """Return what a refusal means for the start."""
    if error.status == 429:  # noqa: PLR2004 - too many requests; discord.py waits for those in JSON
        wait_s = error.response.headers.get("Retry-After", "")
        return _AddressBlockedError(float(wait_s) if wait_s.isdigit() else 0.0)
    return DiscordUnreachableError(
        f"Discord answers with error {error.status}: start the bot again in some minutes; "
        "https://discordstatus.com tells how Discord is."
    )


async def _serve(bot: ImageBot, stop: asyncio.Event) -> None:
    """Stay connected until `stop` is set, then let the jobs end while Discord still listens.

    Raises:
        SettingsError: Discord ends the connection for good.
        EngineError: See `raise_if_lost`.

    """
    connection = asyncio.create_task(bot.connect(reconnect=True), name="gateway")
    stopped = asyncio.create_task(stop.wait(), name="stop signal")
    lost = asyncio.create_task(bot.service.lost.wait(), name="engine lost")
    await asyncio.wait({connection, stopped, lost}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    lost.cancel()
    if connection.done():
        await _ended(connection)
    else:
        logger.info("Stopping: what runs is finished or kept for the next start")
        await bot.close()
        connection.cancel()  # it may still be on its way to its first connection
        await asyncio.gather(connection, return_exceptions=True)
    raise_if_lost(bot.service)


def raise_if_lost(service: Service) -> None:
    """End the process by an error where its engine cannot draw any more.

    Raises:
        LoadFailedError: The model could not even be loaded; the sentence says why.
        EngineLostError: The engine broke for good; everything is kept for the next start.

    """
    if service.load_failure is not None:
        raise service.load_failure
    if service.lost.is_set():
        raise EngineLostError(
            "The engine broke and could not be loaded again: nothing is lost, start the bot anew."
        )


async def _ended(connection: asyncio.Task[None]) -> None:
    """Explain why the connection ended without our doing."""
    try:
        await connection
    except discord.PrivilegedIntentsRequired as error:
        raise SettingsError(_CLOSED_FOR_GOOD[4014]) from error
    except discord.ConnectionClosed as error:
        sentence = _CLOSED_FOR_GOOD.get(
            error.code, f"Discord ended the connection (code {error.code}): start the bot again."
        )
        raise SettingsError(sentence) from error
    except discord.GatewayNotFound as error:  # the shards were asked for right after the login
        if isinstance(error.__cause__, discord.HTTPException):
            raise _refused(error.__cause__) from error
        raise DiscordUnreachableError("Discord names no gateway: start the bot again.") from error


class _BriefTraceback(logging.Filter):
    """Log a known failure of the network without its trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (*_EXPECTED, BotError)):
            record.msg = f"{record.getMessage()} ({type(error).__name__}: {error})"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


def shorten_tracebacks() -> None:
    """Keep discord.py from logging a trace for each try while the network is away."""
    parts = ("client", "shard", "gateway", "http", "app_commands.tree")  # the last: suggestions
    for part in parts:
        name = f"discord.{part}"
        library = logging.getLogger(name)
        if not any(isinstance(each, _BriefTraceback) for each in library.filters):
            library.addFilter(_BriefTraceback())


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """Give an event that SIGINT and SIGTERM set; the second signal acts as it does by default."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def note() -> None:
        stop.set()
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises instead
            loop.add_signal_handler(number, note)
    try:
        yield stop
    finally:
        for number in signals:
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
