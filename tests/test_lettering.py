"""Words on pictures: English and Chinese, and nothing as an empty box."""

from __future__ import annotations

import pytest

from bot.portrait.lettering import cut, font, legible, width_of, wrapped


@pytest.mark.parametrize(
    "words", ["a red apple → b", "红苹果，简体", "漢字繁體", "Größe été Привет", "カナ"]
)
def test_every_letter_of_both_languages_can_be_written(words: str):
    assert legible(words) == words
    box = font(20).getmask("\uffff")
    for letter in words.replace(" ", ""):
        assert bytes(font(20).getmask(letter)) != bytes(box), letter


def test_what_cannot_be_written_is_left_out():
    assert legible("a 🐱 cat 🚀") == "a cat"
    assert wrapped("🐱🐱", 20, width=100, lines=2) == []
    assert cut("🐱 cat", 20, width=100) == "cat"


def test_words_that_are_too_long_are_cut_with_a_mark():
    assert cut("一只红色的苹果在桌子上", 20, width=90).endswith("…")
    assert width_of(cut("a very long prompt indeed", 20, width=90), 20) <= 90
