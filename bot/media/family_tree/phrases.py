"""How an image came from another one, in a reader's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.domain.jobs import Relation
from bot.domain.lineage import FamilyMember, FieldChange
from bot.locales import is_chinese, text
from bot.media.captions import field_name, value_words

_STRAIGHT: Final = str.maketrans("“”", '""')
WORDS_SHOWN: Final = 40  # characters of a prompt in a change
_WORDS_ON_CARDS: Final = 22  # the same, where there is little room


def relation_words(relation: Relation, locale: str) -> str:
    """Return what a relation is called."""
    return text(f"relation_{relation}", locale)


def change_words(
    change: FieldChange,
    locale: str,
    *,
    shown: Callable[[str], str] = str,
    limit: int = WORDS_SHOWN,
) -> str:
    """Return one change, for example `seed 7 → 12` or `prompt: added “at night”`.

    Args:
        change: What was changed.
        locale: The reader's language.
        shown: Makes a user's words harmless where they are shown.
        limit: Characters of a prompt before and after a change.

    """
    key, sides, name = (
        "change_field",
        (change.before, change.after),
        field_name(change.field, locale),
    )
    if change.field.is_text:
        key = "change_text"
        if not change.before:
            key = "change_text_added"
        elif not change.after:
            key = "change_text_removed"
        before, after = (shown(_short(words, limit)) for words in sides)
    else:
        key = key if change.before else "change_field_added"
        before, after = (value_words(change.field, value, locale) or "–" for value in sides)
        if change.field.has_names:
            before, after = (shown(_short(words, limit)) for words in (before, after))
    return text(key, locale, name=name, before=before, after=after)


def all_changes(member: FamilyMember, parent: FamilyMember | None, locale: str) -> str:
    """Return everything that was changed, in one line.

    A Chinese font's curly quotes are as wide as its letters: English ones are straight here.
    """
    found = member.changes_from(parent)
    words = [change_words(each, locale, limit=_WORDS_ON_CARDS) for each in found]
    return ",".join(words) if is_chinese(locale) else ", ".join(words).translate(_STRAIGHT)


def _short(words: str, limit: int) -> str:
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"
