"""A server with many members, roles and channels, and rules for them made by chance."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, Final

import discord

from bot.domain.rules import Entry, rule_named, to_toml
from bot.domain.scenes import WHOLE, ChannelKind, Layer
from tests.support.discord_server.server import DiscordServer

ROLES, CHANNELS, ROLES_EACH = 20, 8, 3
SIZES: Final = ("128x128", "160x128", "256x128", "256x256")
QUALITIES: Final = ("draft", "standard", "final")
WORDS: Final = ("apple", "boat", "cloud", "drum", "elm")
# A rule, the layers it is set in, and how a value is made.
_CHOICES: Final[dict[str, tuple[object, ...]]] = {
    "use": (*["allow"] * 6, "deny"),
    "use.imagine": (*["allow"] * 4, "deny"),
    "max_side": (128, 160, 256, "none"),
    "max_count": (1, 2, 4, "none"),
    "qualities": (["draft"], ["draft", "standard"], ["standard", "final"], "none"),
    "quota_hour": (1, 2, 5, 20, "none"),
    "quota_carry": (0, 50, 100),
    "words": ("off", "refuse", "refuse"),
    "own_words": (["apple"], ["boat", "drum"], ["cloud"]),
    "spoiler": ("off", "on"),
    "slow_mode": (0, 1, "none"),
}


@dataclass(kw_only=True)
class Town:
    """The server, and what is random about it."""

    server: DiscordServer
    dice: random.Random
    members: int
    guild: Any = None
    owner: Any = None
    people: list[Any] = field(default_factory=list)
    channels: list[Any] = field(default_factory=list)
    roles: list[Any] = field(default_factory=list)

    def settle(self) -> None:
        """Make everybody and everything."""
        people = self.server.people
        self.guild = people.guild("town")
        everything = discord.Permissions(manage_messages=True, manage_guild=True)
        self.owner = people.member(self.guild, "olga", permissions=everything)
        self.roles = [self.guild.create_role(f"role {i}") for i in range(ROLES)]
        self.channels = [self.guild.create_text_channel(f"room-{i}") for i in range(CHANNELS)]
        people.mark(self.channels[0], nsfw=True)
        people.mark(self.channels[1], is_spoiler=True)
        self.channels += [people.thread(each, "talk", self.owner) for each in self.channels[2:4]]
        for i in range(self.members):
            roles = self.dice.sample(self.roles, self.dice.randrange(ROLES_EACH + 1))
            user = people.user(f"m{i}")
            self.people.append(self.guild.add_member(user, roles=roles))

    def rules(self, count: int) -> str:
        """Return a file of so many rules, for anybody and anywhere."""
        entries: dict[object, Entry] = {}
        while len(entries) < count:
            entry = self._rule()
            entries[entry.key] = entry
        return to_toml(entries.values())

    def _rule(self) -> Entry:
        name = self.dice.choice(list(_CHOICES))
        rule = rule_named(name)
        layer = self.dice.choice(
            [each for each in Layer if each in rule.layers and each is not Layer.OPERATOR]
        )
        subject = {
            Layer.MEMBER: lambda: str(self.dice.choice(self.people).id),
            Layer.ROLE: lambda: str(self.dice.choice(self.roles).id),
            Layer.CHANNEL: lambda: str(self.dice.choice(self.channels).id),
            Layer.KIND: lambda: self.dice.choice(list(ChannelKind)).value,
            Layer.SERVER: lambda: WHOLE,
        }[layer]()
        value = rule.read(self.dice.choice(_CHOICES[name]))
        return Entry(layer=layer, subject=subject, name=name, value=value)
