"""Unwanted words: seen through their disguises, and not seen in words that only hold them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.words import Category, Entry, WordFilter, WordListError, built_in, parse_list
from tests.benchmarks.word_filter.evasions import EVASIONS, MISSED
from tests.benchmarks.word_filter.harmless import COUNT, harmless


@pytest.fixture(scope="module")
def words() -> WordFilter:
    return WordFilter(built_in())


def found(text: str, written: str) -> Entry | None:
    hit = WordFilter(parse_list(written)).find(text)
    return None if hit is None else hit.entry


def test_a_thousand_harmless_prompts_raise_no_alarm(words: WordFilter):
    prompts = harmless()
    assert len(set(prompts)) == COUNT
    assert [each for each in prompts if words.find(each) is not None] == []


def test_disguises_are_seen_through_but_for_those_that_are_known(words: WordFilter):
    assert {each for each in EVASIONS if words.find(each) is None} == MISSED


def test_every_word_of_the_built_in_lists_is_found_and_stands_once(words: WordFilter):
    entries = built_in()
    assert len({each.words for each in entries}) == len(entries)
    for each in entries:
        hit = words.find(f"a picture: {each.words}")
        assert hit is not None, each.written
        assert not any(each.words == phrase for phrase in each.unless)


def test_every_harmless_phrase_of_the_built_in_lists_is_harmless_to_its_word():
    for each in built_in():
        for phrase in each.unless:
            assert WordFilter([each]).find(f"a picture, {phrase}, at dusk") is None, phrase


@pytest.mark.parametrize(
    ("text", "written", "is_found"),
    [
        ("a toad in a hole", "toad", True),
        ("toads", "toad", False),
        ("toads", "toad*", True),
        ("a road toad race", "road toad", True),
        ("a toad on a stool", "toad not toad on a stool", False),
        ("a toad, and a toad on a stool", "toad not toad on a stool", True),
        ("Area51 at night", "area51", True),
        ("область", "область", True),
        ("кот и область", "ОБЛАСТЬ", True),
        ("한국어 금지어", "금지어", True),
        ("青蛙王子", "青蛙", True),
        ("青蛙王子", "青蛙 not 青蛙王子", False),
        ("カエルの王様", "カエル", True),
        ("カエルスープ", "カエル", False),
        ("see onlyfans now", r"/only\s?fans/", True),
        ("toad", "# toad", False),
    ],
)
def test_an_operators_own_list(text: str, written: str, *, is_found: bool):
    assert (found(text, written) is not None) is is_found


def test_a_word_of_ones_own_list_replaces_the_built_in_one():
    own = parse_list("gore not gore vidal, the gore museum")
    assert WordFilter((*built_in(), *own)).find("the gore museum") is None


def test_categories_are_kept():
    entries = parse_list("[violence]\nslime\n[hate]\nslush")
    assert [each.category for each in entries] == [Category.VIOLENCE, Category.HATE]
    assert parse_list("slime")[0].category is Category.OWN


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("toad\n[frogs]", "Line 2 of the list of words names the category '[frogs]': use [sexual]"),
        ("!!!", "Line 1 of the list of words has no letters: '!!!'"),
        ("*", "Line 1 of the list of words has no letters: '*'"),
        ("/(/", "Line 1 of the list of words is no regular expression: "),
        ("/x*/", "Line 1 of the list of words fits every text: 'x*'"),
        ("x" * 501, "Line 1 of the list of words has 501 characters: 500 are the limit"),
        ("toad\n" * 5001, "The list of words has more than 5000 entries"),
    ],
)
def test_a_line_that_is_no_entry_is_named(written: str, sentence: str):
    with pytest.raises(WordListError) as caught:
        parse_list(written)
    assert caught.value.message.startswith(sentence)


def test_an_expression_that_takes_for_ever_is_given_up_and_counts_as_found():
    hit = WordFilter(parse_list(r"/(a|aa)+$/")).find("a" * 60 + "b")
    assert hit is not None
    assert not hit.is_certain


ODD = [
    "",
    "\0",
    "\ud83d",
    "\u200b\u202e" * 150,
    "e\u0301\u0301\u0301" * 70,
    "ﷺﬃ🏳️‍🌈" * 60,
    "(a|a)*" * 50,
]


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_no_odd_text_breaks_it(words: WordFilter, text: str):
    words.find(text)


@pytest.mark.nightly
@given(text=st.text(max_size=300))
def test_no_text_breaks_it(words: WordFilter, text: str):
    words.find(text)
