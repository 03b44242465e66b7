"""Words on the cards of a family: both languages, and nothing as an empty box."""

from __future__ import annotations

from bot.media.family_tree.type_lines import cut, width_of, wrapped


def test_what_cannot_be_written_is_named():
    assert cut("🂡 cat", 20, width=1000) == "[playing card ace of spades] cat"
    assert wrapped("红苹果 🚀 𠀀", 20, width=1000, lines=2) == ["红苹果 🚀 [U+20000]"]


def test_words_that_are_too_long_are_cut_with_a_mark():
    assert cut("一只红色的苹果在桌子上", 20, width=90).endswith("…")
    assert width_of(cut("a very long prompt indeed", 20, width=90), 20) <= 90
