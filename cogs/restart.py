"""What a restart interrupts, from the bot's side: see `bot.discord_ui.deferrals`.

A module of its own, because discord.py executes the modules that it loads a second time.
"""

from __future__ import annotations

from bot.discord_ui.client import ImageBot
from bot.discord_ui.deferrals import Deferrals


async def setup(bot: ImageBot) -> None:
    """Look after the bot's deferred answers."""
    deferrals = Deferrals(bot)
    await bot.add_cog(deferrals)
    bot.resume_answers, bot.stop_answers = deferrals.resume, deferrals.stop
