"""The fields of a request in a reader's words: on sheets, under images, in what was changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bot.domain.loras import Lora
from bot.domain.plain_text import shortened
from bot.domain.requests import (
    FIELDS,
    PROMPT,
    SEED,
    Axis,
    ImageRequest,
    RequestField,
    bare_prompt,
)
from bot.locales import text

_WORDS_SHOWN = 60  # characters of a text among other facts


def caption(request: ImageRequest, axis: Axis, locale: str) -> str:
    """Return what one image of a comparison is, in the reader's words."""
    field = axis.field
    return request.prompt if field is PROMPT else fact(field, request, locale)


def title(request: ImageRequest, locale: str, *axes: Axis) -> str:
    """Return what all images of a comparison show; `request` is any of theirs."""
    if Axis.PROMPTS in axes:
        return text("sheet_prompts", locale)
    is_bare = Axis.STYLES in axes
    return bare_prompt(request.prompt, request.style) if is_bare else request.prompt


def shared_facts(
    request: ImageRequest, locale: str, *axes: Axis, shown: Callable[[str], str] = str
) -> list[str]:
    """Return what all images of a comparison have in common, but for the prompt.

    Args:
        request: Any of theirs.
        locale: The reader's language.
        *axes: What differs between them.
        shown: Makes a user's words harmless where they are shown.

    """
    return [
        fact(field, request, locale, shown=shown)
        for field in sorted(request.fields, key=lambda field: field is not SEED)
        if field is not PROMPT and field.axis not in axes and not field.goes_without_saying(request)
    ]


def differing_axes(requests: Sequence[ImageRequest]) -> list[Axis]:
    """Return the fields that are not the same for all images, also by what their styles set."""
    first = requests[0]
    return [
        Axis(field.axis)
        for field in FIELDS
        if any(field.of(each) != field.of(first) for each in requests)
    ]


def fact(
    field: RequestField, request: ImageRequest, locale: str, *, shown: Callable[[str], str] = str
) -> str:
    """Return a value of a request, with its name unless the value says enough (`draft`)."""
    if field.label is not None:
        value = field.label(field.of(request))
    else:
        value = value_words(field, field.shown_of(request), locale)
    if field.is_text or field.has_names:
        value = shown(shortened(value, _WORDS_SHOWN)) or "–"
    if field.names_itself:
        return value
    return text("fact_field", locale, name=field_name(field, locale), value=value)


def idle_notes(
    requests: Iterable[ImageRequest], locale: str, *, known: Iterable[ImageRequest] = ()
) -> list[str]:
    """Return a sentence for each value that is given and has no effect, unless it is of `known`."""
    told = {field for request in known for field in FIELDS if field.is_idle(request)}
    found = {field: request for request in requests for field in FIELDS if field.is_idle(request)}
    return [
        text(f"idle_{field.option}", locale, guidance=request.profile.advised_guidance[0])
        for field, request in found.items()
        if field not in told
    ]


def trigger_notes(
    requests: Iterable[ImageRequest],
    loras: Iterable[Lora],
    locale: str,
    *,
    shown: Callable[[str], str] = str,
) -> dict[str, str]:
    """Return a sentence for each LoRA none of whose trigger words is in a prompt, by its hash.

    `shown` makes the words of its file harmless where they are shown.
    """
    known = {each.sha256: each for each in loras}
    found = {}
    for request in requests:
        for adapter in request.adapters:
            lora = known.get(adapter.sha256)
            if lora is not None and not lora.is_called_for_in(request.prompt):
                name, words = shown(lora.name), shown(", ".join(lora.triggers))
                found[adapter.sha256] = text("lora_triggers", locale, name=name, words=words)
    return found


def field_name(field: RequestField, locale: str) -> str:
    """Return what a field is called in a sentence."""
    return text(f"field_{field.option}", locale)


def field_title(field: RequestField, locale: str) -> str:
    """Return what a field is called above its value."""
    return field_name(field, locale).capitalize()


def value_words(field: RequestField, value: str, locale: str) -> str:
    """Return a value, as a person would type it, in the reader's words."""
    is_named = value in (*field.choices, *field.names)
    return text(f"{field.option}_{value}", locale) if is_named else value


def control_words(request: ImageRequest, locale: str) -> str:
    """Return what kind of map steers an image, and how strongly; nothing without one."""
    if request.control is None:
        return ""
    kind = text(f"control_{request.control.kind}", locale)
    return text("steered_by", locale, kind=kind, scale=f"{request.control_scale:g}")
