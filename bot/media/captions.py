"""The words on a comparison's sheet: what it is about, and what each image is."""

from __future__ import annotations

from bot.domain.requests import ImageRequest
from bot.domain.variations import Axis
from bot.locales import text


def caption(request: ImageRequest, axis: Axis, locale: str) -> str:
    """Return what one image of a comparison is, in the reader's words."""
    if axis is Axis.PROMPTS:
        return request.prompt
    return _FACTS[axis](request, locale)


def title(request: ImageRequest, locale: str, *axes: Axis) -> str:
    """Return what all images of a comparison show; `request` is any of theirs."""
    return text("sheet_prompts", locale) if Axis.PROMPTS in axes else request.prompt


def shared_facts(request: ImageRequest, locale: str, *axes: Axis) -> list[str]:
    """Return what all images of a comparison have in common, but for the prompt."""
    facts = [(axis, fact(request, locale)) for axis, fact in _FACTS.items() if axis not in axes]
    # Guidance and variety are off unless somebody asks for them.
    return [words for axis, words in facts if axis not in _OFF_AT_ZERO or axis.of(request)]


def _seed(request: ImageRequest, locale: str) -> str:
    return text("sheet_seed", locale, seed=request.seed)


def _size(request: ImageRequest, _locale: str) -> str:
    return f"{request.size.width}×{request.size.height}"


def _quality(request: ImageRequest, locale: str) -> str:
    return text(f"quality_{request.quality.value}", locale)


def _guidance(request: ImageRequest, locale: str) -> str:
    return text("fact_guidance", locale, guidance=f"{request.guidance_scale:g}")


def _variety(request: ImageRequest, locale: str) -> str:
    return text("fact_variety", locale, variety=request.variety)


_OFF_AT_ZERO = (Axis.GUIDANCE, Axis.VARIETY)
_FACTS = {
    Axis.SEEDS: _seed,
    Axis.SIZES: _size,
    Axis.QUALITIES: _quality,
    Axis.GUIDANCE: _guidance,
    Axis.VARIETY: _variety,
}
