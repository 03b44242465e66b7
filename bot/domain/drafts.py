"""Drafts: many small and quick images of one request, of which one is drawn large."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bot.domain.requests import ImageRequest, ModelRules, Quality
from bot.domain.variations import series

MIN_DRAFTS: Final = 9
MAX_DRAFTS: Final = 25  # as many as Discord lets a person choose from
USUAL_DRAFTS: Final = 9
# Percent that is drawn anew. tests/benchmarks/draw_large.py: 22 of 22 drafts drawn large kept their
# thing and 83 % of the composition, and details came; so did 22 of 22 variations, and 62 %.
LARGE_STRENGTH: Final = 45
AROUND_STRENGTH: Final = 75


def drafts_of(request: ImageRequest, count: int, rules: ModelRules) -> list[ImageRequest]:
    """Return drafts of a request whose seeds count upwards, from 0 again behind the last seed."""
    draft = replace(request, size=rules.draft_of(request.size), quality=Quality.DRAFT)
    return series(draft, count)


def large_request(draft: ImageRequest, quality: str, rules: ModelRules) -> ImageRequest:
    """Return the request that draws a draft large; it still has to be begun with its picture."""
    return replace(
        draft.for_profile(rules.profile),
        size=rules.large_of(draft.size),
        quality=Quality(quality),
        strength=LARGE_STRENGTH,
    )
