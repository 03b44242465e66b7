"""The engine protocol: what draws an image, whatever it is made of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from bot.domain.drawing import Drawing, Step
from bot.domain.requests import ImageRequest, Size


class Engine(Protocol):
    """Draw images. Every method is called on one and the same thread."""

    def load(self) -> None:
        """Read the weights; calling it again does nothing."""

    def check(self, request: ImageRequest) -> None:
        """Refuse, cheaply, what only the loaded model can judge (the prompt's tokens)."""

    def generate(
        self,
        request: ImageRequest,
        *,
        like: Mapping[str, object] | None = None,
        cancel: threading.Event | None = None,
        on_step: Callable[[Step], None] | None = None,
    ) -> Drawing:
        """Draw one image.

        Args:
            request: What to draw.
            like: The conditions that another drawing was made under, to be kept to as far as this
                engine can.
            cancel: Looked at between steps.
            on_step: Called after every step.

        """

    def warm(self, size: Size, *, cancel: threading.Event) -> bool:
        """Do once what only the first image of a size waits for; nobody sees anything of it.

        Returns:
            Whether it came to its end before `cancel` was set.

        """

    def close(self) -> None:
        """Give the memory back."""
