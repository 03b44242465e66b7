"""Both languages say the same things, and know every error."""

from __future__ import annotations

import re
import string

import pytest

from bot.domain.requests import ImageRequest, ModelRules
from bot.errors import BotError
from bot.locales import command_text, sentence, text
from bot.locales.chinese import CHINESE
from bot.locales.english import ENGLISH
from bot.locales.sentences import _SENTENCES
from bot.services import (
    FIXED_SENTENCE,
    POISON_SENTENCE,
    STOPPING_SENTENCE,
    NotPostableError,
    NotReachedError,
)
from bot.services.delivery import kept_sentence
from bot.services.retries import RetryPolicy


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_have_the_same_texts_with_the_same_values():
    assert ENGLISH.keys() == CHINESE.keys()
    assert {k: fields(v) for k, v in ENGLISH.items()} == {k: fields(v) for k, v in CHINESE.items()}


def test_chinese_is_written_with_its_own_punctuation():
    """Half-width commas and colons between characters are what a typewriter would write."""
    half = re.compile(r"[\u4e00-\u9fff][,:;!?]")
    assert {key: words for key, words in CHINESE.items() if half.search(words)} == {}
    assert not [words for _, words in _SENTENCES if half.search(words)]


@pytest.mark.parametrize(
    "options",
    [
        {"size": "513x512"},
        {"size": "nonsense"},
        {"size": "16x16"},
        {"seed": -1},
        {"prompt": " "},
        {"prompt": "x" * 5000},
        {"quality": "best"},
        {"guidance": 9},
        {"variety": 101},
    ],
)
def test_every_refused_request_is_told_in_chinese(options: dict[str, object]):
    with pytest.raises(BotError) as caught:
        ImageRequest.parse(**{"prompt": "x", "rules": ModelRules(native=256), **options})
    english = caught.value.message
    assert sentence(english, "en-US") == english
    chinese = sentence(english, "zh-CN")
    assert chinese != english
    assert chinese.endswith("。")


def test_taiwan_reads_chinese_and_everyone_else_english():
    assert text("button_edit", "zh-TW") == text("button_edit", "zh-CN")
    assert text("button_edit", "fr") == text("button_edit", "en-US")
    assert command_text("imagine", "fr") is None


@pytest.mark.parametrize(
    "english",
    [
        FIXED_SENTENCE,
        STOPPING_SENTENCE,
        POISON_SENTENCE,
        "Only its requester and moderators can delete it.",
        kept_sentence(["x7k2m"], NotPostableError("403", is_final=True), RetryPolicy()),
        kept_sentence(["x7k2m"], NotReachedError("503"), RetryPolicy()),
        "The queue is full with 100 jobs: try again in a few minutes.",
        "You already have 5 jobs in the queue, and 5 are the limit: wait for one.",
        "The recipe has version 3, this program knows 2: update it.",
        "The recipe has 100001 characters: 100000 are the limit, so it is none of this bot's.",
        "This is no recipe of this bot: it is nested too deeply.",
        "This file is a HEIC photograph, which cannot be read here: save it as a PNG or JPEG.",
        "It was read at 1/2 of its size: 6000x4000 pixels need too much memory.",
        "It is animated: only the first frame was looked at.",
        "Not all text in the file was read: 4 MB are the limit.",
        "Its colour profile is damaged and was ignored.",
        "Its colour profile is damaged or has more than 4 MB, and was ignored.",
        "The prompt has 700 tokens: 504 are the limit, so shorten it by about 28 %.",
    ],
)
def test_what_the_service_says_is_told_in_chinese(english: str):
    assert sentence(english, "zh-CN") != english
