"""The backends over one set of weights, and the one that draws now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from bot.engine.backends.fused.backend import FusedBackend
from bot.engine.backends.reference import ReferenceBackend
from bot.engine.placement import Placement
from bot.engine.prompt_encoder import PromptEncoder


class BackendSelector:
    """Both backends share their weights, so an image can be drawn again on the one that made it.

    Attributes:
        now: The backend that draws.

    """

    def __init__(
        self,
        own: ReferenceBackend | FusedBackend,
        *,
        transformer: Any,
        vae: Any,
        text: PromptEncoder,
        dtype: torch.dtype,
        is_whole: bool,
        control: Any = None,
    ) -> None:
        """Begin with an engine's own backend.

        Args:
            own: The backend that took the weights.
            transformer: A `ZImageTransformer2DModel`.
            vae: Its `decoder` is exchanged with the backend.
            text: Likewise what computes its embeddings.
            dtype: Of the weights.
            is_whole: Whether all weights are on the device.
            control: A `ZImageControlNetModel` with the transformer's parts, or None.

        """
        self._own, self._transformer, self._vae, self._text = own, transformer, vae, text
        self._dtype, self._is_whole, self._control = dtype, is_whole, control
        self._decoder = vae.decoder
        self._fast = own if isinstance(own, FusedBackend) else None
        self._reference = own
        if self._fast is not None:
            self._reference = ReferenceBackend(transformer, dtype=dtype, control=control)
        self.now: ReferenceBackend | FusedBackend = own
        self._switch(own)

    def take(self, match: Mapping[str, object] | None = None) -> None:
        """Draw on the backend that made another image, if these weights allow it.

        Args:
            match: The conditions it was made under, of which the path and the attention count;
                None for the engine's own backend.

        """
        match = {} if match is None else {"path": "reference", **match}  # old recipes name none
        name = match.get("path")
        if name not in ("fast", "reference"):
            self._switch(self._own)
        elif name == "reference" and (self._fast is None or self._fast.shares_all):
            self._switch(self._reference)
        elif name == "fast" and (fast := self._made_fast()) is not None:
            self._switch(fast)
        else:
            self._switch(self._own)
        if isinstance(self.now, FusedBackend):
            self.now.attend_with(match.get("attention"))

    @property
    def can_settle(self) -> bool:
        """Tell whether weights may be moved: the reference backend needs its own where they are."""
        return isinstance(self._own, FusedBackend)

    def settle(self, plan: Placement) -> None:
        """Move weights to where a plan wants them."""
        if isinstance(self._own, FusedBackend):
            self._own.settle(plan)

    @property
    def fast(self) -> FusedBackend | None:
        """Return the fused backend, where there is one."""
        return self._fast

    @property
    def is_own(self) -> bool:
        """Tell whether the engine's own backend draws now."""
        return self.now is self._own

    @property
    def can_move_text(self) -> bool:
        """Tell whether the text encoder is in one piece, and no other backend shares it."""
        return self._fast is None and self._is_whole

    def _made_fast(self) -> FusedBackend | None:
        if self._fast is None and self._is_whole:
            fast = FusedBackend(
                self._transformer, self._vae, dtype=self._dtype, placement=Placement(graphs=False)
            )
            fast.take_text(self._text.model)
            if self._control is not None:
                fast.take_control(self._control)
            self._fast = fast
        return self._fast

    def _switch(self, path: ReferenceBackend | FusedBackend) -> None:
        self.now = path
        self._text.fast = path if isinstance(path, FusedBackend) else None
        self._vae.decoder = path.decoder or self._decoder
