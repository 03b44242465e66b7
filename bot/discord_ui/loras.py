"""LoRAs in what people type on Discord: kept known while they type, suggested, and explained."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import discord
from discord import app_commands

from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import scene_here
from bot.domain.loras import Lora
from bot.domain.plain_text import shortened
from bot.domain.requests import MAX_ADAPTERS, NO_ADAPTER, with_scale
from bot.errors import InvalidRequestError
from bot.services import Service

_CHOICE: Final = 100  # characters that Discord allows in a suggestion
_CHOICES: Final = 25
_FRESH_S: Final = 1.0  # letters are typed quicker than files are copied
_SCALES: Final = ("0.5", "0.8", "1")
_COMPARED: Final = ("0.5", "1")
_TAG: Final = re.compile(r"<(?:lora|lyco):", re.IGNORECASE)
# One LoRA of several, as it was typed.
_NAME: Final = re.compile(r"[^\s{}|｛｝｜,，、;；](?:[^{}|｛｝｜,，、;；]*[^\s{}|｛｝｜,，、;；])?")
# Up to the LoRA that is being typed, and that.
_LAST: Final = re.compile(r"(.*?[,，、;；]\s*|)([^,，、;；]*)", re.DOTALL)


async def prepare_loras(service: Service, *typed: str | None) -> None:
    """Look which files there are before what was typed is read, if it names LoRAs.

    Args:
        service: Knows the LoRAs.
        *typed: The option `lora`, and prompts, which may name them as other programs have it.

    """
    lora, *prompts = typed
    if lora or any(each and _TAG.search(each) for each in prompts):
        await service.loras.prepare()


def scaled_lora(lora: str | None, scale: float | None) -> str | None:
    """Return the option `lora` with the scale that was given beside it.

    Raises:
        InvalidRequestError: There is no LoRA that it could be for, or several.

    """
    if scale is None:
        return lora
    if not lora or not lora.strip():
        raise InvalidRequestError(
            f"The lora_scale {scale:g} belongs to no LoRA: choose one with lora."
        )
    return with_scale(lora, scale)


def as_tags(lora: str, scale: float | None = None) -> str:
    """Return the option `lora` as words of a prompt, where a form has room to change it.

    Braces and commas stay, so `{neon, ink:0.5}` becomes `{<lora:neon>, <lora:ink:0.5>}`.
    """
    own = "" if scale is None else f":{scale:g}"
    return _NAME.sub(lambda found: f"<lora:{found[0]}{own}>", lora)


async def suggest_loras(
    interaction: discord.Interaction, typed: str
) -> list[app_commands.Choice[str]]:
    """Offer the LoRAs that go on from what was typed, where they may be used."""
    return lora_choices(await _usable(interaction), typed)


async def suggest_lora_values(
    interaction: discord.Interaction, typed: str
) -> list[app_commands.Choice[str]]:
    """Offer scales of each LoRA to compare, and the typed text itself."""
    wanted = typed.strip().casefold()
    offers = [typed.strip()] if typed.strip() else []
    offers += [
        ", ".join([NO_ADAPTER, *(f"{each.name}:{scale}" for scale in _COMPARED)])
        for each in await _usable(interaction)
        if not each.fault and _is_like(each, wanted)
    ]
    fitting = [each for each in offers if len(each) <= _CHOICE]
    return [app_commands.Choice(name=each, value=each) for each in fitting[:_CHOICES]]


async def _usable(interaction: discord.Interaction) -> list[Lora]:
    """Return the LoRAs that are there now, if they may be used here."""
    service = bot_of(interaction).service
    if not service.policy.allows_loras(scene_here(interaction)):
        return []
    await service.loras.refresh(within_s=_FRESH_S)
    return service.loras.all


def lora_choices(loras: Sequence[Lora], typed: str) -> list[app_commands.Choice[str]]:
    """Return what the last of the LoRAs that were typed may become, by name or trigger word."""
    match = _LAST.fullmatch(typed)
    assert match is not None
    before, last = match[1], match[2]
    name, colon, _ = last.replace("：", ":").partition(":")
    others = [each.partition(":")[0].strip().casefold() for each in re.split("[,，、;；]", before)]
    if len(others) > MAX_ADAPTERS:
        return []
    offers: dict[str, str] = {}
    for lora in loras:
        if lora.fault or lora.name.casefold() in others:
            continue
        if colon and lora.name.casefold() == name.strip().casefold():
            offers |= {f"{before}{lora.name}:{scale}": "" for scale in _SCALES}
        elif not colon and _is_like(lora, name.strip().casefold()):
            offers[f"{before}{lora.name}"] = _facts(lora)
    return [
        app_commands.Choice(name=shortened(f"{value}{facts}", _CHOICE), value=value)
        for value, facts in offers.items()
        if len(value) <= _CHOICE
    ][:_CHOICES]


def _is_like(lora: Lora, wanted: str) -> bool:
    return any(wanted in each.casefold() for each in (lora.name, lora.title, *lora.triggers))


def _facts(lora: Lora) -> str:
    facts = ", ".join(lora.triggers) or lora.title
    return f" · {facts}" if facts else ""
