"""The model's own values of what adapters change: kept, or read again from its files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch

from bot.engine.adapters.weights import Key, ModelWeights
from bot.engine.backends.fused.offload import HostBuffer
from bot.engine.memory import free_main_memory
from bot.engine.placement import GIB

_SPARE_MAIN: Final = 4 * GIB  # of main memory, for everything else

# (part, name, dtype) -> the parameter as it was loaded, in main memory
ReadTensor = Callable[[str, str, torch.dtype], torch.Tensor]


class CleanValues:
    """Copies on the device where it has room, else in main memory, else none: the files have them.

    Args:
        weights: Where the values are until they are first changed.
        read: Reads a parameter from the model's files.
        device: Where they are wanted.
        free_memory: Returns the bytes of main memory that are free.

    """

    def __init__(
        self,
        weights: ModelWeights,
        read: ReadTensor,
        device: torch.device,
        *,
        free_memory: Callable[[], int] = free_main_memory,
    ) -> None:
        """Begin without copies."""
        self._weights, self._read, self._device = weights, read, device
        self._free_memory = free_memory
        self._here: dict[Key, torch.Tensor] = {}
        self._away: dict[Key, tuple[HostBuffer, torch.Tensor]] = {}
        self._room = 0

    def keep_within(self, room: int) -> None:
        """Let copies take so many bytes of a GPU; if they take more, move them all off it.

        Those of a CPU are in main memory anyway.
        """
        self._room = 0 if self._device.type == "cpu" else room
        if self._held() > self._room:
            here, self._here = self._here, {}
            for key, copy in here.items():
                self._keep_away(key, copy)

    def keep(self, key: Key) -> None:
        """Copy a parameter that nothing has changed yet, if there is room for the copy."""
        if key in self._here or key in self._away:
            return
        value = self._weights.value(key)
        if value is None:  # held in fewer bits
            value = self._from_files(key)
        if self._held() + value.nbytes <= self._room:
            self._here[key] = value.to(self._device, copy=True)
        else:
            self._keep_away(key, value)

    def of(self, key: Key) -> torch.Tensor:
        """Return a parameter as the model has it, on the device; it must not be changed."""
        if key in self._here:
            return self._here[key]
        found = self._away.get(key)
        return (self._from_files(key) if found is None else found[1]).to(self._device)

    def _held(self) -> int:
        return sum(each.nbytes for each in self._here.values())

    def _keep_away(self, key: Key, value: torch.Tensor) -> None:
        if value.nbytes + _SPARE_MAIN > self._free_memory():
            return
        buffer = HostBuffer(value.nbytes, pinned=self._device.type == "cuda")
        copy = buffer.bytes.view(value.dtype).view(value.shape)
        self._away[key] = buffer, copy.copy_(value)

    def _from_files(self, key: Key) -> torch.Tensor:
        return self._read(*key, self._weights.dtype(key))
