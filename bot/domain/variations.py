"""Variations of one request: what is compared, read from what a person typed.

Everything but one thing (the axis) stays the same, above all the seed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from bot.domain.plain_text import quoted
from bot.domain.requests import (
    NO_ADAPTER,
    PROMPT,
    Axis,
    ImageRequest,
    ModelRules,
    seed_after,
)
from bot.errors import InvalidRequestError

STYLED: Final = (Axis.PROMPTS, Axis.STYLES)  # what decides the words of each image anew
MIN_VALUES: Final = 2
MAX_VALUES: Final = 9  # a sheet of 3 x 3; also what fits under one message, with a button each
NEW_SEEDS: Final = 4
_VALUE_SHOWN: Final = 60  # characters of a wrong value in a sentence

_SCALE: Final = re.compile(r"[+-]?[\d.]{1,12}")  # of a LoRA that is named elsewhere
_SCALES_TRIED: Final = ("0.5", "1")

_TEXTS_APART: Final = re.compile(r"[|｜\n]")
_OTHERS_APART: Final = re.compile(r"[|｜,，、;；\n]")


def split_values(axis: Axis, text: str) -> list[str]:
    """Return the single values of what was typed: `|` is between texts, commas do elsewhere."""
    apart = _TEXTS_APART if axis.field.is_text else _OTHERS_APART
    return [piece.strip() for piece in apart.split(text) if piece.strip()]


def default_values(axis: Axis, base: ImageRequest) -> list[str]:
    """Return the values that are compared where none are named.

    Raises:
        InvalidRequestError: Nobody but the requester knows the other texts.

    """
    if axis is Axis.SEEDS:
        return [str(seed_after(base.seed, i)) for i in range(NEW_SEEDS)]
    if axis is Axis.LORAS:
        return [NO_ADAPTER, *(f"{_given_lora(base)}:{scale}" for scale in _SCALES_TRIED)]
    tried = axis.field.tried_for(base.profile)
    if not tried:
        raise InvalidRequestError(
            f"There is one {axis.field.noun} to compare: write the others too, with | between "
            "them, for example 'a red apple | a green apple'."
        )
    return split_values(axis, tried[0])


def vary(
    base: ImageRequest, axis: Axis, values: Sequence[str], *, rules: ModelRules
) -> list[ImageRequest]:
    """Return the base request once for each value, in their order.

    Raises:
        InvalidRequestError: A value does not work, is there twice, there are not 2 to 9, or no
            picture for strengths; the sentence names it.

    """
    check_source(axis, base)
    parsed = check_values(axis, with_lora_names(axis, values, base), rules)
    # Building the request checks what remains, for example a prompt that is too long.
    if axis is Axis.PROMPTS:  # which may name LoRAs of their own
        return [base.with_typed({PROMPT.name: value}, rules) for value in parsed]
    return [replace(base, **{axis.field.name: value}) for value in parsed]


def check_source(axis: Axis, base: ImageRequest) -> None:
    """Refuse to compare strengths where there is no picture that is drawn anew."""
    if axis is Axis.STRENGTHS and not base.operation.inputs:
        raise InvalidRequestError(
            "Strengths say how much of a picture is drawn anew, and there is none: give one as the "
            "source."
        )
    if axis is Axis.CONTROL_SCALES and base.control is None:
        raise InvalidRequestError(
            "Control scales say how strongly a map steers, and there is none: give a picture as "
            "control."
        )


def check_values(axis: Axis, values: Sequence[str], rules: ModelRules) -> list[Any]:
    """Return 2 to 9 values as they are meant, none of them twice.

    Raises:
        InvalidRequestError: They are not; the sentence names one that is wrong.

    """
    check_count(len(values))
    parsed = [axis.field.read(value, rules) for value in values]
    _check_each_once(values, parsed)
    return parsed


def are_scales(values: Sequence[str]) -> bool:
    """Tell whether all of what is compared is a scale of a LoRA that is named elsewhere."""
    return all(_SCALE.fullmatch(each) for each in values)


def with_lora_names(axis: Axis, values: Sequence[str], base: ImageRequest) -> list[str]:
    """Return the values with the name of the LoRA whose scales they are, if they are scales."""
    if axis is Axis.LORAS and base.adapters and are_scales(values):
        return [f"{_given_lora(base)}:{value}" for value in values]
    return list(values)


def _given_lora(base: ImageRequest) -> str:
    """Return the LoRA whose scales are compared.

    Raises:
        InvalidRequestError: There is none, or several.

    """
    if len(base.adapters) != 1:
        raise InvalidRequestError(
            "Which LoRAs are compared is not said: name them, for example 'none, neon:0.5, neon:1' "
            "(with + between those that are used together)."
        )
    return base.adapters[0].name


def check_negatives(requests: Sequence[ImageRequest], *axes: Axis) -> None:
    """Refuse to compare negative prompts where none counts: all images would be the same.

    Raises:
        InvalidRequestError: None does; the sentence says what makes them count.

    """
    if Axis.NEGATIVES in axes and not any(each.guidance_scale for each in requests):
        least = requests[0].profile.advised_guidance[0]
        raise InvalidRequestError(
            "Negative prompts have no effect while guidance is 0, so all images would be the same: "
            f"set guidance to {least:g} or more."
        )


def check_count(count: int) -> None:
    """Refuse fewer than 2 and more than 9 values."""
    if not MIN_VALUES <= count <= MAX_VALUES:
        noun = "value" if count == 1 else "values"
        raise InvalidRequestError(
            f"{count} {noun} cannot be compared: name {MIN_VALUES} to {MAX_VALUES}."
        )


def _check_each_once(values: Sequence[str], parsed: Sequence[object]) -> None:
    for i, value in enumerate(parsed):
        if value in parsed[:i]:
            first = values[parsed.index(value)]
            raise InvalidRequestError(_twice(first, values[i]))


def _twice(first: str, second: str) -> str:
    shown = quoted(second, _VALUE_SHOWN)
    if first == second:
        return f"The value {shown} is there twice: name each one once."
    return f"The value {shown} is the same as {quoted(first, _VALUE_SHOWN)}: name each one once."


def series(first: ImageRequest, count: int) -> list[ImageRequest]:
    """Return `count` requests whose seeds count upwards, from 0 again behind the last seed."""
    return [replace(first, seed=seed_after(first.seed, i)) for i in range(count)]


def new_seeds(requests: Sequence[ImageRequest], axis: Axis, seed: int) -> list[ImageRequest]:
    """Return the same comparison with another seed, or with others that count up from it."""
    step = 1 if axis is Axis.SEEDS else 0
    return [replace(request, seed=seed_after(seed, i * step)) for i, request in enumerate(requests)]


def moved_seeds(requests: Sequence[ImageRequest], seed: int) -> list[ImageRequest]:
    """Return the same images with seeds as far apart as before; the first one is given."""
    first = requests[0].seed
    return [replace(each, seed=seed_after(seed, each.seed - first)) for each in requests]
