"""The private question before braces draw more than a handful of images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.components import Button
from bot.discord_ui.content import Content
from bot.discord_ui.formatting import escaped
from bot.discord_ui.submission import bot_of, origin_of
from bot.discord_ui.viewers import viewer_here
from bot.domain.batches import Batch
from bot.domain.jobs import now
from bot.domain.requests import ImageRequest
from bot.domain.rules.quota import images
from bot.locales import text

UNASKED: Final = 4  # images that are drawn at once, as by the option count
KIND: Final = "batch"  # of the stored question
ANSWER_TEMPLATE: Final = r"zib:batch:(?P<answer>draw|drop):(?P<form>[a-z0-9]+)"
_NAMED: Final = 6  # combinations that the question names
_LABEL: Final = 60  # characters of each


async def ask(
    interaction: discord.Interaction,
    requests: Sequence[ImageRequest],
    batch: Batch,
    typed: Mapping[str, str],
    options: Mapping[str, Any],
) -> None:
    """Ask whether to draw so many images; what was asked for is kept with the question.

    Raises:
        BotError: They could not be drawn anyway.

    """
    service, viewer = bot_of(interaction).service, viewer_here(interaction)
    await service.jobs.check(requests, origin_of(interaction), viewer=viewer, batch=batch)
    form = await service.forms.open(
        kind=KIND,
        user_id=interaction.user.id,
        title="",
        subject={"typed": dict(typed), "options": dict(options)},
        fields=[],
    )
    lines = [_question(requests, batch, str(interaction.locale))]
    lines += await _cost(interaction, requests)
    view = views.notice("\n".join(lines), row=_buttons(form.id, str(interaction.locale)))
    await Answer.to(interaction).give(Content(view=view))


def _question(requests: Sequence[ImageRequest], batch: Batch, locale: str) -> str:
    labels = [escaped(batch.label(i), limit=_LABEL) for i in range(min(len(requests), _NAMED))]
    if len(requests) > _NAMED:
        labels.append(text("batch_more", locale, count=len(requests) - _NAMED))
    shown = "\n".join(f"-# {label}" for label in labels)
    return text("batch_question", locale, count=len(requests)) + "\n" + shown


async def _cost(interaction: discord.Interaction, requests: Sequence[ImageRequest]) -> list[str]:
    """Return what they take of a quota, where there is one.

    Raises:
        QuotaError: There is not enough left.

    """
    service, viewer = bot_of(interaction).service, viewer_here(interaction)
    state = await service.quotas.state(viewer.scene, viewer=viewer)
    at, cost = now(), service.policy.cost(requests)
    left = []
    for account in (state.member, state.server):
        account.check(cost, at)
        left += [limit.left(account.charges, at) for limit in account.limits]
    if not left:
        return []
    locale = str(interaction.locale)
    return [
        text("batch_cost", locale, images=images(cost, rounded=math.ceil), left=images(min(left)))
    ]


def _buttons(form_id: str, locale: str) -> list[ui.Item[ui.LayoutView]]:
    return [
        Button(
            style=discord.ButtonStyle.primary,
            emoji="🖌️",
            label=text("button_draw_all", locale),
            custom_id=f"zib:batch:draw:{form_id}",
        ),
        Button(label=text("button_cancel", locale), custom_id=f"zib:batch:drop:{form_id}"),
    ]
