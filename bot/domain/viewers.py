"""Who asks, what they may see and what they may do: built once where they ask, then asked by all.

The rule for images and jobs: they are for who may view the channel or thread they were made in;
where that is gone, for their requester and for moderators. What was made in direct messages, or
with a bot brought along by its user, is its user's own. Boards have a rule of their own for what
hangs on them (`bot.domain.boards.access`), for the same viewers. Nothing else decides who may see
or do something, and only `bot.discord_ui.viewers` fills a viewer from Discord.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from bot.domain.scenes import ChannelKind, Scene

HELD_CHANNEL: Final = -1  # of an image that a moderator has to see first: nobody views it
NO_CHANNEL: Final = 0  # of an image whose channel nothing tells any more: it counts as gone


class Made(Protocol):
    """Something that somebody asked for in a channel: an image, or the origin of a job."""

    @property
    def guild_id(self) -> int | None:
        """Return the guild it belongs to; None where it is its user's own."""

    @property
    def channel_id(self) -> int | None:
        """Return the channel or thread it was made in."""

    @property
    def user_id(self) -> int:
        """Return who asked for it."""


@dataclass(frozen=True, kw_only=True)
class MadeAt:
    """Where and for whom something was made, where no more of it is known."""

    guild_id: int | None
    channel_id: int | None
    user_id: int


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What somebody may do with other people's things in a guild.

    Attributes:
        is_moderator: Whether they manage messages in the guild itself (as administrators and its
            owner do): they are moderators everywhere in it.
        is_manager: Whether they manage the server: its rules are theirs to set.
        moderated: The channels and threads where they may manage messages.

    """

    is_moderator: bool = False
    is_manager: bool = False
    moderated: frozenset[int] = frozenset()

    def moderates(self, channel_id: int | None) -> bool:
        """Tell whether they are a moderator in a channel; a right counts there only."""
        return self.is_moderator or channel_id in self.moderated


@dataclass(frozen=True, kw_only=True)
class Viewer(Rights):
    """Somebody who asks, with what they may see from where they ask.

    Attributes:
        user_name: What they are called there; whoever changes a board is noted in its log.
        role_ids: Theirs in the guild.
        is_owner: Whether they run the bot; filled only where that is asked.
        guild_id: None where they look at what is their own: in direct messages, and where they
            brought the bot along.
        channel_id: Where they ask.
        is_alone: Whether nobody else reads there: direct messages with the bot.
        places: The thread they ask in, its channel and its category, the innermost first.
        kind: What kind of channel that is.
        channels: The channels and threads of the guild that they may view. Age-restricted ones
            are among them only where the place they ask from is age-restricted, too: nobody's age
            is known elsewhere.
        gone: Those that are deleted.
        hidden: Those with images that they may not view; nothing is decided by it, but it lets
            what may not be seen be skipped at once.
        shared: Those that everyone may view who may view the place they ask from.
        veiled: Those that Discord hides until they are clicked (spoiler channels).

    """

    user_id: int
    user_name: str = ""
    role_ids: frozenset[int] = frozenset()
    is_owner: bool = False
    guild_id: int | None = None
    channel_id: int | None = None
    is_alone: bool = False
    places: tuple[int, ...] = ()
    kind: ChannelKind = ChannelKind.NORMAL
    channels: frozenset[int] = frozenset()
    gone: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()
    shared: frozenset[int] = frozenset()
    veiled: frozenset[int] = frozenset()

    @property
    def scene(self) -> Scene:
        """Return whose rules they fall under."""
        here = () if self.channel_id is None else (self.channel_id,)
        return Scene(
            guild_id=self.guild_id,
            user_id=self.user_id,
            role_ids=self.role_ids,
            places=self.places or here,
            kind=self.kind,
        )

    def sees(self, made: Made) -> bool:
        """Tell whether something may be shown to them alone; what may not, does not exist."""
        if made.guild_id != self.guild_id:
            return False
        if self.guild_id is None:
            return made.user_id == self.user_id
        if made.channel_id in self.gone:
            return self.is_moderator or made.user_id == self.user_id
        return made.channel_id in self.channels

    def sees_job(self, origin: Made) -> bool:
        """Tell whether they may know of a waiting job: their own is theirs wherever they are."""
        return origin.user_id == self.user_id or self.sees(origin)

    def may_share(self, made: Made) -> bool:
        """Tell whether something may be shown to everyone in the place they ask from."""
        is_from_here = made.channel_id == self.channel_id or made.channel_id in self.shared
        return self.sees(made) and (self.is_alone or is_from_here)

    def veils(self, made: Made) -> bool:
        """Tell whether something is to be hidden until it is clicked, seen from where they ask."""
        return made.channel_id in self.veiled and made.channel_id != self.channel_id

    def may_moderate(self, made: Made) -> bool:
        """Tell whether they may delete or stop something that others made."""
        return self.sees(made) and made.guild_id is not None and self.moderates(made.channel_id)

    def may_end(self, made: Made) -> bool:
        """Tell whether they may delete or stop something: its requester and moderators may."""
        return made.user_id == self.user_id or self.may_moderate(made)

    @property
    def may_steer_jobs(self) -> bool:
        """Tell whether they may move, pause and clear the jobs of the guild that they ask in."""
        return self.guild_id is not None and self.is_moderator

    @property
    def may_set_rules(self) -> bool:
        """Tell whether the rules of the guild that they ask in are theirs to see and change."""
        return self.guild_id is not None and self.is_manager

    @property
    def may_ban(self) -> bool:
        """Tell whether they may keep members of the guild that they ask in from using the bot."""
        return self.may_steer_jobs or self.may_set_rules

    def may_make_styles(self, *, is_allowed: bool) -> bool:
        """Tell whether they may make styles for the guild that they ask in.

        `is_allowed`: whether its rules let them do so, who is no moderator.
        """
        return self.guild_id is not None and (is_allowed or self.may_ban)

    def may_change_style(self, author_id: int, *, is_allowed: bool) -> bool:
        """Tell whether they may change or remove a style: moderators all, others their own."""
        is_theirs = author_id == self.user_id and self.may_make_styles(is_allowed=is_allowed)
        return self.guild_id is not None and (is_theirs or self.may_ban)

    @property
    def may_set_stars(self) -> bool:
        """Tell whether they may say what a star does in the guild that they ask in."""
        return self.may_steer_jobs

    def may_make_board(self, place: Made) -> bool:
        """Tell whether they may let a channel or a thread of their own become a board."""
        return self.sees(place) and (self.user_id == place.user_id or self.may_moderate(place))
