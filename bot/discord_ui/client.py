"""The Discord client: loads the extensions, syncs the commands, and answers every error."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import errno
import hashlib
import importlib
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
import discord
from discord import app_commands, ui
from discord.ext import commands

from bot import locales
from bot.discord_ui.answers import Answer, AnswerTimes
from bot.discord_ui.arrivals import Arrivals
from bot.discord_ui.content import sentence
from bot.discord_ui.discord_errors import Refusal, in_one_line, refusal_of
from bot.domain.forms import Form
from bot.domain.jobs import Generation, Job
from bot.domain.plain_text import in_code, plain_text
from bot.errors import BotError
from bot.services import Reply, Service, UnansweredError
from bot.settings import Settings

logger = logging.getLogger(__name__)

EXTENSIONS: Final = (
    "cogs.restart",
    "bot.discord_ui.places",
    "bot.discord_ui.replies",
    "bot.discord_ui.items",
    "bot.discord_ui.forms",
    "bot.discord_ui.buttons",
    "cogs.imagine",
    "cogs.gallery",
    "cogs.compare",
    "cogs.recipes",
    "cogs.lineage",
    "cogs.boards.group",
    "cogs.queue",
    "cogs.jobs",
    "cogs.help",
)

# Between tries to register commands that Discord could not take; the next start tries, too.
SYNC_PAUSES_S: Final = (300.0, 900.0, 3600.0, 3600.0, 3600.0)

_FULL: Final = {errno.ENOSPC, errno.EDQUOT}
_VALUE_SHOWN: Final = 100  # characters of a typed value in a sentence

# A key of an interaction's `extras`, set where not even an error could be told.
UNANSWERED: Final = "unanswered"


class RefusalError(BotError):
    """A refusal whose sentence exists in every language."""

    def __init__(self, key: str, **values: object) -> None:
        """Keep the key and the values for the reader's language; the message is English."""
        super().__init__(locales.text(key, "en-US", **values))
        self.key = key
        self.values = values

    def in_language(self, locale: str) -> str:
        """Return the sentence in the reader's language, with typed values cut and harmless."""
        shown = {
            name: in_code(value, _VALUE_SHOWN) if isinstance(value, str) else value
            for name, value in self.values.items()
        }
        return locales.text(self.key, locale, **shown)


def explain(error: BaseException, locale: str) -> str:
    """Return the one sentence a user is told about an error, and log it if it is a defect."""
    while isinstance(error, app_commands.CommandInvokeError):
        error = error.original
    if isinstance(error, RefusalError):
        return _unlinked(error.in_language(locale))
    if isinstance(error, BotError):
        return _unlinked(locales.sentence(error.message, locale))
    if isinstance(error, app_commands.AppCommandError):
        logger.warning("A command cannot be run as Discord sent it: %s", in_one_line(error))
        return locales.text("place_unknown" if _is_of_place(error) else "command_changed", locale)
    return _explain_other(error, locale)


def _is_of_place(error: app_commands.AppCommandError) -> bool:
    """Tell whether a command names a channel that the bot does not know."""
    kinds = app_commands.AppCommandChannel | app_commands.AppCommandThread
    return isinstance(error, app_commands.TransformerError) and isinstance(error.value, kinds)


def _explain_other(error: BaseException, locale: str) -> str:
    """Return the sentence about what Discord or the machine refuses, or about a defect."""
    if isinstance(error, discord.Forbidden):
        return locales.text("no_permission_here", locale)
    if isinstance(error, OSError) and error.errno in _FULL:
        logger.error("The disk is full: %s", error)
        return locales.text("disk_full", locale)
    refusal = refusal_of(error)
    if refusal is None:
        logger.error("Unexpected error in an interaction", exc_info=error)
        return locales.text("fixed_error", locale)
    logger.warning("Discord refused a request: %s", in_one_line(error))
    keys = {Refusal.PASSING: "discord_silent", Refusal.TOO_LARGE: "answer_too_large"}
    return locales.text(keys.get(refusal, "fixed_error"), locale)


def _unlinked(sentence: str) -> str:
    """Return a sentence in which nothing that people named becomes a link to elsewhere."""
    return sentence.replace("](", "]\u200b(")


async def answer_error(interaction: discord.Interaction, error: BaseException) -> None:
    """Tell the user, and only them, in one sentence what went wrong."""
    while isinstance(error, app_commands.CommandInvokeError):
        error = error.original
    if isinstance(error, UnansweredError):
        logger.info("Interaction %d is dropped: %s", interaction.id, error)
        return
    if interaction.client.is_closed():
        logger.info("Interaction %d came while the bot ended, and is dropped", interaction.id)
        return
    await answer_privately(interaction, explain(error, str(interaction.locale)))


async def answer_privately(
    interaction: discord.Interaction, words: str, *, view: ui.View | None = None
) -> None:
    """Say one sentence that only the user sees; a failure of that is only logged."""
    try:
        await Answer.to(interaction).tell(sentence(words, view=view))
    except Exception as error:
        is_known = isinstance(error, UnansweredError | discord.HTTPException)
        if not is_known and not interaction.client.is_closed():
            raise
        logger.warning("An error could not be told: %s", in_one_line(error))
        interaction.extras[UNANSWERED] = True  # if somebody still waits, Discord will tell


@contextlib.asynccontextmanager
async def errors_answered(interaction: discord.Interaction) -> AsyncIterator[None]:
    """Be the boundary of a button or a form: what is raised inside becomes a private sentence."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - one of the two boundaries of the design
        await answer_error(interaction, error)


def is_welcome(interaction: discord.Interaction[Any]) -> bool:
    """Return whether an interaction is new and in time; its seconds begin to count."""
    client: ImageBot = interaction.client
    Answer.to(interaction)
    client.note_handler(interaction)
    if interaction.response.is_done():  # promised by an earlier run, and taken up again
        return True
    return client.arrivals.admit(interaction, client.now(), time.monotonic())


class ImageTree(app_commands.CommandTree["ImageBot"]):
    """The slash commands and menus, with the boundary all their errors end at."""

    async def interaction_check(self, interaction: discord.Interaction[ImageBot], /) -> bool:
        """Clean what was typed; drop a command that came twice, or too late to be answered."""
        data: Any = interaction.data
        _clean(data.get("options", []))
        is_suggestion = interaction.type is discord.InteractionType.autocomplete
        return is_suggestion or is_welcome(interaction)

    async def on_error(
        self,
        interaction: discord.Interaction[ImageBot],
        error: app_commands.AppCommandError,
        /,
    ) -> None:
        """Answer with one private sentence."""
        await answer_error(interaction, error)


def _clean(node: Any) -> None:  # noqa: ANN401 - JSON
    """Take what is no text from the options of a command, also from those of its subcommand."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, str):
            node[key] = plain_text(value)
        elif isinstance(value, dict | list):
            _clean(value)


class BotTranslator(app_commands.Translator):
    """Give Discord the Chinese names and descriptions of the commands."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002 - part of the interface
    ) -> str | None:
        """Return the translation, or None where the English stands."""
        return locales.command_text(string.message, locale.value)


class ImageBot(commands.Bot):
    """One bot: the service behind it, and the extensions that face the users.

    Attributes:
        service: The one path a job takes.
        now: The current UTC time; a simulated Discord brings its own.
        redraw_interval_s: How long the message of a board stays as it is, at least: Discord allows
            about 5 edits in 5 s a channel, and jobs want some, too. A simulated one has no limits.
        reply_for: Makes the reply of a job that an earlier run of the bot left unfinished.
        post_again: Posts images of before into a channel, with live buttons.
        answer_times: How long an answer is tried.
        arrivals: The interactions that came lately.
        fetch_within_s: How long a file that was handed in may take to come from Discord.
        form_handlers: What is done with forms that are sent, by their kind.
        resume_answers: Takes up the deferred answers that an earlier run of the bot left.
        stop_answers: Interrupts those that still take long, and says so.

    """

    tree: ImageTree
    reply_for: Callable[[Job], Reply]
    post_again: Callable[[discord.abc.Messageable, Sequence[Generation]], Awaitable[None]]

    def __init__(self, settings: Settings, service: Service) -> None:
        """Build the client; nothing is connected yet."""
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it never speaks
        super().__init__(
            commands.when_mentioned,  # there are no text commands; this asks for no message content
            # None of them is privileged: no message's text is read. Deleted messages of boards are
            # posted again, and a star may hang a picture up.
            intents=discord.Intents(guilds=True, guild_messages=True, guild_reactions=True),
            max_messages=None,
            tree_cls=ImageTree,
            help_command=None,
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        self.settings = settings
        self.service = service
        self.now: Callable[[], dt.datetime] = discord.utils.utcnow
        self.redraw_interval_s = 1.5
        self.answer_times = AnswerTimes()
        self.arrivals = Arrivals()
        self.fetch_within_s = 30.0
        self.form_handlers: dict[str, Callable[[discord.Interaction, Form], Awaitable[None]]] = {}
        self.resume_answers: Callable[[], Awaitable[None]] = _no_answers
        self.stop_answers: Callable[[], Awaitable[None]] = _no_answers
        self._answering: dict[asyncio.Task[Any], discord.Interaction[Any]] = {}
        self._resuming: asyncio.Task[Any] | None = None
        self._syncing: asyncio.Task[None] | None = None

    async def setup_hook(self) -> None:
        """Load the extensions and tell Discord of changed commands."""
        await self.tree.set_translator(BotTranslator())
        for extension in EXTENSIONS:  # `load_extension` would run again what others imported
            await importlib.import_module(extension).setup(self)
        if not await self._sync_or_say():
            self._syncing = asyncio.create_task(self._sync_later(), name="sync commands")

    async def _sync_or_say(self) -> bool:
        """Register the commands; where Discord refuses, those of the last start still work.

        Returns:
            Whether there is nothing to try again.

        """
        try:
            await self.sync_commands()
        except (discord.HTTPException, aiohttp.ClientError, TimeoutError) as error:
            reason = " ".join(str(error).split())[:300]
            logger.error("Discord could not register the commands (%s)", reason)  # noqa: TRY400
            return not may_pass(error)
        return True

    async def _sync_later(self) -> None:
        for pause_s in SYNC_PAUSES_S:
            await asyncio.sleep(pause_s)
            if await self._sync_or_say():
                return

    def note_handler(self, interaction: discord.Interaction[Any]) -> None:
        """Remember that the current task handles an interaction."""
        task = asyncio.current_task()
        assert task is not None
        self._answering[task] = interaction
        task.add_done_callback(self._answering.pop)

    async def let_handlers_answer(self) -> None:
        """Wait for those that have not answered yet, for as long as Discord takes a first answer.

        Whoever has promised an answer is looked after by `stop_answers`.
        """
        handlers = [task for task, each in self._answering.items() if not Answer.to(each).is_begun]
        if handlers:
            await asyncio.wait(handlers, timeout=self.answer_times.first_s)

    async def close(self) -> None:
        """Close the connection; what waits to be registered or taken up is so at the next start."""
        under_way = [each for each in (self._syncing, self._resuming) if each is not None]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await super().close()

    async def on_message(self, message: discord.Message, /) -> None:
        """Ignore messages: there are no text commands."""

    async def sync_commands(self) -> bool:
        """Register the commands if they changed since this application last did; say whether."""
        commands = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        record = SyncRecord(self.settings.data_dir / "commands.json")
        key = str(self.application_id)
        digest = _digest([commands, locales.CHINESE_COMMANDS])  # quicker than to translate them
        if record.read().get(key) == digest:
            return False
        await self.tree.sync()
        record.write(key, digest)
        logger.info("Registered %d commands", len(commands))
        return True

    async def on_ready(self) -> None:
        """Take up the jobs and answers an earlier run left unfinished, once."""
        logger.info("Ready as %s in %d guilds", self.user, len(self.guilds))
        if self._resuming is None:
            self._resuming = asyncio.current_task()
            await self.resume_answers()
            await self.service.resume(self.reply_for)


async def _no_answers() -> None:
    """Do nothing: no extension is loaded yet."""


def may_pass(error: BaseException) -> bool:
    """Tell whether a request that failed may work later: Discord or the way to it was at fault."""
    if isinstance(error, discord.HTTPException):
        return error.status == 429 or error.status >= 500  # noqa: PLR2004 - HTTP's own numbers
    return True


def _digest(payload: object) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


class SyncRecord:
    """Which commands each application has registered last, as a small file."""

    def __init__(self, path: Path) -> None:
        """Remember where the file is."""
        self._path = path

    def read(self) -> dict[str, str]:
        """Return the hashes by application id; a missing or damaged file is an empty one."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, application_id: str, digest: str) -> None:
        """Keep a hash; where that fails, the next start registers the same commands again."""
        known = json.dumps({**self.read(), application_id: digest})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(known, encoding="utf-8")
        except OSError as error:
            logger.warning("%s cannot be written: %s", self._path, error.strerror or error)
