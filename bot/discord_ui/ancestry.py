"""The line of descent in a recipe: from the first image to this one, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from bot.discord_ui.formatting import escaped, shortened
from bot.domain.lineage import Ancestry, FamilyMember, Presence
from bot.locales import text
from bot.media.family_tree import change_words, relation_words

STEP_CHARACTERS = 160  # of what was changed in one step


def descent_text(descent: Ancestry, locale: str, *, room: int) -> str:
    """Return the line of an image and how many were made from it, in about `room` characters.

    Where it is too long, the steps in the middle are left out; the first image and the last step
    always stay.
    """
    count = descent.num_children
    key = "line_children" if count else "line_no_children"
    tail = f"**{text(key, locale, count=count)}**"
    if len(descent.members) == 1 and not descent.is_cut:
        return tail
    head = f"**{text('line_title', locale)}**"
    steps = [_step(member, parent, locale) for parent, member in descent.steps()]
    if descent.is_cut:
        steps[0] = text("line_earlier", locale)
    for shown in range(len(steps) - 1, 0, -1):
        lines = [head, *_shortened(steps, shown, locale), tail]
        if sum(len(line) + 1 for line in lines) <= room:
            break
    return "\n".join(lines)


def _step(member: FamilyMember, parent: FamilyMember | None, locale: str) -> str:
    if member.presence is Presence.ELSEWHERE:
        return ("↳ " if parent is not None else "") + text("line_elsewhere", locale)
    relation = relation_words(member.relation, locale)
    if parent is None and member.presence is Presence.DELETED:
        return text("line_first", locale, id=member.id, relation=text("line_deleted", locale))
    key = "line_first" if parent is None else "line_step"
    words = text(key, locale, id=member.id, relation=relation)
    if member.presence is Presence.DELETED:
        return f"{words} · {text('line_deleted', locale)}"
    changed = [change_words(each, locale, shown=escaped) for each in member.changes_from(parent)]
    return " · ".join(
        [words, shortened(", ".join(changed), STEP_CHARACTERS)] if changed else [words]
    )


def _shortened(steps: Sequence[str], shown: int, locale: str) -> list[str]:
    """Return the first step and the last `shown` of the others."""
    left_out = len(steps) - 1 - shown
    if left_out <= 0:
        return list(steps)
    return [steps[0], text("line_skipped", locale, count=left_out), *steps[-shown:]]
