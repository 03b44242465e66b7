"""The same bot in a local browser page with Discord's look, without an account or a network.

A simulated Discord (simcord) stands where the real one would: the bot, its queue, its database and
its engine are the real ones. The page listens on 127.0.0.1 only. The simulated server, its channel
and its people have the same ids at every start, so the database of the last visit fits; their
messages live in memory, so the last images are posted again with live buttons.
"""

from bot.playground.run import open_playground, run_playground
from bot.playground.world import CHANNELS, PEOPLE, languages, webhook_calls_to

__all__ = [
    "CHANNELS",
    "PEOPLE",
    "languages",
    "open_playground",
    "run_playground",
    "webhook_calls_to",
]
