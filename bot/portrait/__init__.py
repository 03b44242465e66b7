"""Families as pictures: where the cards stand, what is written on them, and the drawing itself."""

from bot.portrait.drawing import Portrait, draw_family
from bot.portrait.wording import all_changes, change_words, relation_words

__all__ = ["Portrait", "all_changes", "change_words", "draw_family", "relation_words"]
