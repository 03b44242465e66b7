"""What the images of one job have to do with each other, where braces or a file asked for them."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final, Self, TypeVar

from bot.domain.requests import Axis

_Image = TypeVar("_Image")
_TABLE: Final = 12  # columns that can still be seen
_BETWEEN: Final = " · "  # labels of one image


class BatchKind(StrEnum):
    """What asked for them."""

    COMBINATIONS = "combinations"
    PROMPTS = "prompts"


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a sheet says of images that were asked for together.

    Attributes:
        title: The prompt with its braces, or the name of the file.
        groups: What each pair of braces had to choose from, as labels; the images are all
            combinations, and the last group changes fastest. A file has none.
        is_turned: Whether of two groups the first one changes fastest, as it is longer: a sheet
            that is wider than high shows more.

    """

    kind: BatchKind
    title: str
    groups: tuple[tuple[str, ...], ...] = ()
    is_turned: bool = False

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: It is no such document.

        """
        document = json.loads(text)
        return cls(
            kind=BatchKind(document["kind"]),
            title=str(document["title"]),
            groups=tuple(tuple(map(str, each)) for each in document["groups"]),
            is_turned=bool(document["is_turned"]),
        )

    def to_json(self) -> str:
        """Return it as a JSON document."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @property
    def is_grid(self) -> bool:
        """Tell whether its images are the rows and columns of a table."""
        is_flat = len(self.groups) == 2  # noqa: PLR2004 - one along each side
        return is_flat and max(map(len, self.groups)) <= _TABLE

    @property
    def table(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the labels of the rows and of the columns of a grid."""
        rows, columns = self.groups
        return (columns, rows) if self.is_turned else (rows, columns)

    def label(self, index: int) -> str:
        """Return the labels of an image by its place; empty where a file says more."""
        if not 0 <= index < math.prod(map(len, self.groups)):
            return ""
        groups = self.table if self.is_turned else self.groups
        chosen = next(itertools.islice(itertools.product(*groups), index, None))
        return _BETWEEN.join(reversed(chosen) if self.is_turned else chosen)

    def among(self, indexes: Iterable[int]) -> Self:
        """Return the batch of those images that are left, in their order.

        What is no longer all combinations of anything is one group.
        """
        kept = list(indexes)
        if not self.groups or kept == list(range(math.prod(map(len, self.groups)))):
            return self
        labels = tuple(self.label(index) for index in kept)
        return type(self)(kind=self.kind, title=self.title, groups=(labels,))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What several images have to do with each other, so that all are drawn again as one sheet.

    Attributes:
        axis: What differs between those of a comparison.
        batch: What asked for them, where that were braces or a file.

    """

    axis: Axis | None = None
    batch: Batch | None = None


def batch_of(text: str | None) -> Batch | None:
    """Read a batch where there is one."""
    return None if text is None else Batch.from_json(text)


def combined(
    title: str, groups: Sequence[Sequence[str]], images: Sequence[_Image]
) -> tuple[Batch, list[_Image]]:
    """Return the batch of all combinations of some groups, and its images in their order.

    Args:
        title: Of the batch.
        groups: The labels of each.
        images: As the last group changes fastest.

    """
    is_turned = len(groups) == 2 and len(groups[0]) > len(groups[1])  # noqa: PLR2004 - a table
    labels = tuple(map(tuple, groups))
    batch = Batch(kind=BatchKind.COMBINATIONS, title=title, groups=labels, is_turned=is_turned)
    step = len(groups[-1]) if is_turned else 1
    return batch, [image for first in range(step) for image in images[first::step]]
