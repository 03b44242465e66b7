"""A check of pictures that says what a test wants; the real one is tested beside its models."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from PIL import Image

from bot.domain.picture_score import PictureScore

PATIENCE_S = 20.0


@dataclass(kw_only=True)
class SteeredClassifier:
    """Gives scores in the order it is asked, then says that all is well.

    Attributes:
        unsafe: How unsafe the next pictures are.
        failure: What it breaks with, instead.
        asked: The sizes of all pictures that it saw.
        is_asked: Set when it is asked.
        may_answer: Cleared, it makes whoever asks wait.

    """

    unsafe: list[float] = field(default_factory=list)
    failure: Exception | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)
    is_asked: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)
    models: tuple[str, ...] = ("steered 1",)

    def __post_init__(self) -> None:
        self.may_answer.set()

    def score(self, picture: Image.Image) -> PictureScore:
        if self.failure is not None:
            raise self.failure
        self.asked.append(picture.size)
        self.is_asked.set()
        assert self.may_answer.wait(PATIENCE_S)
        porn = self.unsafe.pop(0) if self.unsafe else 0.0
        classes = {"steered 1": {"porn": porn, "neutral": 1 - porn}}
        return PictureScore.of(classes, frozenset({"porn"}))
