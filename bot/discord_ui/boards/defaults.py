"""What a channel gives to `/imagine` there: the words and the size of its board and its server."""

from __future__ import annotations

from bot.discord_ui.formatting import escaped
from bot.domain.jobs import Job
from bot.domain.requests import clean_prompt
from bot.domain.viewers import Viewer
from bot.locales import text
from bot.services import Service


async def with_defaults(
    service: Service, viewer: Viewer, prompt: str, size: str | None
) -> tuple[str, str | None]:
    """Return a prompt with the words of its board and server behind it, and a size.

    A size that was typed stays; words that the prompt ends with already are not added again.

    Args:
        service: Knows the boards.
        viewer: Who asks, from where.
        prompt: As it was typed.
        size: As it was typed.

    """
    if viewer.guild_id is None or viewer.channel_id is None:
        return prompt, size
    board = await service.boards.defaults(viewer.channel_id, viewer=viewer)
    server = service.policy.defaults(viewer.scene)
    for style in (board.style, server.style):
        if style and not prompt.rstrip().endswith(style):
            prompt = joined(clean_prompt(prompt), style)
    return prompt, size or board.size or server.size


async def board_notes(service: Service, job: Job) -> list[str]:
    """Return the note about words that the channel's board added to a job's prompt."""
    if job.origin.guild_id is None:
        return []
    defaults = await service.system.boards.defaults(job.origin.guild_id, job.origin.channel_id)
    if not defaults.style or not job.requests[0].prompt.endswith(defaults.style):
        return []
    words = escaped(defaults.style, limit=120)
    return ["-# " + text("board_words_added", job.origin.locale, words=words)]


def joined(prompt: str, words: str) -> str:
    """Return a prompt with words behind it, as their language joins them."""
    if not words or not prompt:
        return prompt + words
    comma = "，" if any("\u4e00" <= char <= "\u9fff" for char in words) else ", "
    return prompt.rstrip(" ,，.。") + comma + words
