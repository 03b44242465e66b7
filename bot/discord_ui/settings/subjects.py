"""Whom or what a page of rules is for, as its buttons remember it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import discord

from bot.domain.rules import WHOLE, ChannelKind, Layer
from bot.domain.rules.quota import shown_moment
from bot.domain.scenes import Subject
from bot.services.rule_texts import Reader

SUBJECT: Final = r"[a-z]+(?:\.[a-z0-9_]+)?"  # as in a `custom_id`
NAMED: Final = (Layer.CHANNEL, Layer.ROLE, Layer.MEMBER)  # these take an id
_MENTIONS: Final = {Layer.CHANNEL: "<#{}>", Layer.ROLE: "<@&{}>", Layer.MEMBER: "<@{}>"}


@dataclass(frozen=True, kw_only=True)
class PageSubject:
    """Whom or what a page is for; without an id it is still to be chosen."""

    layer: Layer
    id: str = WHOLE

    @classmethod
    def read(cls, code: str) -> Self:
        """Read what `code` wrote."""
        layer, _, subject = code.partition(".")
        return cls(layer=Layer(layer), id=subject)

    @property
    def code(self) -> str:
        """Return it as it stands in a `custom_id`."""
        return f"{self.layer.value}.{self.id}" if self.id else self.layer.value

    @property
    def is_chosen(self) -> bool:
        """Tell whether it is known whom it is for."""
        return self.layer is Layer.SERVER or bool(self.id)

    @property
    def subject(self) -> Subject:
        """Return it as rules know it."""
        return self.layer, self.id


SERVER: Final = PageSubject(layer=Layer.SERVER)
# What can be chosen without an id.
FIXED: Final = (SERVER, *(PageSubject(layer=Layer.KIND, id=each.value) for each in ChannelKind))


def reader_of(interaction: discord.Interaction) -> Reader:
    """Return who reads on Discord, which writes names and times in its own way."""
    return Reader(locale=str(interaction.locale), name=_mention, moment=shown_moment)


def _mention(layer: Layer, subject: str) -> str:
    return _MENTIONS.get(layer, "{}").format(subject)
