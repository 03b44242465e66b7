"""Orders to erase what is known of somebody, each a small file under `records/erasures/`.

They are no rows, so that a database that is replaced by an older copy forgets again: an order stays
until no such copy is left. Until then it is the one thing that names them.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.domain.privacy import ErasureOrder
from bot.media.picture_files import write_once

logger = logging.getLogger(__name__)

_VERSION: Final = 1


@dataclass(frozen=True, kw_only=True)
class KeptOrder:
    """An order with the names of the boards' copies that have to be gone when it is done."""

    order: ErasureOrder
    copies: tuple[str, ...] = ()


class ErasureOrders:
    """The orders of a data folder; nothing here is for the event loop."""

    def __init__(self, data: Path) -> None:
        """Use the folder `records/erasures` of a data folder; it is made when it is needed."""
        self._folder = data / "records" / "erasures"

    def write(self, kept: KeptOrder) -> None:
        """Write an order down, or replace it; it outlives a power cut.

        Raises:
            OSError: The disk is full or cannot be written.

        """
        order = kept.order
        document = {
            "version": _VERSION,
            "user_id": order.user_id,
            "locale": order.locale,
            "takes_off": order.takes_off,
            "asked_at": order.asked_at.isoformat(),
            "done_at": None if order.done_at is None else order.done_at.isoformat(),
            "copies": list(kept.copies),
        }
        write_once(self._path(order), json.dumps(document).encode())

    def find(self, user_id: int) -> list[KeptOrder]:
        """Return somebody's orders that are kept, the oldest first."""
        return [each for each in self.all() if each.order.user_id == user_id]

    def all(self) -> list[KeptOrder]:
        """Return all orders, the oldest first; one that is damaged is told and left."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                found.append(_kept(json.loads(path.read_bytes())))
            except (OSError, ValueError, KeyError, TypeError) as error:
                logger.warning("The order %s cannot be read: %s", path, error)
        return sorted(found, key=lambda each: each.order.asked_at)

    def delete(self, order: ErasureOrder) -> None:
        """Delete an order that no older copy needs any more."""
        self._path(order).unlink(missing_ok=True)

    def _path(self, order: ErasureOrder) -> Path:
        return self._folder / f"{order.user_id}-{order.asked_at:%Y%m%d%H%M%S%f}.json"


def _kept(document: dict[str, Any]) -> KeptOrder:
    done_at = document["done_at"]
    return KeptOrder(
        order=ErasureOrder(
            user_id=int(document["user_id"]),
            locale=str(document["locale"]),
            takes_off=bool(document["takes_off"]),
            asked_at=dt.datetime.fromisoformat(document["asked_at"]),
            done_at=None if done_at is None else dt.datetime.fromisoformat(done_at),
        ),
        copies=tuple(map(str, document["copies"])),
    )
