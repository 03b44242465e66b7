"""How images come from one another: what was changed, who belongs to a family, where each stands.

Values only: no database, no pictures, no words of a language.
"""

from bot.domain.lineage.changes import Change, changes, relation_of
from bot.domain.lineage.family import Descent, Family, Member, Presence, View

__all__ = [
    "Change",
    "Descent",
    "Family",
    "Member",
    "Presence",
    "View",
    "changes",
    "relation_of",
]
