"""Forms of text fields, and the numbers that people type into them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import discord
from discord import ui

from bot.client import RefusalError, errors_answered
from bot.errors import InvalidRequestError

NUMBERS: Final = 25  # in one text


class Form(ui.Modal):
    """A form whose answers are handed on by the ids of its fields."""

    def __init__(
        self,
        title: str,
        submit: Callable[[discord.Interaction, dict[str, str]], Awaitable[None]],
    ) -> None:
        """Remember what is done with the answers."""
        super().__init__(title=title, timeout=3600)
        self._submit = submit
        self._fields: dict[str, ui.TextInput[Any]] = {}

    def field(
        self,
        name: str,
        label: str,
        *,
        hint: str | None = None,
        default: str = "",
        max_length: int = 300,
        is_required: bool = False,
        is_long: bool = False,
    ) -> Form:
        """Add a field of text."""
        style = discord.TextStyle.paragraph if is_long else discord.TextStyle.short
        component: ui.TextInput[Any] = ui.TextInput(
            custom_id=name,
            default=default,
            max_length=max_length,
            required=is_required,
            style=style,
        )
        self._fields[name] = component
        self.add_item(ui.Label(text=label, description=hint, component=component))
        return self

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        """Hand the answers on."""
        await self._submit(interaction, {name: field.value for name, field in self._fields.items()})

    async def on_error(  # type: ignore[override]  # a form has no item
        self, interaction: discord.Interaction, error: Exception, /
    ) -> None:
        """Answer with one private sentence."""
        async with errors_answered(interaction):
            raise error


def numbers_in(typed: str) -> list[int]:
    """Return the numbers in a text, each once.

    Raises:
        InvalidRequestError: There is none, or far too many.

    """
    found = list(dict.fromkeys(int(each) for each in re.findall(r"\d{1,9}", typed)))
    if not found:
        raise InvalidRequestError(
            f"There is no number in {typed[:40]!r}: use those on the sheet, such as 3, 7."
        )
    if len(found) > NUMBERS:
        raise RefusalError("board_too_many_numbers", count=len(found), limit=NUMBERS)
    return found
