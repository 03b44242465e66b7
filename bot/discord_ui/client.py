"""The Discord client: the service behind it, and the extensions that face the users."""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui.answers import Answer, AnswerTimes
from bot.discord_ui.arrivals import Arrivals
from bot.discord_ui.command_sync import CommandSync
from bot.discord_ui.command_tree import BotTranslator, ImageTree
from bot.domain.forms import Form
from bot.domain.jobs import Generation, Job
from bot.services import Reply, Service
from bot.settings import Settings

logger = logging.getLogger(__name__)

EXTENSIONS: Final = (
    "cogs.restart",
    "bot.discord_ui.places",
    "bot.discord_ui.actions",
    "bot.discord_ui.guilds",
    "bot.discord_ui.replies",
    "bot.discord_ui.items",
    "bot.discord_ui.forms",
    "bot.discord_ui.buttons",
    "bot.discord_ui.single_images",
    "cogs.imagine",
    "cogs.sources",
    "cogs.regions",
    "cogs.extensions",
    "cogs.upscaling",
    "cogs.gallery",
    "cogs.compare",
    "cogs.explore",
    "cogs.loras",
    "cogs.styles",
    "cogs.recipes",
    "cogs.lineage",
    "cogs.boards.group",
    "cogs.queue",
    "cogs.jobs",
    "cogs.stats",
    "cogs.privacy",
    "cogs.moderation",
    "cogs.reports",
    "cogs.settings.group",
    "cogs.quota",
    "cogs.help",
)


ImageAction = Callable[[discord.Interaction, list[Generation]], Awaitable[None]]


class ImageBot(commands.Bot):
    """The bot as Discord knows it.

    Attributes:
        service: The one path a job takes.
        now: The current UTC time; a simulated Discord brings its own.
        redraw_interval_s: How long the message of a board stays as it is, at least: Discord allows
            about 5 edits in 5 s a channel, and jobs want some, too. A simulated one has no limits.
        reply_for: Makes the reply of a job that an earlier run of the bot left unfinished.
        check_use: Refuses an action that the rules do not let somebody do where they ask.
        post_again: Posts earlier images to a channel, with live buttons.
        answer_times: How long an answer is tried.
        arrivals: The interactions that came lately.
        fetch_within_s: How long a file that was handed in may take to come from Discord.
        form_handlers: What is done with forms that are sent, by their kind.
        image_actions: What is done with the images of a message, by the word in a `custom_id`.
        form_actions: Which action of `bot.domain.rules` that is, where rules can refuse it.
        resume_answers: Takes up the deferred answers that an earlier run of the bot left.
        stop_answers: Interrupts those that still take long, and says so.

    """

    tree: ImageTree
    reply_for: Callable[[Job], Reply]
    check_use: Callable[[discord.Interaction, str | None], Awaitable[None]]
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
        self.form_actions: dict[str, str] = {}
        self.image_actions: dict[str, ImageAction] = {}
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
        sync = CommandSync(
            self.tree, self.settings.data_dir / "commands.json", self.service.model_rules.profile
        )
        if not await sync.register():
            self._syncing = asyncio.create_task(sync.register_later(), name="sync commands")

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
        """Close the connection; what is pending waits for the next start."""
        under_way = [each for each in (self._syncing, self._resuming) if each is not None]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await super().close()

    async def on_message(self, message: discord.Message, /) -> None:
        """Ignore messages: there are no text commands."""

    async def on_ready(self) -> None:
        """Take up the jobs and answers an earlier run left unfinished, once."""
        logger.info("Ready as %s in %d guilds", self.user, len(self.guilds))
        if self._resuming is None:
            self._resuming = asyncio.current_task()
            await self.resume_answers()
            await self.service.system.resume(self.reply_for)


async def _no_answers() -> None:
    """Do nothing: no extension is loaded yet."""
