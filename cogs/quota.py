"""`/quota`: how much somebody may still have drawn, and what moderators let them draw on top."""

from __future__ import annotations

import math
from typing import Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.content import Content
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import user_mention
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.settings.subjects import reader_of
from bot.discord_ui.viewers import place_here, scene_in, viewer_of
from bot.domain.deferrals import Repeat
from bot.domain.jobs import now
from bot.domain.rules import Account, Limit, rule_named
from bot.domain.rules.quota import IMAGE, images, shown_moment
from bot.locales import text
from bot.services.quotas import MAX_GRANT, QuotaState
from bot.services.rule_texts import value_words

_CELLS: Final = 10  # of a bar


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
class Quota(commands.GroupCog, group_name="quota", group_description="How much may be drawn"):
    """See one's own quota, and for moderators those of others; all of it is private."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="See how much you may still have drawn")
    @app_commands.describe(member="Another member's; for moderators")
    async def show(
        self, interaction: discord.Interaction, member: discord.User | None = None
    ) -> None:
        """Show a bar for each limit, in this channel."""
        place = place_here(interaction)
        if place is None:
            raise RefusalError("place_unknown")
        who, viewer = member or interaction.user, await viewer_of(interaction)
        await defer(interaction, repeat=Repeat.UNANSWERED)
        scene = await scene_in(self._bot, who, place)
        state = await self._bot.service.quotas.state(scene, viewer=viewer)
        locale = str(interaction.locale)
        name = text("quota_you", locale) if who == interaction.user else user_mention(who.id)
        lines = quota_lines(state, name, interaction)
        await Answer.to(interaction).give(Content(view=views.notice("\n".join(lines))))

    @app_commands.command(description="Let a member have more images drawn; for moderators")
    @app_commands.describe(member="Which member", images="How many images more")
    async def grant(
        self,
        interaction: discord.Interaction,
        member: discord.User,
        images: app_commands.Range[int, 1, MAX_GRANT],
    ) -> None:
        """Grant images on top of every limit that a member has."""
        viewer, reader = await viewer_of(interaction), reader_of(interaction)
        await defer(interaction)
        await self._bot.service.quotas.grant(member.id, images, viewer=viewer)
        count = value_words(rule_named("quota_day"), images, reader)
        user = user_mention(member.id)
        words = text("quota_granted", reader.locale, user=user, count=count)
        await Answer.to(interaction).give(Content(view=views.notice(words)))


def quota_lines(state: QuotaState, who: str, interaction: discord.Interaction) -> list[str]:
    """Return what somebody may have drawn, limit by limit."""
    reader = reader_of(interaction)
    locale = reader.locale
    own = [bar(state.member, each, locale) for each in state.member.limits]
    shared = [bar(state.server, each, locale) for each in state.server.limits]
    lines = own + [text("quota_all", locale, line=each) for each in shared]
    title = text("quota_title", locale, who=who)
    found = [title, *lines, text("quota_counts", locale)]
    if not lines:
        found = [text("quota_unlimited", locale, who=who)]
    if state.pause_s:
        seconds = value_words(rule_named("slow_mode"), state.pause_s, reader)
        found.append(text("quota_slow", locale, seconds=seconds))
    return found


def bar(account: Account, limit: Limit, locale: str) -> str:
    """Return how much of a limit is used, as a bar and in words; what was granted adds to it."""
    at = now()
    used, left = limit.used(account.charges, at), limit.left(account.charges, at)
    total = used + max(left, 0)
    filled = _CELLS if total == 0 else math.ceil(_CELLS * used / total)
    window = limit.name.rpartition("_")[2]
    return text(
        "quota_bar",
        locale,
        bar="▓" * filled + "░" * (_CELLS - filled),
        used=images(used),
        limit=images(total),
        window=text(f"quota_window_{window}", locale),
        room=_room(account, limit, locale),
    )


def _room(account: Account, limit: Limit, locale: str) -> str:
    at = now()
    left = limit.left(account.charges, at)
    if left >= IMAGE:
        return text("quota_room", locale, left=images(left))
    free_at = limit.free_at(account.charges, IMAGE, at)
    if free_at is None:
        return text("quota_never", locale)
    return text("quota_full", locale, when=shown_moment(free_at))


async def setup(bot: ImageBot) -> None:
    """Add the commands."""
    await bot.add_cog(Quota(bot))
