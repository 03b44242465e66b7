"""What styles put into an image, as its message says it."""

from __future__ import annotations

from typing import Final

from bot.discord_ui.formatting import escaped
from bot.domain.jobs import Job
from bot.domain.requests import AppliedStyle, Axis, ImageRequest, StyleOrigin
from bot.locales import text

_WORDS_SHOWN: Final = 120  # characters


def style_notes(job: Job) -> list[str]:
    """Return the notes about what styles added to all prompts of a job, one for each."""
    request, locale = job.requests[0], job.origin.locale
    varied = None if job.axis is None else job.axis.field.option
    return [
        _note(each, locale, varied)
        for each in request.style
        if each.is_in(request.prompt) and all(_has(other, each) for other in job.requests)
        if job.axis is not Axis.STYLES or each.origin is StyleOrigin.SERVER
    ]


def _has(request: ImageRequest, style: AppliedStyle) -> bool:
    """Tell whether an image was drawn with a style, in the words of whatever language."""
    return any((each.origin, each.name) == (style.origin, style.name) for each in request.style)


def _note(applied: AppliedStyle, locale: str, varied: str | None) -> str:
    name = escaped(applied.name, limit=_WORDS_SHOWN)
    words = escaped(words_of(applied.before, applied.after), limit=_WORDS_SHOWN)
    values = [
        f"{key} {escaped(value, limit=_WORDS_SHOWN)}"
        for key, value in applied.values
        if key != varied  # a comparison has its own values of that
    ]
    said = [f"**{name}**" if name else "", words, *(values if name else [])]
    key = f"style_of_{applied.origin}"
    if applied.origin is StyleOrigin.BOARD and name:
        key += "_named"
    return "-# " + text(key, locale, words=" · ".join(filter(None, said)))


def words_of(before: str, after: str) -> str:
    """Return the words of a style with a mark where the prompt stands."""
    return f"{before} … {after}".strip() if before else after
