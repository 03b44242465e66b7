"""The people of the simulated Discord: what they set up, do, wait for and see."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import discord
from simcord import actors
from simcord.actors import MemberActor
from simcord.backend.models import Overwrite
from simcord.builders import ChannelHandle, GuildHandle, UserHandle
from simcord.enums import ChannelType, OverwriteType
from simcord.results import InteractionResult

from tests.support.channel_kinds import mark_channel
from tests.support.discord_env import ids_of
from tests.support.discord_server.backend import WireBackend
from tests.support.discord_server.clock import PATIENCE_S
from tests.support.discord_server.world import Seen, World

Person = MemberActor | UserHandle


class NotAnsweredError(Exception):
    """The application did not respond."""


class People:
    """Set up guilds and people, and let them act; waiting is for events, never for time."""

    def __init__(self, backend: WireBackend) -> None:
        self.world: Any = World(backend)
        self._backend = backend
        self._until = backend.changes.until

    # Places and people

    def guild(self, name: str = "Town", *, locale: str = "en-US", boost: int = 0) -> GuildHandle:
        """Create a guild the bot is in."""
        made = self._backend.create_guild(name, preferred_locale=locale)
        if boost:
            self.boost(made.id, boost)
        return GuildHandle(self.world, made)

    def member(
        self,
        guild: GuildHandle,
        name: str,
        *,
        permissions: discord.Permissions | None = None,
        locale: str = "en-US",
    ) -> MemberActor:
        """Create somebody in a guild, with a role of their own where they may do more."""
        roles = []
        if permissions is not None:
            roles.append(guild.create_role(f"{name}'s", permissions=permissions))
        return guild.add_member(self.user(name, locale=locale), roles=roles)

    def user(self, name: str, *, locale: str = "en-US") -> UserHandle:
        """Create somebody who is in no guild; they reach the bot by direct message."""
        user = UserHandle(self.world, self._backend.make_user(name))
        self._backend.locales[user.id] = locale
        return user

    def thread(
        self, parent: ChannelHandle, name: str, owner: MemberActor, *, private: bool = False
    ) -> ChannelHandle:
        """Open a thread in a channel."""
        kind = ChannelType.PRIVATE_THREAD if private else ChannelType.PUBLIC_THREAD
        made = self._backend.create_thread(parent.id, name, owner.id, type=kind)
        return ChannelHandle(self.world, parent.guild, made)

    def archive(self, thread_id: int, *, locked: bool = False) -> bool:
        """Archive a thread, or lock it, too; say whether it was one that was open."""
        metadata = self._backend.get_channel(thread_id).thread_metadata
        if metadata is None or metadata.archived:
            return False
        changes = {"archived": True, "locked": locked}
        self._backend.edit_channel(thread_id, {}, thread_metadata=changes)
        return True

    def boost(self, guild_id: int, level: int) -> None:
        """Give a guild a boost level, which decides how large its files may be."""
        self._backend.boosts[guild_id] = level
        self._backend.edit_guild(guild_id, {})

    def limit_uploads(self, place_id: int, limit_bytes: int, *, told: bool = True) -> None:
        """Set how large a file may be in a channel or guild, and whether interactions say so."""
        self._backend.limits[place_id] = limit_bytes
        if not told:
            self._backend.hidden_limits.add(place_id)

    def mark(self, channel: ChannelHandle, *, nsfw: bool = False, is_spoiler: bool = False) -> None:
        """Make a channel age-restricted or a spoiler channel, or plain again."""
        mark_channel(self._backend, channel.id, nsfw=nsfw, is_spoiler=is_spoiler)

    def forbid(self, channel_id: int, *permissions: str) -> None:
        """Take permissions from the bot in one channel."""
        denied = discord.Permissions(**dict.fromkeys(permissions, True)).value
        bot_id = self._backend.bot_user.id
        overwrite = Overwrite(target_id=bot_id, type=OverwriteType.MEMBER, deny=denied)
        self._backend.set_overwrite(channel_id, overwrite)

    def hide(self, channel: ChannelHandle) -> None:
        """Let nobody but the bot view a channel."""
        shut = discord.Permissions(view_channel=True).value
        everyone = Overwrite(channel.guild.id, OverwriteType.ROLE, deny=shut)
        self._backend.set_overwrite(channel.id, everyone)
        bot = Overwrite(self._backend.bot_user.id, OverwriteType.MEMBER, allow=shut)
        self._backend.set_overwrite(channel.id, bot)

    def allow_again(self, channel_id: int) -> None:
        """Give the bot back what `forbid` took."""
        self._backend.delete_overwrite(channel_id, self._backend.bot_user.id)

    # What people do

    async def slash(
        self, who: Person, channel: ChannelHandle, name: str, /, **options: Any
    ) -> InteractionResult:
        """Run a slash command; return at once, without waiting for the bot."""
        return await actors._slash(who, channel, name, options)

    async def press(
        self, who: Person, message: Seen, label: str | None = None, *, custom_id: str | None = None
    ) -> InteractionResult:
        """Press one button."""
        return await actors._component_click(who, message, label=label, custom_id=custom_id)

    async def choose(
        self, who: Person, message: Seen, custom_id: str, values: Sequence[str]
    ) -> InteractionResult:
        """Choose from a select."""
        return await actors._component_select(who, message, values, custom_id=custom_id)

    async def menu(
        self, who: MemberActor, channel: ChannelHandle, name: str, target: Seen | MemberActor
    ) -> InteractionResult:
        """Run a command of the context menu of a message or a member."""
        return await who.context_menu(channel, name, target)

    async def fill_in(
        self, who: Person, shown: InteractionResult, values: Mapping[str, Any]
    ) -> InteractionResult:
        """Submit a form the bot has shown."""
        return await who.submit_modal(shown, dict(values))

    async def complete(
        self, who: Person, channel: ChannelHandle, name: str, option: str, typed: str
    ) -> list[dict[str, Any]]:
        """Type into an option, and return what the bot offers."""
        asked = await actors._autocomplete_result(who, channel, name, option, typed, {})
        await self.answered(asked)
        return asked.autocomplete_choices or []

    def say(self, who: Person, channel: ChannelHandle, content: str) -> Seen:
        """Post a message of one's own."""
        return Seen(self.world, self._backend.create_message(channel.id, who.id, content))

    def delete(self, message: Seen) -> None:
        """Remove a message, as a moderator would."""
        self._backend.delete_message(message.channel_id, message.id)

    def delete_channel(self, channel: ChannelHandle) -> None:
        self._backend.delete_channel(channel.id)

    # What people see

    def messages(self, channel: ChannelHandle, *, viewer: Person | None = None) -> list[Seen]:
        """Return a channel's messages as one person sees them, oldest first."""
        who = None if viewer is None else viewer.id
        stored = sorted(self._backend.messages.get(channel.id, {}).values(), key=lambda m: m.id)
        return [Seen(self.world, each) for each in stored if each.visible_to(who)]

    def with_images(self, channel: ChannelHandle, *, count: int | None = None) -> list[Seen]:
        """Return the messages that show images: so many, or any number."""
        shown = [message for message in self.messages(channel) if message.images]
        return [each for each in shown if count is None or len(each.images) == count]

    def posted(self) -> Counter[str]:
        """Return how many messages show each image, by the image's id, in all channels."""
        return Counter(
            image
            for stored in self._backend.messages.values()
            for message in stored.values()
            for image in ids_of(message)
        )

    def response(self, asked: InteractionResult) -> Seen | None:
        """Return the first answer to an interaction, as it stands now."""
        found = asked.response
        return None if found is None else Seen(self.world, found._message)

    def followups(self, asked: InteractionResult) -> list[Seen]:
        return [Seen(self.world, each._message) for each in asked.followups]

    # What people wait for

    async def answered(self, asked: InteractionResult) -> Seen | None:
        """Wait for the first answer; return its message, where it has one.

        Raises:
            NotAnsweredError: None came within 3 s of the server's time.

        """
        clock = self._backend.clock
        deadline = dt.datetime.fromisoformat(asked._interaction.initial_response_deadline)
        while not asked.acknowledged:
            left = (deadline - clock.now()).total_seconds()
            if left <= 0:
                raise NotAnsweredError("The application did not respond")
            await self._backend.changes.within(left)
        return self.response(asked)

    async def image(
        self, asked: InteractionResult, *, count: int = 1, timeout_s: float = PATIENCE_S
    ) -> Seen:
        """Wait until the answer to an interaction shows so many images."""

        def look() -> Seen | None:
            found = self.response(asked)
            return found if found is not None and len(found.images) == count else None

        return await self._until(look, timeout_s=timeout_s, what=f"the answer with {count} images")

    async def images(
        self, channel: ChannelHandle, messages: int = 1, *, timeout_s: float = PATIENCE_S
    ) -> list[Seen]:
        """Wait until so many messages of a channel show images."""

        def look() -> list[Seen] | None:
            found = self.with_images(channel)
            return found if len(found) >= messages else None

        return await self._until(look, timeout_s=timeout_s, what=f"{messages} messages with images")

    async def text(
        self, channel: ChannelHandle, part: str, *, viewer: Person | None = None
    ) -> Seen:
        """Wait until a message of a channel says something, and return the newest that does."""

        def look() -> Seen | None:
            shown = [each for each in self.messages(channel, viewer=viewer) if part in each.text]
            return shown[-1] if shown else None

        return await self._until(look, what=f"a message with {part!r}")

    async def edited(self, message: Seen) -> Seen:
        """Wait until a message is no longer as it is now."""
        before = (message.text, message.components, message.attachments)

        def look() -> bool:
            now = Seen(self.world, self._backend.get_message(message.channel_id, message.id))
            return (now.text, now.components, now.attachments) != before

        await self._until(look, what=f"an edit of message {message.id}")
        return Seen(self.world, self._backend.get_message(message.channel_id, message.id))
