"""Words from elsewhere are one line, in which nothing is hidden and nothing is live."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest

from bot.discord_ui.formatting import block, code, escaped, escaped_lines
from bot.domain.plain_text import json_line, visible


def test_what_is_hidden_or_steers_is_left_out_and_the_rest_stays():
    assert visible("a\u202eb\u200bc\x1b[31m\x00 \r\n d\ufeff\u2066", 99) == "abc[31m d"
    for words in ("红苹果，水墨", "👨‍👩‍👧 👩🏽‍🚀", "می‌خواهم", "नमस्ते", "Ελλάδα", "a\u0301 é"):
        assert visible(words, 99) == words
    assert visible("z" + "\u0301" * 50, 99) == "z" + "\u0301" * 4
    assert visible("का" + "\u0301\u200d" * 50, 99).count("\u0301") == 4, "no joiner begins a letter"
    assert visible("ab\u200dcd", 99) == "abcd", "joiners between letters that nothing joins"


def test_it_is_cut_with_a_mark_however_long_it_is():
    assert visible("x" * 20, 10) == "x" * 9 + "…"
    assert visible("x" * 10, 10) == "x" * 10
    assert len(visible("\u200b" * 10**6 + "x" * 10**6, 50)) <= 50


def test_every_character_there_is_can_be_shown():
    for start in range(0, sys.maxunicode, 4096):
        shown = visible("".join(map(chr, range(start, min(start + 4096, sys.maxunicode)))), 9999)
        assert not {"Cc", "Cs", "Co", "Cn"} & set(map(unicodedata.category, shown))
        shown.encode()


def test_json_stays_json_and_steers_no_terminal():
    value = {"words": "a\x1b[31m\x9b\u202e\u200b红\ud83d"}
    line = json_line(value)
    assert json.loads(line) == value
    assert "红" in line
    assert not set("\x1b\x9b\u202e\u200b") & set(line)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("# head", "\\# head"),
        ("-# small", "\\-# small"),
        ("> quote", "\\> quote"),
        ("- list\n- list", "\\- list - list"),
        ("12. list", "12\\. list"),
        ("[a](b) [c](d)", "\\[a\\](b) \\[c\\](d)"),
        ("https://a.example", "https\\://a.example"),
        ("<@1> <t:1:R> @here", "\\<@1> \\<t:1:R> @\u200bhere"),
        ("**b** __u__", "\\*\\*b\\*\\* \\_\\_u\\_\\_"),
        ("~~s~~ ||x|| `c`", "\\~\\~s\\~\\~ \\|\\|x\\|\\| \\`c\\`"),
        ("a red apple, 8k (sharp)", "a red apple, 8k (sharp)"),
    ],
)  # fmt: skip
def test_nothing_in_words_is_a_format(words: str, expected: str):
    assert escaped(words) == expected


def test_words_fit_their_room_with_the_marks_that_escape_them():
    for words in ("*" * 5000, "x" * 5000, "[](" * 3000, "שלום " * 900):
        assert len(escaped(words, limit=1000, room=300)) <= 302  # the marks of direction
    assert escaped("abc", room=300) == "abc"


def test_code_and_blocks_end_where_they_end():
    assert code("a`b``c\nd", limit=20) == "`aˋbˋˋc d`"
    assert code("\u200b", limit=20) == "–"
    assert block("a```b", limit=20) == "```\naʼʼʼb\n```"
    assert escaped_lines("# a\n*b*", limit=20) == "\\# a\n\\*b\\*"
