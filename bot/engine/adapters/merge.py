"""Putting adapters into a model's weights before an image is drawn.

A merged weight is the clean one plus the sum of all changes in float32, rounded once. Drawing then
costs what it costs without: nothing is computed beside the model's own products. What is merged
stays until an image wants something else, and is always made from the clean values, never by taking
a change away again, so no rounding can pile up.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Iterable, Mapping, Sequence

import torch

from bot.domain.requests import Adapter
from bot.engine.adapters.clean import CleanValues
from bot.engine.adapters.deltas import Delta
from bot.engine.adapters.formats import AdapterFile
from bot.engine.adapters.library import AdapterLibrary
from bot.engine.adapters.shapes import TEXT_ENCODER
from bot.engine.adapters.weights import Key, ModelWeights

logger = logging.getLogger(__name__)

_Part = tuple[int, int]  # the number of an adapter, and of one of its file's changes
_Wanted = tuple[tuple[str, float], ...]  # hash and scale of each adapter, in their order


class MergedAdapters:
    """The adapters in a model's weights.

    Args:
        library: Finds and reads their files.
        weights: Of the model.
        clean: The model's own values.
        device: Where changes are computed.

    """

    def __init__(
        self,
        library: AdapterLibrary,
        weights: ModelWeights,
        clean: CleanValues,
        device: torch.device,
    ) -> None:
        """Begin with clean weights."""
        self._library, self._weights, self._clean = library, weights, clean
        self._device = device
        self._now: _Wanted | None = ()  # None while weights are being changed, or after a failure
        self._changed: set[Key] = set()  # weights that may not be clean

    def keep_within(self, room: int) -> None:
        """Let copies of clean weights take so many bytes of the device, and no more."""
        self._clean.keep_within(room)

    @torch.inference_mode()
    def apply(self, adapters: Sequence[Adapter]) -> bool:
        """Make the weights what these adapters, and no others, make of them.

        Returns:
            False if they are that already.

        Raises:
            MissingAdapterError: The file of one is not here.
            AdapterFileError: One does not fit this model. The weights are as they were.

        """
        files = [self._library.get(each) for each in adapters]
        used = [(each, file) for each, file in zip(adapters, files, strict=True) if each.scale]
        wanted = tuple((each.sha256, each.scale) for each, _ in used)
        if wanted == self._now:
            return False
        start = time.perf_counter()
        self._now = None  # until all is done: memory may run out on the way
        self._write(used)
        self._weights.end(
            tuple(
                (each.sha256, each.scale)
                for each, file in used
                if file.number_of_layers(TEXT_ENCODER)
            )
        )
        self._now = wanted
        logger.debug("Weights changed in %.3f s", time.perf_counter() - start)
        return True

    def _write(self, used: Sequence[tuple[Adapter, AdapterFile]]) -> None:
        parts = _parts_by_weight([file for _, file in used])
        self._weights.begin()
        for key in sorted(self._changed - parts.keys()):
            self._weights.write(key, self._clean.of(key))
            self._changed.discard(key)

        @functools.lru_cache(maxsize=4)  # a fused projection's tensors serve three weights
        def delta(number: int, change: int) -> Delta:
            file = used[number][1]
            return Delta(file.content, file.changes[change], self._device)

        for key, own in parts.items():
            if key not in self._changed:
                self._clean.keep(key)
            clean = self._clean.of(key)
            plain = clean.float()
            added = torch.zeros_like(plain)
            for part in own:
                added.add_(delta(*part).of(key[1], plain), alpha=used[part[0]][0].scale)
            self._changed.add(key)
            self._weights.write(key, added.add_(plain).to(clean.dtype))


def _parts_by_weight(files: Iterable[AdapterFile]) -> Mapping[Key, list[_Part]]:
    """Return what changes each weight, in the order of the files."""
    parts: dict[Key, list[_Part]] = {}
    for number, file in enumerate(files):
        for i, change in enumerate(file.changes):
            for name in change.parameters if change.is_used else ():
                parts.setdefault((change.part, name), []).append((number, i))
    return parts
