"""The LoRAs that were asked for last, in memory: found by the hash of their files."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bot.domain.plain_text import visible
from bot.domain.requests import Adapter
from bot.engine.adapters.content import cannot_use
from bot.engine.adapters.formats import AdapterFile, read_adapter
from bot.engine.adapters.shapes import ModelShapes
from bot.errors import MissingAdapterError

_KEPT: Final = 8  # files
_KEPT_BYTES: Final = 1024**3

FindAdapter = Callable[[str], Path]  # the SHA-256 of a file -> where it is


def no_adapters(sha256: str) -> Path:
    """Find nothing: for an engine that was told of no folder of LoRAs."""
    raise MissingAdapterError("of this image", sha256)


class AdapterLibrary:
    """Reads files, and keeps the last ones."""

    def __init__(self, find: FindAdapter, shapes: ModelShapes) -> None:
        """Begin with none."""
        self._find, self._shapes = find, shapes
        self._files: OrderedDict[str, AdapterFile] = OrderedDict()

    def get(self, adapter: Adapter) -> AdapterFile:
        """Return the file of an adapter, whole and fitting the model.

        Raises:
            MissingAdapterError: It is not here.
            AdapterFileError: It does not fit, or is not what it was.

        """
        path = self._find(adapter.sha256)
        found = self._files.pop(adapter.sha256, None) or self._read(adapter, path)
        self._files[adapter.sha256] = found
        while len(self._files) > _KEPT or self._bytes() > _KEPT_BYTES:
            if len(self._files) == 1:
                break
            self._files.popitem(last=False)
        return found

    def _read(self, adapter: Adapter, path: Path) -> AdapterFile:
        if not path.is_file():
            raise MissingAdapterError(visible(adapter.name, 80), adapter.sha256)
        found = read_adapter(path, self._shapes)
        if found.content.sha256 != adapter.sha256:
            raise cannot_use(
                path.name,
                f"it is not the file that was asked for (SHA-256 {adapter.sha256[:12]}…): it "
                "changed, so choose it again",
            )
        return found

    def _bytes(self) -> int:
        return sum(each.content.data.nbytes for each in self._files.values())
