"""Families as pictures: where the cards stand, what is written on them, and the drawing itself."""

from bot.media.family_tree.phrases import all_changes, change_words, relation_words
from bot.media.family_tree.tree import FamilyTree, draw_family

__all__ = ["FamilyTree", "all_changes", "change_words", "draw_family", "relation_words"]
