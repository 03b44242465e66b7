"""What a restart interrupts, from the bot's side: see `cogs.deferrals`.

A module of its own, because discord.py executes the modules that it loads a second time.
"""

from __future__ import annotations

from bot.client import ImageBot
from cogs.deferrals import Deferrals


async def setup(bot: ImageBot) -> None:
    """Look after the bot's deferred answers."""
    deferrals = Deferrals(bot)
    await bot.add_cog(deferrals)
    bot.resume_answers, bot.stop_answers = deferrals.resume, deferrals.stop
