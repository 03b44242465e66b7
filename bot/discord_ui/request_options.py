"""The options of a command that asks for an image, from the table of a request's fields."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import EllipsisType
from typing import Any, Literal

from discord import app_commands

from bot.domain.requests import FIELDS, ModelProfile, RequestField
from bot.locales import command_text


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


def fitted(payload: Any, profile: ModelProfile) -> Any:  # noqa: ANN401 - JSON
    """Return commands as Discord is sent them, with what their options take from a model.

    discord.py reads options when the program is imported, before there is a model.
    """
    if isinstance(payload, list):
        return [fitted(each, profile) for each in payload]
    if not isinstance(payload, dict):
        return payload
    found = {
        key: fitted(each, profile) if key == "options" else each for key, each in payload.items()
    }
    field = next((each for each in FIELDS if _is_of(found, each)), None)
    return found if field is None else found | _told(field, found, profile)


def _is_of(option: Mapping[str, Any], field: RequestField) -> bool:
    return option.get("name") == field.option and option.get("description") == field.description


def _told(field: RequestField, option: Mapping[str, Any], profile: ModelProfile) -> dict[str, Any]:
    words = field.description_for(profile)
    told: dict[str, Any] = {"description": words}
    if translated := option.get("description_localizations"):
        told["description_localizations"] = {
            locale: command_text(words, locale) or words for locale in translated
        }
    if field.limits_of is not None:
        told["min_value"], told["max_value"] = field.limits_of(profile)
    return told


def _named(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
