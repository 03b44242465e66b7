"""A form as Discord shows it, and what was sent of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, TypeVar

import discord
from discord import ui

from bot.discord_ui.attachments import Attachment
from bot.discord_ui.formatting import shortened
from bot.domain.forms import Field, FieldKind, Form
from bot.domain.plain_text import plain_text

_LABEL: Final = 45  # characters of a title or a label; Discord's limit, as those that follow
_HINT: Final = 100
_VALUE: Final = 4000


def modal_of(form: Form, values: Mapping[str, str]) -> ui.Modal:
    """Return a form filled with values, by the names of its fields."""
    modal = ui.Modal(title=shortened(form.title, _LABEL), custom_id=f"zib:form:{form.id}")
    for field in form.fields:
        value = values.get(field.name, "")
        modal.add_item(
            ui.Label(
                text=shortened(field.label, _LABEL),
                description=None if field.hint is None else shortened(field.hint, _HINT),
                component=_component(field, value),
            )
        )
    modal.stop()  # or discord.py keeps it, and mixes up two people's forms of one custom_id
    return modal


def _component(field: Field, value: str) -> ui.Item[Any]:
    if field.kind is FieldKind.RADIO:
        return _radio(field, value)
    if field.kind is FieldKind.CHECKBOXES:
        return _checkboxes(field, value)
    if field.kind is FieldKind.CHANNEL:
        return _channel_select(field, value)
    if field.kind is FieldKind.FILE:  # nothing can be filled into it
        return ui.FileUpload(custom_id=field.name, required=field.is_required, min_values=0)
    return _select(field, value) if field.choices else _text_input(field, value)


_Option = TypeVar(
    "_Option", discord.RadioGroupOption, discord.CheckboxGroupOption, discord.SelectOption
)


def _options(kind: type[_Option], field: Field, chosen: Sequence[str]) -> list[_Option]:
    return [
        kind(
            label=each.label,
            value=each.value,
            description=each.description,
            default=each.value in chosen,
        )
        for each in field.choices
    ]


def _radio(field: Field, value: str) -> ui.RadioGroup[Any]:
    return ui.RadioGroup(
        custom_id=field.name,
        required=field.is_required,
        options=_options(discord.RadioGroupOption, field, [value]),
    )


def _checkboxes(field: Field, value: str) -> ui.CheckboxGroup[Any]:
    return ui.CheckboxGroup(
        custom_id=field.name,
        required=field.is_required,
        min_values=int(field.is_required),
        max_values=len(field.choices),
        options=_options(discord.CheckboxGroupOption, field, value.split(",")),
    )


def _channel_select(field: Field, value: str) -> ui.ChannelSelect[Any]:
    kind = discord.SelectDefaultValueType.channel
    chosen = [discord.SelectDefaultValue(id=int(value), type=kind)] if value else []
    return ui.ChannelSelect(
        custom_id=field.name,
        channel_types=[discord.ChannelType.text],
        min_values=int(field.is_required),
        required=field.is_required,
        default_values=chosen,
    )


def _text_input(field: Field, value: str) -> ui.TextInput[Any]:
    return ui.TextInput(
        custom_id=field.name,
        default=value[:_VALUE],
        max_length=min(max(field.max_length, len(value)), _VALUE),  # it refuses longer defaults
        required=field.is_required,
        style=discord.TextStyle.paragraph if field.is_long else discord.TextStyle.short,
    )


def _select(field: Field, value: str) -> ui.Select[Any]:
    is_needed = field.is_required or field.kind is not FieldKind.OPTIONS
    return ui.Select(
        custom_id=field.name,
        required=is_needed,
        min_values=int(is_needed),
        max_values=field.max_choices,
        options=_options(discord.SelectOption, field, value.split(",")),
    )


def typed_into(interaction: discord.Interaction) -> dict[str, str]:
    """Return the cleaned input of a form, by the names of its fields."""
    data: Any = interaction.data
    files = data.get("resolved", {}).get("attachments", {})
    return {each["custom_id"]: _value(each, files) for each in _inner(data["components"])}


def _value(sent: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what was sent of a field; of a file a JSON document, see `uploaded`."""
    if "value" in sent:
        return plain_text(sent["value"] or "")
    if sent.get("type") == discord.ComponentType.file_upload.value:
        return "".join(json.dumps(_described(files[id_])) for id_ in sent["values"][:1])
    return ",".join(sent["values"])


def _described(file: Mapping[str, Any]) -> dict[str, Any]:
    return asdict(
        Attachment(
            name=plain_text(file["filename"]),
            url=file["url"],
            size_bytes=file["size"],
            is_spoiler=file["filename"].startswith("SPOILER_"),
        )
    )


def uploaded(value: str) -> Attachment | None:
    """Return the file that was sent in a field of a form, from what is kept of it."""
    return Attachment(**json.loads(value)) if value else None


def _inner(components: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Return the fields in the labels or rows of a form."""
    for each in components:
        inside = each.get("components") or ([each["component"]] if "component" in each else [])
        if inside:
            yield from _inner(inside)
        elif "value" in each or "values" in each:
            yield each
