"""The one way out for every answer: repeated where that is safe, else said elsewhere, never twice.

A first answer has three seconds, and Discord takes only one: repeating it can do no harm. What
follows edits that answer, which can be repeated for as long as the interaction's token lives (15
minutes). Behind it, the channel is left for what everyone may read, and the user's direct messages.
"""

from bot.discord_ui.answers.answer import Answer
from bot.discord_ui.answers.times import AnswerTimes

__all__ = ["Answer", "AnswerTimes"]
