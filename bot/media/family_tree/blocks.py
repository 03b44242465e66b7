"""Cards of a family that stand together: a chain of only children, or childless siblings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.media.kit.shapes import Point

_STRAIGHT: Final = 3  # only children that stand below one another; more are folded
_ONE_ROW: Final = 6  # only children that stand beside one another
_WIDER: Final = 1.6  # columns a row of a folded block, as a screen is wider than high


@dataclass(frozen=True, kw_only=True)
class TreeMeasures:
    """Sizes in pixels.

    Attributes:
        arrow_y: Where arrows between neighbours meet a card, from its top.
        one_row: Childless siblings that stand in one row, in the order of all siblings; more of
            them are a block of their own.
        is_centred: Whether parents stand over the middle of their children, or over the child that
            most hangs on, which keeps long families upright.

    """

    card_width: float
    card_height: float
    gap_x: float
    gap_y: float
    arrow_y: float
    one_row: int = 6
    is_centred: bool = True

    @property
    def pitch_x(self) -> float:
        """Return the distance of two neighbours' left sides."""
        return self.card_width + self.gap_x

    @property
    def pitch_y(self) -> float:
        """Return the distance of two rows' tops."""
        return self.card_height + self.gap_y


@dataclass(frozen=True, kw_only=True)
class CardBlock:
    """Cards in rows: a chain of only children, or childless siblings; children hang on the last."""

    members: tuple[str, ...]
    columns: int
    is_chain: bool
    measures: TreeMeasures
    children: list[CardBlock] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Return how many rows it has."""
        return math.ceil(len(self.members) / self.columns)

    @property
    def width(self) -> float:
        """Return its width, in pixels."""
        return self.columns * self.measures.pitch_x - self.measures.gap_x

    @property
    def height(self) -> float:
        """Return its height, in pixels."""
        return self.rows * self.measures.pitch_y - self.measures.gap_y

    def place(self, index: int) -> Point:
        """Return the left and top of a card within the block."""
        row, column = divmod(index, self.columns)
        in_row = min(len(self.members) - row * self.columns, self.columns)
        centring = 0.0 if self.is_chain else (self.columns - in_row) / 2
        return (column + centring) * self.measures.pitch_x, row * self.measures.pitch_y

    def middle(self, index: int) -> float:
        """Return the horizontal middle of a card within the block."""
        return self.place(index)[0] + self.measures.card_width / 2

    @property
    def entry(self) -> float:
        """Return where the line from above meets the block."""
        return self.middle(0) if self.is_chain else self.width / 2

    @property
    def exit(self) -> float:
        """Return where the lines to the children leave the block."""
        return self.middle(len(self.members) - 1)


def block_of(
    start: str, children: Mapping[str, Sequence[str]], measures: TreeMeasures
) -> CardBlock:
    """Return the chain that begins with a card, with the blocks that hang on its last one."""
    chain = [start]
    while len(children[chain[-1]]) == 1:
        chain.append(children[chain[-1]][0])
    below = children[chain[-1]]
    alone = [each for each in below if not children[each]]
    litter = alone if len(alone) > measures.one_row else []
    blocks = [block_of(each, children, measures) for each in below if each not in litter]
    if litter:
        columns = math.ceil(math.sqrt(_WIDER * len(litter)))
        columns += columns % 2  # an even number leaves the middle free for the line to lower rows
        blocks.append(
            CardBlock(members=tuple(litter), columns=columns, is_chain=False, measures=measures)
        )
    return CardBlock(
        members=tuple(chain),
        columns=_columns(len(chain)),
        is_chain=True,
        measures=measures,
        children=blocks,
    )


def _columns(length: int) -> int:
    """Return how many cards of a chain stand in a row."""
    if length <= _STRAIGHT:
        return 1
    return length if length < _ONE_ROW else math.ceil(math.sqrt(_WIDER * length))
