"""Drafts: small images of which the best is drawn large, with the same composition."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.jobs import Generation, Job
from bot.domain.requests import ModelRules, Quality
from bot.locales import text
from bot.media.fingerprint import composition_likeness
from bot.services import Service


def is_draft(generation: Generation, rules: ModelRules) -> bool:
    """Tell whether an image is a draft: drawn quickly, and much smaller than it could be."""
    request = generation.request
    return request.quality is Quality.DRAFT and rules.is_draft(request.size)


async def drawn_large_notes(
    service: Service, job: Job, generations: Sequence[Generation]
) -> list[str]:
    """Return how like its draft an image is that was drawn large from one, else nothing."""
    if job.relation != "source" or len(generations) != 1:
        return []
    [large] = generations
    draft = (await service.system.originals(job)).get(large.parent_id or "")
    if draft is None or not is_draft(draft, service.model_rules):
        return []
    if large.request.size != service.model_rules.large_of(draft.request.size):
        return []
    if draft.likeness is None or large.likeness is None:
        return []
    share = composition_likeness(draft.likeness, large.likeness)
    note = text(
        "drawn_large",
        job.origin.locale,
        percent=round(100 * share),
        number=draft.index + 1,
        id=draft.id,
    )
    return [f"-# {note}"]
