"""A file of control weights, as it is found on a disk; without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ControlFile:
    """A file of control weights.

    Attributes:
        name: What a recipe calls it.
        fingerprint: What a recipe knows it by: how it was told apart, and a hash.

    """

    path: Path
    name: str
    fingerprint: str

    @property
    def conditions(self) -> dict[str, str]:
        """Return what a recipe records of it."""
        return {"name": self.name, "file": self.fingerprint}
