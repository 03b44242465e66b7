"""The parameters of a loaded model by name, wherever a backend keeps them."""

from __future__ import annotations

from typing import Any, Final

import torch

from bot.engine.adapters.shapes import TEXT_ENCODER, TRANSFORMER
from bot.engine.backends.selector import BackendSelector
from bot.engine.prompt_encoder import PromptEncoder

Key = tuple[str, str]  # a part, and the name of a parameter in it
_WEIGHT: Final = ".weight"


class ModelWeights:
    """Reads and writes parameters in place, so that graphs and views of them stay valid."""

    def __init__(self, transformer: Any, text: PromptEncoder, backends: BackendSelector) -> None:
        """Take the two networks, and the backends over them."""
        self._networks = {TRANSFORMER: transformer, TEXT_ENCODER: text.model}
        self._text, self._backends = text, backends

    def dtype(self, key: Key) -> torch.dtype:
        """Return the type that a parameter is computed in."""
        dtype: torch.dtype = self._parameter(key).dtype
        return dtype

    def value(self, key: Key) -> torch.Tensor | None:
        """Return a parameter where it is; None of one that is held in fewer bits."""
        found = self._parameter(key)
        return found.data if found.numel() else None

    def begin(self) -> None:
        """Prepare for writing: what is on its way to the device is the old values."""
        if self._backends.fast is not None:
            self._backends.fast.forget()

    def write(self, key: Key, values: torch.Tensor) -> None:
        """Write a parameter, from the device and in the type that it is computed in."""
        part, name = key
        fast = self._backends.fast
        if fast is not None and name.endswith(_WEIGHT):
            linear = self._networks[part].get_submodule(name.removesuffix(_WEIGHT))
            if fast.write(linear, values):
                return
        self._parameter(key).data.copy_(values)

    def end(self, text_version: object) -> None:
        """Let everything that was computed from the old values be computed again.

        Args:
            text_version: What the text encoder's values are known by; embeddings are kept for each.

        """
        self._text.version = text_version
        if self._backends.fast is not None:
            self._backends.fast.reread()

    def _parameter(self, key: Key) -> Any:
        part, name = key
        return self._networks[part].get_parameter(name)
