"""What a refusal of Discord's means: its code decides, and the status only where there is none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bot.discord_ui.discord_errors import Refusal, in_one_line, is_forbidden, is_gone, refusal_of


def refused(status: int, code: int | None, words: str = "words") -> discord.HTTPException:
    """Return what discord.py raises for an answer; without a code it is the page of a proxy."""
    answer: Any = SimpleNamespace(status=status, reason="reason")
    body: Any = words if code is None else {"code": code, "message": words}
    return discord.HTTPException(answer, body)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 50083, Refusal.NOT_EDITABLE),
        (400, 50035, Refusal.INVALID),
        (400, 40060, Refusal.DONE),
        (400, 99999, Refusal.INVALID),
        (400, 0, Refusal.PASSING),
        (401, 50027, Refusal.ANSWER_DEAD),
        (403, 160005, Refusal.CLOSED),
        (403, 50001, Refusal.FORBIDDEN),
        (403, 50013, Refusal.FORBIDDEN),
        (403, None, Refusal.PASSING),
        (404, 10003, Refusal.PLACE_GONE),
        (404, 10008, Refusal.MESSAGE_GONE),
        (404, 10015, Refusal.ANSWER_DEAD),
        (413, 40005, Refusal.TOO_LARGE),
        (413, None, Refusal.TOO_LARGE),
        (429, 30046, Refusal.NOT_EDITABLE),
        (429, 20016, Refusal.PASSING),
        (429, 99999, Refusal.PASSING),
        (429, None, Refusal.PASSING),
        (502, None, Refusal.PASSING),
    ],
)
def test_the_code_goes_before_the_status(status: int, code: int | None, expected: Refusal):
    assert refusal_of(refused(status, code)) is expected


@pytest.mark.parametrize("code", [10003, 10004, 10007, 10008, 10013])
def test_what_discord_does_not_know_is_gone(code: int):
    assert is_gone(refused(404, code))


def test_what_discord_forbids_is_told_from_a_page_that_is_in_between():
    answer: Any = SimpleNamespace(status=403, reason="reason")
    for code in (50001, 50007, 50013, 99999):
        assert is_forbidden(discord.Forbidden(answer, {"code": code, "message": "words"}))
    assert not is_forbidden(discord.Forbidden(answer, "<html>Access denied</html>"))
    assert not is_forbidden(discord.HTTPException(answer, {"code": 50035, "message": "words"}))


@pytest.mark.parametrize(("status", "code"), [(404, None), (404, 0), (404, 10015), (403, 50001)])
def test_a_page_a_dead_token_and_a_missing_right_say_nothing_of_that(status: int, code: int | None):
    assert not is_gone(refused(status, code))


def test_a_broken_line_passes_and_a_defect_is_no_refusal():
    for error in (aiohttp.ServerDisconnectedError(), ConnectionResetError(), TimeoutError()):
        assert refusal_of(error) is Refusal.PASSING
    for error in (ZeroDivisionError(), FileNotFoundError("a file of our own")):
        assert refusal_of(error) is None


def test_only_what_may_come_back_is_not_final():
    assert {each for each in Refusal if not each.is_final} == {Refusal.PASSING, Refusal.FORBIDDEN}


def test_the_log_gets_one_short_line_of_a_page():
    page = "<html>\n<head><title>Access denied</title></head>" + "<p>1015</p>" * 100
    line = in_one_line(refused(429, None, page))
    assert "Access denied" in line
    assert len(line) <= 160
    assert not {"<", "\n"} & set(line)
