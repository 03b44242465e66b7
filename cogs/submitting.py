"""From an interaction to a job: who asks, from where, and for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import discord

from bot.client import ImageBot, RefusalError
from bot.generation import GenerationRequest, seed_after
from bot.jobs import Generation, Origin, Relation, Scope
from bot.lineage import relation_of
from bot.plain_text import plain_text
from bot.variations import Axis
from cogs.hints import give_hints
from cogs.replies import DiscordReply


def bot_of(interaction: discord.Interaction) -> ImageBot:
    """Return the bot an interaction came to."""
    assert isinstance(interaction.client, ImageBot)
    return interaction.client


def origin_of(interaction: discord.Interaction) -> Origin:
    """Return where a job comes from and how it is answered."""
    assert interaction.channel_id is not None
    return Origin(
        guild_id=guild_of(interaction),
        channel_id=interaction.channel_id,
        user_id=interaction.user.id,
        user_name=plain_text(interaction.user.display_name),
        locale=str(interaction.locale),
        application_id=interaction.application_id,
        token=interaction.token,
        expires_at=interaction.expires_at,
        upload_limit=interaction.filesize_limit,
    )


def guild_of(interaction: discord.Interaction) -> int | None:
    """Return the guild that images made here belong to; None where they are their user's own.

    Where somebody brought the bot along as a user-installed app, the guild has not invited it, and
    its members need not see each other's images.
    """
    is_brought_along = interaction.is_user_integration() and not interaction.is_guild_integration()
    return None if is_brought_along else interaction.guild_id


def scope_of(interaction: discord.Interaction) -> Scope:
    """Return what the user may see from here: this guild's images, or their own."""
    guild_id = guild_of(interaction)
    return Scope(user_id=interaction.user.id) if guild_id is None else Scope(guild_id=guild_id)


def is_moderator(interaction: discord.Interaction) -> bool:
    """Return whether the user may manage other people's messages in this guild channel."""
    return guild_of(interaction) is not None and interaction.permissions.manage_messages


def series(first: GenerationRequest, count: int) -> list[GenerationRequest]:
    """Return `count` requests whose seeds count upwards, from 0 again behind the last seed."""
    return [replace(first, seed=seed_after(first.seed, i)) for i in range(count)]


async def find(interaction: discord.Interaction, ids: Sequence[str]) -> list[Generation]:
    """Return the images of these ids, as far as they may be seen from here.

    Raises:
        RefusalError: One is gone, or of another place; the two are not told apart.

    """
    service, scope = bot_of(interaction).service, scope_of(interaction)
    found = []
    for id_ in ids:
        generation = await service.generation(id_, scope=scope)
        if generation is None:
            raise RefusalError("not_found", id=id_)
        found.append(generation)
    return found


async def find_some(interaction: discord.Interaction, ids: Sequence[str]) -> list[Generation]:
    """Return those images of a message that are still there.

    Raises:
        RefusalError: None of them is, or they are of another place.

    """
    there = await still_there(interaction, ids)
    if not there:
        raise RefusalError("not_found", id=ids[0])
    return there


async def find_to_delete(interaction: discord.Interaction, ids: Sequence[str]) -> list[Generation]:
    """Return the images of a message, also deleted ones: it still shows them, so it has to go.

    Raises:
        RefusalError: None of them may be seen from here.

    """
    found = await bot_of(interaction).service.deletable(ids, scope=scope_of(interaction))
    if not found:
        raise RefusalError("not_found", id=ids[0])
    return found


async def still_there(interaction: discord.Interaction, ids: Sequence[str]) -> list[Generation]:
    """Return those images of these ids that may be seen from here; perhaps none."""
    service, scope = bot_of(interaction).service, scope_of(interaction)
    found = [await service.generation(id_, scope=scope) for id_ in ids]
    return [generation for generation in found if generation is not None]


async def axis_of(
    interaction: discord.Interaction, generations: Sequence[Generation]
) -> Axis | None:
    """Return what differs between images that are a comparison; None for any others."""
    job_ids = {generation.job_id for generation in generations}
    if len(generations) == 1 or len(job_ids) > 1:
        return None
    job = await bot_of(interaction).service.job(job_ids.pop())
    return None if job is None else job.axis


async def submit(
    interaction: discord.Interaction,
    requests: Sequence[GenerationRequest],
    *,
    parents: Sequence[Generation] = (),
    spoiler: bool = False,
    axis: Axis | None = None,
) -> None:
    """Hand a job to the service, which writes it down and has it acknowledged.

    Args:
        interaction: Who asks, from where.
        requests: The images.
        parents: The image that each of them comes from, in their order, or none.
        spoiler: Whether they are hidden until they are clicked.
        axis: What differs between them, where they are a comparison.

    """
    origin = origin_of(interaction)
    reply = DiscordReply.to_interaction(interaction, origin)
    await bot_of(interaction).service.submit(
        tuple(requests),
        origin,
        reply=reply,
        parents=[parent.id for parent in parents],
        relation=_relation(requests, parents),
        spoiler=spoiler,
        axis=axis,
    )
    known = {parent.request.prompt for parent in parents}
    await give_hints(
        interaction, dict.fromkeys(each.prompt for each in requests if each.prompt not in known)
    )


def _relation(requests: Sequence[GenerationRequest], parents: Sequence[Generation]) -> Relation:
    """Return how the images of a job come from theirs; where that differs, it is an edit."""
    if not parents:
        return "imagine"
    pairs = zip(parents, requests, strict=True)
    relations = {relation_of(parent.request, request) for parent, request in pairs}
    return relations.pop() if len(relations) == 1 else "edit"
