"""What is told in private behind the answer to a job that is drawn anyway.

What a prompt holds that works in other programs only is told to its author once; that a value has
no effect, each time it is given.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

import discord

from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.content import sentence
from bot.domain.prompt_syntax import syntax_in
from bot.errors import BotError
from bot.locales import text

logger = logging.getLogger(__name__)


async def give_hints(
    interaction: discord.Interaction,
    prompts: Iterable[str],
    *,
    notes: Sequence[str] = (),
    once: Mapping[str, str] | None = None,
) -> None:
    """Say what works here instead of what prompts hold, behind some notes.

    Args:
        interaction: Whose requester is told.
        prompts: What they wrote.
        notes: What they are told each time.
        once: What they are told once, by names of these hints.

    """
    found = dict.fromkeys(each for prompt in prompts for each in syntax_in(prompt))
    once = once or {}
    if not found and not notes and not once:
        return
    bot, locale = interaction.client, str(interaction.locale)
    assert isinstance(bot, ImageBot)
    try:
        claim, user_id = bot.service.hints.claim, interaction.user.id
        lines = [*notes, *(once[each] for each in await claim(user_id, once))]
        if new := await claim(user_id, found):
            low, high = bot.service.model_rules.profile.advised_guidance
            told = (text(f"hint_{each}", locale, low=low, high=high) for each in new)
            lines += [text("hint_title", locale), *told]
        if lines:
            await Answer.to(interaction).add(sentence("\n".join(lines)))
    except (BotError, discord.HTTPException) as error:  # the job is on its way, and more important
        logger.info("A hint could not be given: %s", error)
