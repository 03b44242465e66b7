"""The verdict on a re-run: whether the pixels are the same, and if not, what was different."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.jobs import Generation, Job
from bot.errors import DamagedPictureError
from bot.locales import text
from bot.media.image_input import read_picture
from bot.media.picture_files import read_image
from bot.media.pixel_comparison import changes, compare
from bot.services import Service

_LISTED: Final = 9  # images that have a line each
SHA_SHOWN: Final = 12  # hexadecimal digits; the recipe shows all 64


async def verdict(service: Service, job: Job, generations: Sequence[Generation]) -> list[str]:
    """Return one line for each image of a same-seed job, else nothing."""
    if job.relation != "same_seed":
        return []
    originals = await service.system.originals(job)
    lines = []
    for generation in generations:
        original = originals.get(generation.parent_id or "")
        lines.append(await _line(original, generation, job.origin.locale))
    return lines if len(lines) <= _LISTED else _summed_up(originals, generations, lines, job)


def _summed_up(
    originals: Mapping[str, Generation],
    generations: Sequence[Generation],
    lines: Sequence[str],
    job: Job,
) -> list[str]:
    """Return one line for all images with the same pixels, and one for each of the others."""
    others = []
    for generation, line in zip(generations, lines, strict=True):
        original = originals.get(generation.parent_id or "")
        if original is None or original.pixel_sha256 != generation.pixel_sha256:
            others.append(f"**{generation.index + 1}** · {line}")
    same = len(lines) - len(others)
    return [text("same_pixels_many", job.origin.locale, same=same, count=len(lines)), *others]


async def _line(original: Generation | None, generation: Generation, locale: str) -> str:
    if original is None:
        return text("parent_gone", locale, id=generation.parent_id)
    if original.pixel_sha256 == generation.pixel_sha256:
        sha = generation.pixel_sha256[:SHA_SHOWN]
        return text("same_pixels", locale, id=original.id, sha=sha)
    by = await asyncio.to_thread(_how_much, original, generation, locale)
    reason = by + differences(original.conditions, generation.conditions, locale)
    return text("other_pixels", locale, id=original.id, reason=reason)


def _how_much(original: Generation, generation: Generation, locale: str) -> str:
    """Return how far apart the pixels are, as far as both files are whole."""
    try:
        contents = [read_image(each.path) for each in (original, generation)]
    except DamagedPictureError:
        return text("other_unread", locale)
    pictures = [read_picture(content).image for content in contents]
    apart = compare(*pictures)
    if apart is None:
        return ""
    values = {"mean": f"{apart.mean:.3f}", "psnr": f"{apart.psnr_db:.1f}"}
    return text("other_by", locale, max=apart.max, **values)


def differences(before: Mapping[str, object], after: Mapping[str, object], locale: str) -> str:
    """Return what was recorded differently, in words."""
    found = changes(before, after)
    if not found:
        return text("other_unknown", locale)
    words = [
        text("difference", locale, name=each.name, before=each.before, after=each.after)
        for each in found
    ]
    return text("other_conditions", locale, differences=", ".join(words))
