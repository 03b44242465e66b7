"""From an interaction to a job: who asks, from where, and for what."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.discord_ui.client import ImageBot
from bot.discord_ui.formatting import escaped
from bot.discord_ui.hints import give_hints
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.replies import DiscordReply
from bot.discord_ui.viewers import scene_here, viewer_here, viewer_of
from bot.domain.batches import Batch, Comparison
from bot.domain.drawing import RawImage
from bot.domain.jobs import Generation, JobSource, Relation
from bot.domain.lineage import relation_of
from bot.domain.plain_text import plain_text
from bot.domain.requests import Axis, ImageRequest
from bot.media.captions import idle_notes, trigger_notes

TRIGGERS_HINT = "lora:"  # and the beginning of its hash: which trigger words it has
HINT_DIGITS = 16


def bot_of(interaction: discord.Interaction) -> ImageBot:
    """Return the bot an interaction came to."""
    assert isinstance(interaction.client, ImageBot)
    return interaction.client


def origin_of(interaction: discord.Interaction) -> JobSource:
    """Return where a job comes from and how it is answered."""
    assert interaction.channel_id is not None
    scene = scene_here(interaction)
    return JobSource(
        guild_id=scene.guild_id,
        channel_id=interaction.channel_id,
        user_id=interaction.user.id,
        user_name=plain_text(interaction.user.display_name),
        locale=str(interaction.locale),
        application_id=interaction.application_id,
        token=interaction.token,
        expires_at=interaction.expires_at,
        upload_limit=interaction.filesize_limit,
        channel_kind=scene.kind,
        role_ids=scene.role_ids,
        places=scene.places,
    )


def public_locale(interaction: discord.Interaction) -> str:
    """Return the language of an answer that everyone here reads."""
    own = str(interaction.locale)
    return bot_of(interaction).service.policy.language(scene_here(interaction)) or own


async def find(interaction: discord.Interaction, ids: Sequence[str]) -> list[Generation]:
    """Return the images of these ids, as far as they may be seen from here.

    Raises:
        RefusalError: One is gone, or of another place; the two are not told apart.

    """
    service, viewer = bot_of(interaction).service, await viewer_of(interaction)
    found = []
    for id_ in ids:
        generation = await service.images.find(id_, viewer=viewer)
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
    found = await bot_of(interaction).service.images.find_deletable(
        ids, viewer=await viewer_of(interaction)
    )
    if not found:
        raise RefusalError("not_found", id=ids[0])
    return found


async def still_there(interaction: discord.Interaction, ids: Sequence[str]) -> list[Generation]:
    """Return those images of these ids that may be seen from here; perhaps none."""
    viewer = await viewer_of(interaction)
    return await bot_of(interaction).service.images.find_all(ids, viewer=viewer)


async def before_upscaling(
    interaction: discord.Interaction, generations: Sequence[Generation]
) -> list[Generation]:
    """Return the images that upscaled ones were made from, and the others as they are.

    Raises:
        RefusalError: One was made from a picture that was handed in, so it has no words of its own,
            or from an image that is not there any more.

    """
    found = []
    for each in generations:
        image = each
        while image.request.is_upscaled:
            if image.parent_id is None:
                raise RefusalError("upscale_no_words", id=image.id)
            there = await still_there(interaction, [image.parent_id])
            if not there:
                raise RefusalError("upscale_parent_gone", id=image.id)
            [image] = there
        found.append(image)
    return found


async def comparison_of(
    interaction: discord.Interaction, generations: Sequence[Generation]
) -> Comparison:
    """Return what the images of one sheet have to do with each other."""
    viewer, ids = await viewer_of(interaction), [each.id for each in generations]
    return await bot_of(interaction).service.images.comparison(ids, viewer=viewer)


async def check_shareable(
    interaction: discord.Interaction, generations: Sequence[Generation]
) -> bool:
    """Refuse what not everyone here may see; return whether any of it is hidden by its channel.

    Raises:
        RefusalError: It comes from a channel that not everyone here may view.

    """
    if not generations:
        return False
    viewer = await viewer_of(interaction)
    for each in generations:
        if not viewer.may_share(each):
            raise RefusalError("not_for_here", id=each.id)
    return any(map(viewer.veils, generations))


async def submit(  # noqa: PLR0913 - what a job is made of
    interaction: discord.Interaction,
    requests: Sequence[ImageRequest],
    *,
    parents: Sequence[Generation] = (),
    spoiler: bool = False,
    axis: Axis | None = None,
    sources: Sequence[RawImage] = (),
    batch: Batch | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Hand a job to the service, which writes it down and has it acknowledged.

    Its images are for everyone here: those that they come from must be, too. What Discord hides
    until it is clicked where they come from, stays hidden.

    Args:
        interaction: Who asks, from where.
        requests: The images.
        parents: The image that each of them comes from, in their order, or none.
        spoiler: Whether they are hidden until they are clicked.
        axis: What differs between them, where they are a comparison.
        sources: Pictures that they begin with, as far as those were handed in.
        batch: What they have to do with each other, where braces or a file asked for them.
        notes: What else their user is to know.

    Raises:
        RefusalError: Not everyone here may see one of those that they come from.
        UnansweredError: Discord did not take the acknowledgement; the job is withdrawn.

    """
    is_veiled = await check_shareable(interaction, parents)
    origin = origin_of(interaction)
    reply = DiscordReply.to_interaction(interaction, origin)
    await bot_of(interaction).service.jobs.submit(
        tuple(requests),
        origin,
        viewer=await viewer_of(interaction) if parents else viewer_here(interaction),
        reply=reply,
        parents=[parent.id for parent in parents],
        relation=_relation(requests, parents),
        spoiler=spoiler or is_veiled,
        axis=axis,
        sources=sources,
        batch=batch,
    )
    known, locale = [parent.request for parent in parents], str(interaction.locale)
    loras = bot_of(interaction).service.loras.all
    triggers = trigger_notes(requests, loras, locale, shown=escaped)
    old = {each.prompt for each in known}
    await give_hints(
        interaction,
        dict.fromkeys(each.prompt for each in requests if each.prompt not in old),
        notes=[*notes, *idle_notes(requests, locale, known=known)],
        once={f"{TRIGGERS_HINT}{sha[:HINT_DIGITS]}": words for sha, words in triggers.items()},
    )


def _relation(requests: Sequence[ImageRequest], parents: Sequence[Generation]) -> Relation:
    """Return how the images of a job come from theirs; where that differs, it is an edit."""
    if not parents:
        return relation_of(None, requests[0])
    pairs = zip(parents, requests, strict=True)
    relations = {relation_of(parent.request, request) for parent, request in pairs}
    return relations.pop() if len(relations) == 1 else "edit"
