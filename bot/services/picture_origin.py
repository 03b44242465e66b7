"""What is known of a picture that was handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.jobs import Generation
from bot.domain.recipe import Recipe
from bot.domain.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class PictureOrigin:
    """What is known of a picture.

    Attributes:
        recipe: What its file says, if that can be read.
        verdict: Who wrote that.
        doubt: Why what its file says cannot be read.
        is_whole: Whether its pixels are those its recipe tells of.
        here: The images made here with exactly these pixels.
        lookalike: Where there is none, the image made here that this is a changed copy of.
        unread: Where there is none either, images that it may be, whose files are damaged or gone.

    """

    recipe: Recipe | None
    verdict: Verdict | None
    doubt: str | None
    is_whole: bool
    here: Sequence[Generation]
    lookalike: Generation | None
    unread: Sequence[Generation] = ()

    @property
    def known(self) -> Generation | None:
        """Return the image made here that it is, or is a copy of."""
        return self.here[0] if self.here else self.lookalike

    @property
    def is_proven(self) -> bool:
        """Tell whether this installation made exactly these pixels by the recipe in the file."""
        return self.is_whole and self.verdict is not None and self.verdict.is_proven
