"""Where the cards of a tree stand: a tidy tree from top to bottom, in which nothing overlaps.

Three things make it compact. A row of only children is one block, folded like lines of text where
it is long. Many childless siblings are one block too, of several rows. And subtrees slide together
until their outlines touch, once from the left and once from the right; the mean of the two, which
keeps every distance that both keep, spreads small subtrees evenly between large ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.media.family_tree.blocks import CardBlock, TreeMeasures, block_of
from bot.media.kit.shapes import Point


@dataclass(frozen=True, kw_only=True)
class Edge:
    """The line that leads to a card, from its parent's."""

    child: str
    points: tuple[Point, ...]


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """A drawn up tree; its left and top are 0.

    Attributes:
        places: The left and top of each card.

    """

    places: Mapping[str, Point]
    edges: tuple[Edge, ...]
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Rect:
    """Something that takes room."""

    left: float
    top: float
    right: float
    bottom: float

    def moved(self, x: float, y: float) -> Rect:
        """Return it elsewhere."""
        return Rect(
            left=self.left + x, top=self.top + y, right=self.right + x, bottom=self.bottom + y
        )

    def mirrored(self) -> Rect:
        """Return it with left and right exchanged."""
        return Rect(left=-self.right, top=self.top, right=-self.left, bottom=self.bottom)


@dataclass(frozen=True, kw_only=True)
class _Subtree:
    """A block with all that hangs on it, relative to the block's left and top.

    Attributes:
        offsets: The left of each child's block.
        outline: All the room that is taken.

    """

    block: CardBlock
    children: tuple[_Subtree, ...]
    offsets: tuple[float, ...]
    outline: tuple[Rect, ...]


def arrange(
    root: str, children: Mapping[str, Sequence[str]], measures: TreeMeasures
) -> Arrangement:  # fmt: skip
    """Return where the cards and lines of a tree are."""
    tree = _subtree(block_of(root, children, measures))
    places: dict[str, Point] = {}
    edges: list[Edge] = []
    left = min(rect.left for rect in tree.outline)
    _settle(tree, -left, 0.0, places, edges)
    return Arrangement(
        places=places,
        edges=tuple(edges),
        width=max(rect.right for rect in tree.outline) - left,
        height=max(rect.bottom for rect in tree.outline),
    )


def _subtree(block: CardBlock) -> _Subtree:
    children = tuple(_subtree(child) for child in block.children)
    own = Rect(left=0, top=0, right=block.width, bottom=block.height)
    if not children:
        return _Subtree(block=block, children=(), offsets=(), outline=(own,))
    measures = block.measures
    spread = _spread([child.outline for child in children], measures)
    entries = [x + child.block.entry for x, child in zip(spread, children, strict=True)]
    shift = block.exit - _beneath(entries, children, is_centred=measures.is_centred)
    offsets = tuple(x + shift for x in spread)
    lines = Rect(
        left=min(block.exit, entries[0] + shift),
        top=block.height + measures.gap_y / 2,
        right=max(block.exit, entries[-1] + shift),
        bottom=block.height + measures.gap_y / 2,
    )
    below = block.height + measures.gap_y
    outlines = (
        rect.moved(x, below)
        for x, child in zip(offsets, children, strict=True)
        for rect in child.outline
    )
    return _Subtree(
        block=block, children=children, offsets=offsets, outline=(own, lines, *outlines)
    )


def _beneath(entries: Sequence[float], children: Sequence[_Subtree], *, is_centred: bool) -> float:
    """Return what a parent stands over."""
    if is_centred:
        return (entries[0] + entries[-1]) / 2
    sizes = [len(child.outline) for child in children]
    return entries[sizes.index(max(sizes))]


def _spread(outlines: Sequence[Sequence[Rect]], measures: TreeMeasures) -> list[float]:
    """Return the left of each subtree: as near as may be, small ones evenly between large ones."""
    from_left = _packed(outlines, measures)
    mirrored = [[rect.mirrored() for rect in outline] for outline in reversed(outlines)]
    from_right = [-x for x in reversed(_packed(mirrored, measures))]
    shift = from_left[0] - from_right[0]
    return [(a + b + shift) / 2 for a, b in zip(from_left, from_right, strict=True)]


def _packed(outlines: Sequence[Sequence[Rect]], measures: TreeMeasures) -> list[float]:
    """Slide each subtree to the left until it meets those before it."""
    offsets = [0.0]
    taken = list(outlines[0])
    for outline in outlines[1:]:
        x = max(
            before.right + measures.gap_x - rect.left
            for before in taken
            for rect in outline
            if rect.top < before.bottom + measures.gap_y / 4
            and before.top < rect.bottom + measures.gap_y / 4
        )
        offsets.append(x)
        taken += [rect.moved(x, 0) for rect in outline]
    return offsets


def _settle(
    tree: _Subtree, left: float, top: float, places: dict[str, Point], edges: list[Edge]
) -> None:
    """Give every card of a subtree its place, and draw the lines between them."""
    block, measures = tree.block, tree.block.measures
    for i, id_ in enumerate(block.members):
        x, y = block.place(i)
        places[id_] = (left + x, top + y)
    if block.is_chain:
        edges += [
            _moved(_link(block, i), left, top) for i in range(1, len(block.members))
        ]  # fmt: skip
    bus = top + block.height + measures.gap_y / 2
    start = (left + block.exit, top + block.height)
    below = top + block.height + measures.gap_y
    for offset, child in zip(tree.offsets, tree.children, strict=True):
        arrivals = (_moved(each, left + offset, below) for each in _arrivals(child.block))
        edges += [_from(start, bus, each) for each in arrivals]
        _settle(child, left + offset, below, places, edges)


def _from(start: Point, bus: float, edge: Edge) -> Edge:
    """Return a line that begins at the parent and turns at the height of the bus."""
    return Edge(
        child=edge.child,
        points=(start, (start[0], bus), (edge.points[0][0], bus), *edge.points[1:]),
    )


def _arrivals(block: CardBlock) -> list[Edge]:
    """Return the lines from above into a block, each beginning at its bus."""
    gap = block.measures.gap_y / 2
    if block.is_chain:
        entry = block.entry
        return [Edge(child=block.members[0], points=((entry, -gap), (entry, 0)))]
    edges = []
    for i, id_ in enumerate(block.members):
        middle, y = block.middle(i), block.place(i)[1]
        points: list[Point] = [(middle, -gap), (middle, 0)]
        if y > 0:
            centre = block.width / 2
            points = [(centre, -gap), (centre, y - gap), (middle, y - gap), (middle, y)]
        edges.append(Edge(child=id_, points=tuple(points)))
    return edges


def _link(block: CardBlock, index: int) -> Edge:
    """Return the line between two cards of a chain."""
    measures = block.measures
    (x, y), (old_x, old_y) = block.place(index), block.place(index - 1)
    if y == old_y:
        arrow_y = y + measures.arrow_y
        points: tuple[Point, ...] = ((old_x + measures.card_width, arrow_y), (x, arrow_y))
    else:
        turn = y - measures.gap_y / 2
        start, end = block.middle(index - 1), block.middle(index)
        bottom = old_y + measures.card_height
        points = ((start, bottom), (start, turn), (end, turn), (end, y))
    return Edge(child=block.members[index], points=points)


def _moved(edge: Edge, x: float, y: float) -> Edge:
    return Edge(child=edge.child, points=tuple((px + x, py + y) for px, py in edge.points))
