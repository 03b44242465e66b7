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
    server = service.policy.defaults(viewer.scene)
    if viewer.guild_id is None or viewer.channel_id is None:
        return with_style(prompt, server.style), size or server.size
    board = await service.boards.defaults(viewer.channel_id, viewer=viewer)
    prompt = with_style(with_style(prompt, board.style), server.style)
    return prompt, size or board.size or server.size


def with_style(prompt: str, style: str) -> str:
    """Return a prompt with the words of a style behind it, unless it ends with them already."""
    if not style or not prompt.strip() or prompt.rstrip().endswith(style):
        return prompt
    return joined(clean_prompt(prompt), style)


async def style_notes(service: Service, job: Job) -> list[str]:
    """Return the notes about words that the channel's board and the server added to a prompt."""
    prompt, server = job.requests[0].prompt, service.policy.defaults(job.origin.scene).style
    notes = []
    if server and prompt.endswith(server):
        prompt = prompt.removesuffix(server).rstrip(", ，")
        notes.append(_note("server_words_added", server, job))
    if job.origin.guild_id is None:
        return notes
    board = await service.system.boards.defaults(job.origin.guild_id, job.origin.channel_id)
    if board.style and prompt.endswith(board.style):
        notes.insert(0, _note("board_words_added", board.style, job))
    return notes


def _note(key: str, style: str, job: Job) -> str:
    return "-# " + text(key, job.origin.locale, words=escaped(style, limit=120))


def joined(prompt: str, words: str) -> str:
    """Return a prompt with words behind it, as their language joins them."""
    if not words or not prompt:
        return prompt + words
    comma = "，" if any("\u4e00" <= char <= "\u9fff" for char in words) else ", "
    return prompt.rstrip(" ,，.。") + comma + words
