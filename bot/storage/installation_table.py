"""The tables of this installation: its key, the models that drew here, and how fast it draws."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from bot.domain.jobs import Speed, now
from bot.domain.signature import SigningKey
from bot.storage.database import Database

logger = logging.getLogger(__name__)


class MachineTables:
    """Key, models and speeds."""

    def __init__(self, database: Database) -> None:
        """Remember the connection."""
        self._database = database

    async def signing_key(self) -> SigningKey | None:
        """Return the key that signs recipes; None before the first start."""
        rows = await self._database.rows("SELECT secret FROM signing_key")
        return SigningKey(secret=rows[0]["secret"]) if rows else None

    async def make_signing_key(self) -> SigningKey:
        """Return the key that signs recipes; at the first start, draw it."""
        if (key := await self.signing_key()) is not None:
            return key
        key = SigningKey.new()
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT INTO signing_key VALUES (1, ?, ?)", (key.secret, now().isoformat())
            )
        logger.info(
            "Made the key that signs recipes. Pictures signed with the key of an earlier database, "
            "if there was one, are told as those of another installation."
        )
        return key

    async def record_model(self, model_id: str, revision: str, manifest: Mapping[str, str]) -> None:
        """Record the hashes of a model's files, once."""
        async with self._database.transaction() as db:
            await db.executemany(
                "INSERT OR IGNORE INTO model_files VALUES (?, ?, ?, ?)",
                [(model_id, revision, path, md5) for path, md5 in manifest.items()],
            )

    async def speeds(self, model_id: str, device: str) -> dict[int, Speed]:
        """Return how fast this machine drew, by image tokens."""
        rows = await self._database.rows(
            "SELECT tokens, seconds_per_forward, seconds_beside FROM speeds"
            " WHERE model_id = ? AND device = ?",
            model_id, device,
        )  # fmt: skip
        return {
            row["tokens"]: Speed(
                seconds_per_forward=row["seconds_per_forward"],
                seconds_beside=row["seconds_beside"],
            )
            for row in rows
        }

    async def set_speed(self, model_id: str, device: str, *, tokens: int, speed: Speed) -> None:
        """Record how fast this machine draws images of a size."""
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT OR REPLACE INTO speeds"
                " (model_id, device, tokens, seconds_per_forward, seconds_beside)"
                " VALUES (?, ?, ?, ?, ?)",
                (model_id, device, tokens, speed.seconds_per_forward, speed.seconds_beside),
            )

    async def load_time_s(self, model_id: str, device: str) -> float | None:
        """Return how long loading the model took last."""
        rows = await self._database.rows(
            "SELECT seconds FROM load_times WHERE model_id = ? AND device = ?", model_id, device
        )
        return rows[0]["seconds"] if rows else None

    async def set_load_time(self, model_id: str, device: str, seconds: float) -> None:
        """Record how long loading the model took."""
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT OR REPLACE INTO load_times VALUES (?, ?, ?)", (model_id, device, seconds)
            )
