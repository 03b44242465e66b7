"""How images come from one another: what was changed, who belongs to a family, where each stands.

Values only: no database, no pictures, no words of a language.
"""

from bot.domain.lineage.changes import FieldChange, changes, relation_of
from bot.domain.lineage.family import Ancestry, Family, FamilyMember, FamilyView, Presence

__all__ = [
    "Ancestry",
    "Family",
    "FamilyMember",
    "FamilyView",
    "FieldChange",
    "Presence",
    "changes",
    "relation_of",
]
