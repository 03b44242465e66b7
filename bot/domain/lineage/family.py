"""Families of images: the tree of all that comes from one first image, seen from one of them."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

from bot.domain.jobs import Relation
from bot.domain.lineage.changes import FieldChange, changes
from bot.domain.requests import ImageRequest


class Presence(StrEnum):
    """What may be shown of an image."""

    HERE = "here"
    DELETED = "deleted"
    ELSEWHERE = "elsewhere"  # it belongs to a place that the reader cannot look into


@dataclass(frozen=True, kw_only=True)
class FamilyMember:
    """One image of a family.

    Attributes:
        request: What made it; None where nothing of it may be shown.
        path: Of its file; None in the same case.

    """

    id: str
    parent_id: str | None
    relation: Relation
    presence: Presence
    is_spoiler: bool = False
    request: ImageRequest | None = field(default=None, repr=False)
    path: Path | None = None

    @property
    def is_here(self) -> bool:
        """Tell whether it may be shown."""
        return self.presence is Presence.HERE

    def changes_from(self, parent: FamilyMember | None) -> list[FieldChange]:
        """Return what was changed; nothing where one of the two may not be shown."""
        if parent is None or parent.request is None or self.request is None:
            return []
        return changes(parent.request, self.request)


@dataclass(frozen=True, kw_only=True)
class Ancestry:
    """The way from a first image to another one.

    Attributes:
        members: The first one first.
        num_children: Of the last one, as far as the reader may see them.
        is_cut: Whether there are more before the first.

    """

    members: tuple[FamilyMember, ...]
    num_children: int
    is_cut: bool = False

    def steps(self) -> list[tuple[FamilyMember | None, FamilyMember]]:
        """Return each image behind the one it comes from, as far as that is known."""
        return list(zip((None, *self.members[:-1]), self.members, strict=True))


@dataclass(frozen=True, kw_only=True)
class FamilyView:
    """The part of a family that is shown.

    Attributes:
        members: By id; each but the first one stands behind its parent.
        left_out: How many descendants of each shown image are not shown, where there are any.
        before: How many others are not shown: the first shown image is not the family's first.

    """

    members: Mapping[str, FamilyMember]
    left_out: Mapping[str, int]
    before: int

    @property
    def top(self) -> str:
        """Return the id of the shown image that all others come from."""
        return next(iter(self.members))

    @property
    def num_left_out(self) -> int:
        """Return how many are not shown."""
        return self.before + sum(self.left_out.values())

    def children(self) -> dict[str, list[str]]:
        """Return the shown children of each shown image, oldest first."""
        found: dict[str, list[str]] = {id_: [] for id_ in self.members}
        for id_, member in self.members.items():
            if id_ != self.top:
                assert member.parent_id is not None
                found[member.parent_id].append(id_)
        return found


@dataclass(frozen=True, kw_only=True)
class Family:
    """A tree of images.

    Attributes:
        focus: The id of the image that was asked for.
        members: By id, each behind its parent and siblings in the order they were made.
        is_cut: Whether there are still more, beyond those that were looked at.

    """

    focus: str
    members: Mapping[str, FamilyMember]
    is_cut: bool = False

    @classmethod
    def of(cls, focus: str, found: Iterable[FamilyMember], *, is_cut: bool = False) -> Self:
        """Build the family around an image from its members, which are in the order of making.

        A parent whose row is gone counts as deleted; a circle, which no button can make, is opened.
        Images elsewhere are kept only where something that may be shown comes from them.
        """
        known = {member.id: member for member in found}
        if not is_cut:
            known |= _gone_parents(known)
        root = _root_of(focus, known)
        children = _children(known, root)
        order = _outward([root], lambda id_: children.get(id_, []))
        kept = _worth_showing(order, known, children)
        members = {id_: known[id_] for id_ in order if id_ in kept}
        if members[root].parent_id is not None:
            members[root] = replace(members[root], parent_id=None)
        return cls(focus=focus, members=members, is_cut=is_cut)

    @property
    def root(self) -> str:
        """Return the id of the first image."""
        return next(iter(self.members))

    def parent(self, id_: str) -> FamilyMember | None:
        """Return the image that another one comes from."""
        return self.members.get(self.members[id_].parent_id or "")

    def children(self) -> dict[str, list[str]]:
        """Return the children of each image, oldest first."""
        return _children(self.members, self.root)

    def line(self) -> list[FamilyMember]:
        """Return the way from the first image to the one that was asked for."""
        return list(reversed(_upward(self.focus, self.members)))

    def nearest(self, limit: int) -> FamilyView:
        """Return the part of the family around the image that was asked for.

        First comes the way up to the family's first image (at most half of what is shown), then
        what hangs on it, the nearest first; among many siblings those made at nearly the same time.
        """
        children, line = self.children(), _upward(self.focus, self.members)
        for child, parent in itertools.pairwise(line):
            children[parent.id] = _around(child.id, children[parent.id])

        def neighbours(id_: str) -> list[str]:
            parent = self.members[id_].parent_id
            return [*([parent] if parent is not None else []), *children[id_]]

        start = [member.id for member in line[: max(limit // 2, 1)]]
        shown = set(_outward(start, neighbours, limit=limit))
        members = {id_: each for id_, each in self.members.items() if id_ in shown}
        sizes = _sizes(self.members)
        top = next(iter(members))
        left_out = {
            id_: sum(sizes[child] for child in children[id_] if child not in shown)
            for id_ in members
        }
        return FamilyView(
            members=members,
            left_out={id_: count for id_, count in left_out.items() if count},
            before=len(self.members) - sizes[top],
        )


def _gone_parents(known: Mapping[str, FamilyMember]) -> dict[str, FamilyMember]:
    gone = {each.parent_id for each in known.values() if each.parent_id is not None} - set(known)
    return {
        id_: FamilyMember(id=id_, parent_id=None, relation="imagine", presence=Presence.DELETED)
        for id_ in gone
    }


def _upward(id_: str, known: Mapping[str, FamilyMember]) -> list[FamilyMember]:
    """Return an image, its parent, and so on."""
    line: dict[str, FamilyMember] = {}
    at: str | None = id_
    while at is not None and at in known and at not in line:
        line[at] = known[at]
        at = known[at].parent_id
    return list(line.values())


def _root_of(id_: str, known: Mapping[str, FamilyMember]) -> str:
    return _upward(id_, known)[-1].id


def _children(known: Mapping[str, FamilyMember], root: str) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {id_: [] for id_ in known}
    for id_, member in known.items():
        if member.parent_id in children and id_ != root:
            children[member.parent_id].append(id_)
    return children


def _outward(
    start: Sequence[str], neighbours: Callable[[str], Sequence[str]], *, limit: int | None = None
) -> list[str]:
    """Return what can be reached, the nearest first."""
    reached, waiting = dict.fromkeys(start), deque(start)
    while waiting and (limit is None or len(reached) < limit):
        for id_ in neighbours(waiting.popleft()):
            if id_ not in reached and (limit is None or len(reached) < limit):
                reached[id_] = None
                waiting.append(id_)
    return list(reached)


def _around(id_: str, siblings: Sequence[str]) -> list[str]:
    """Return an image and its siblings, those made just before and after it first."""
    at = siblings.index(id_)
    return [each for _, each in sorted((abs(i - at), each) for i, each in enumerate(siblings))]


def _sizes(members: Mapping[str, FamilyMember]) -> dict[str, int]:
    """Return how many images come from each one, itself included."""
    sizes = dict.fromkeys(members, 1)
    for id_ in reversed(list(members)):
        parent = members[id_].parent_id
        if parent is not None:
            sizes[parent] += sizes[id_]
    return sizes


def _worth_showing(
    order: Sequence[str], known: Mapping[str, FamilyMember], children: Mapping[str, Sequence[str]]
) -> set[str]:
    """Return the images that may be shown, and those between them."""
    kept: set[str] = set()
    for id_ in reversed(order):
        is_elsewhere = known[id_].presence is Presence.ELSEWHERE
        if not is_elsewhere or any(child in kept for child in children[id_]):
            kept.add(id_)
    return kept
