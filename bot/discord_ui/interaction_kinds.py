"""Which of the actions that rules can refuse a command, button, select, form or menu is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import discord

from bot.domain.rules import ACTIONS

_MENUS: Final[Mapping[str, str]] = {
    "Recipe": "recipe",
    "Same seed": "redraw",
    "Use as source": "redraw",
    "Inspect": "inspect",
    "Add to board": "board",
}
# By the word behind `zib:` in a `custom_id`; what is not here is never refused.
_COMPONENTS: Final[Mapping[str, str]] = {
    "same": "redraw",
    "new": "redraw",
    "edit": "redraw",
    "subtle": "redraw",
    "strong": "redraw",
    "use": "redraw",
    "region": "redraw",
    "cells": "redraw",
    "grid": "redraw",
    "extend": "redraw",
    "large": "redraw",
    "around": "redraw",
    "upscale": "redraw",
    "one": "show",
    "choose": "show",
    "back": "show",
    "recipe": "recipe",
    "batch": "imagine",
    "takeover": "inspect",
    "page": "history",
    "loras": "imagine",
    "board": "board",
    "style": "style",
    "b": "board",
    "s": "board",
}
_MENU: Final = "more"  # what is chosen there says what it does
# Others are called like their action.
_COMMANDS: Final[Mapping[str, str]] = {"upscale": "imagine", "lora": "imagine"}
_ITEM: Final = re.compile(r"zib:([a-z]+)")
_MESSAGE_MENU: Final = 3


def action_of(interaction: discord.Interaction[Any]) -> str | None:
    """Return what a command, menu, button or select does; None where it is never refused."""
    data: Any = interaction.data
    if interaction.type is discord.InteractionType.component:
        match = _ITEM.match(data["custom_id"])
        if match is None:
            return None
        word = data["values"][0] if match[1] == _MENU else match[1]
        return _COMPONENTS.get(word)
    if data.get("type", 1) == _MESSAGE_MENU:
        return _MENUS.get(data["name"])
    name = _COMMANDS.get(data.get("name"), data.get("name"))
    return name if name in ACTIONS else None
