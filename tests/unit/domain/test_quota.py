"""How much may still be drawn, in windows that slide."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.requests import ImageRequest, Quality, Size
from bot.domain.rules import Account, Charge, Limit, QuotaError, cost_of
from bot.domain.rules.quota import DAY, HOUR, IMAGE, images

NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
USUAL = Size(width=1024, height=1024)


def ago(minutes: int, cost: int = IMAGE) -> Charge:
    return Charge(at=NOON - dt.timedelta(minutes=minutes), cost=cost)


def limit(images: int, **more: object) -> Limit:
    return Limit(name="quota_hour", window=HOUR, cost=images * IMAGE, **more)  # type: ignore[arg-type]


def test_what_was_drawn_within_the_window_counts():
    charges = [ago(0), ago(59), ago(60), ago(61)]
    assert limit(5).left(charges, NOON) == 3 * IMAGE


def test_a_clock_that_is_set_back_gives_no_room():
    assert limit(1).left([ago(-5)], NOON) == 0


def test_there_is_room_again_when_the_oldest_leaves_the_window():
    charges = [ago(10), ago(50)]
    assert limit(2).free_at(charges, IMAGE, NOON) == NOON + dt.timedelta(minutes=10)
    assert limit(2).free_at(charges, 2 * IMAGE, NOON) == NOON + dt.timedelta(minutes=50)
    assert limit(2).free_at(charges, 3 * IMAGE, NOON) is None
    assert limit(3).free_at(charges, IMAGE, NOON) == NOON


def test_what_is_left_of_the_window_before_is_carried_up_to_a_part():
    carrying = limit(4, carried=2 * IMAGE)
    assert carrying.left([], NOON) == 6 * IMAGE
    assert carrying.left([ago(70), ago(80), ago(90)], NOON) == 5 * IMAGE
    assert carrying.left([ago(70)] * 9, NOON) == 4 * IMAGE


def test_a_grant_counts_in_the_windows_it_was_given_in():
    assert limit(2).left([ago(5), ago(6), ago(1, -3 * IMAGE)], NOON) == 3 * IMAGE
    assert limit(2).left([ago(61, -3 * IMAGE)], NOON) == 2 * IMAGE


def test_the_sentence_says_how_much_is_left_and_when_there_is_room():
    account = Account(limits=(limit(2),), charges=(ago(10), ago(50, 500)))
    with pytest.raises(QuotaError) as refused:
        account.check(IMAGE, NOON)
    at = int((NOON + dt.timedelta(minutes=10)).timestamp())
    assert refused.value.message == (
        f"You have 0.5 left of 2 images an hour, and this takes 1: there is room again <t:{at}:R>."
    )
    account.check(500, NOON)


def test_of_several_limits_the_one_that_lasts_longest_is_told():
    day = Limit(name="quota_day", window=DAY, cost=IMAGE)
    account = Account(limits=(limit(1), day), charges=(ago(10),))
    assert account.short_of(IMAGE, NOON) == day


def test_an_image_costs_what_it_takes():
    def cost(size: Size, quality: Quality = Quality.STANDARD, guidance: float = 0.0) -> int:
        request = ImageRequest(
            prompt="x", seed=1, size=size, quality=quality, guidance_scale=guidance
        )
        return cost_of(request, USUAL)

    assert cost(USUAL) == IMAGE
    assert cost(USUAL, guidance=1.5) == 2 * IMAGE
    assert cost(Size(width=512, height=512)) == IMAGE // 4
    assert cost(USUAL, Quality.DRAFT) == IMAGE * 7 // 8
    assert cost(Size(width=2048, height=2048), Quality.FINAL) == 4500


def test_an_upscaled_image_costs_little_alone_and_its_forwards_with_detail():
    def cost(side: int, strength: int) -> int:
        size = Size(width=side, height=side)
        request = ImageRequest(prompt="x", seed=1, size=size)
        return cost_of(request.upscaled_from("0" * 64, size, strength=strength), USUAL)

    assert cost(2048, 0) == IMAGE // 8
    assert cost(4096, 0) == IMAGE // 2
    assert cost(4096, 35) == 6 * IMAGE + IMAGE // 2, (
        "two forwards over 16 times the tokens, in tiles"
    )


@pytest.mark.parametrize(("cost", "shown"), [(0, "0"), (99, "0"), (500, "0.5"), (12_340, "12.3")])
def test_costs_are_shown_as_images(cost: int, shown: str):
    assert images(cost) == shown


def waits_as_long_as_told(drawn: list[tuple[int, int]], most: int) -> bool:
    charges = [ago(minutes, cost * IMAGE) for minutes, cost in drawn]
    rule = limit(most, carried=IMAGE)
    free_at = rule.free_at(charges, IMAGE, NOON)
    return free_at is not None and rule.left(charges, free_at) >= IMAGE


@pytest.mark.parametrize("most", [1, 2, 9])
@pytest.mark.parametrize(
    "drawn", [[], [(0, 3)], [(10, 1), (50, 1), (70, 3), (119, 2)], [(59, 1), (60, 1), (61, 1)]]
)
def test_who_waits_as_long_as_told_has_room(drawn: list[tuple[int, int]], most: int):
    assert waits_as_long_as_told(drawn, most)


@pytest.mark.nightly  # hypothesis reads all of our source before its first example
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 3)), max_size=30), st.integers(1, 9))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_whatever_was_drawn_who_waits_has_room(drawn: list[tuple[int, int]], most: int):
    assert waits_as_long_as_told(drawn, most)
