"""What stands under images: few buttons that a phone shows in one row, and a menu of the rest."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import ui

from bot.discord_ui.components import IMAGE_ACTIONS, image_rows
from bot.domain.jobs import Generation
from bot.domain.requests import ImageRequest, Size
from bot.media.kit.typography import drawable, length

# CSS pixels, measured in a page of 390: what a message leaves for a row, and what a button has
# beside its words.
ROOM, PADDING, SIGN, GAP, LETTERS = 268, 32, 26, 8, 14


def generations(count: int) -> list[Generation]:
    request = ImageRequest(
        prompt="a red apple", seed=4_294_967_000, size=Size(width=512, height=512)
    )
    one = Generation(
        id="k3x9a2b",
        job_id="j",
        index=0,
        request=request,
        path=Path("a.png"),
        pixel_sha256="0" * 64,
        conditions={},
        durations_s={},
        user_id=1,
        guild_id=1,
        parent_id=None,
        created_at=dt.datetime.now(dt.UTC),
    )
    return [dataclasses.replace(one, id=f"k3x9{i:03}", index=i) for i in range(count)]


def width(row: list[Any]) -> float:
    words = sum(length(drawable(each.label), LETTERS) + PADDING for each in row)
    return words + SIGN * sum(each.emoji is not None for each in row) + GAP * (len(row) - 1)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("count", [1, 2, 4, 5, 9, 10, 25])
@pytest.mark.parametrize("is_sheet", [False, True])
def test_every_row_fits_a_phone_and_the_message_discord(locale: str, count: int, *, is_sheet: bool):
    rows = image_rows(generations(count), locale, in_guild=True, is_sheet=is_sheet)
    assert len(rows) <= 4
    for row in rows:
        ui.ActionRow(*row)
        for each in row:
            assert len(each.custom_id or "") <= 100
        if isinstance(row[0], ui.Button):
            assert width(row) <= ROOM, [each.label for each in row]
    ids = [each.custom_id for row in rows for each in row]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("is_draft", [False, True])
def test_one_image_has_one_blue_button_and_everything_else_in_the_menu(
    locale: str, *, is_draft: bool
):
    buttons, [menu] = image_rows(generations(1), locale, in_guild=True, is_draft=is_draft)
    assert 2 <= len(buttons) <= 3
    assert width(buttons) <= ROOM
    styles = [each.style for each in buttons]
    assert styles.count(discord.ButtonStyle.primary) == 1
    assert styles[0] is discord.ButtonStyle.primary
    assert isinstance(menu, ui.Select)
    assert all(each.description and each.emoji for each in menu.options)
    shown = {(each.custom_id or "").split(":")[1] for each in buttons}
    shown |= {each.value for each in menu.options}
    assert shown == {each.name for each in IMAGE_ACTIONS if is_draft or not each.of_draft}
