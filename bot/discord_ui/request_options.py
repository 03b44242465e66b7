"""The options of a command that asks for an image, from the table of a request's fields."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import EllipsisType
from typing import Any, Literal

from discord import app_commands

from bot.domain.requests import FIELDS, RequestField


def request_options(*order: str | EllipsisType) -> Callable[[Callable[..., Any]], Any]:
    """Give a command an option for each field of a request, all but the prompt to be left out.

    The command's callback takes them as `**typed`, by their names; None is what was left out.
    discord.py reads options from a signature, so the callback gets one as if it had been written.

    Args:
        *order: The names of all options as Discord shows them, the command's own among them; `...`
            stands for the fields that are not named.

    """

    def decorate(callback: Callable[..., Any]) -> Any:  # noqa: ANN401 - mypy cannot tell
        written = inspect.signature(callback)
        own = dict(written.parameters)
        options = {field.option: _parameter(field) for field in FIELDS}
        others = [name for name in options if name not in order]
        names = [name for each in order for name in (others if each is ... else [each])]
        parameters = [own["self"], own["interaction"]]
        parameters += [options[name] if name in options else _named(own[name]) for name in names]
        callback.__signature__ = written.replace(parameters=parameters)  # type: ignore[attr-defined]
        descriptions = {each.option: each.description for each in FIELDS if each.option in names}
        return app_commands.describe(**descriptions)(callback)

    return decorate


def _parameter(field: RequestField) -> inspect.Parameter:
    kind, is_needed = _annotation(field), field.usual is None and field.default is None
    return inspect.Parameter(
        field.option,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if is_needed else None,
        annotation=kind if is_needed else kind | None,
    )


def _annotation(field: RequestField) -> Any:  # noqa: ANN401 - a type, to discord.py
    if field.choices:
        return Literal[tuple(map(str, field.choices))]
    if field.limits is not None:
        return app_commands.Range[field.kind, *field.limits]
    return field.kind


def _named(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
