"""Which interactions are worth an answer: none twice, and none whose three seconds are over."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import deque
from typing import Final

import discord

logger = logging.getLogger(__name__)

REMEMBERED: Final = 10_000  # interactions; more than a gateway sends again when it resumes
COMPARED: Final = 50  # ages, to learn how far this machine's clock is off
LATE_S: Final = 3.0  # Discord has told the user by then that nobody answered
LATE_IN_A_ROW: Final = 3  # more than so many: rather the clock was set than all of them are late
WARNED_EVERY_S: Final = 600.0


class Arrivals:
    """The interactions that have arrived lately."""

    def __init__(self) -> None:
        """Begin without any."""
        self._ids: dict[int, None] = {}  # in their order
        self._ages_s: deque[float] = deque(maxlen=COMPARED)
        self._late = 0
        self._warned_at_s: float | None = None

    def admit(self, interaction: discord.Interaction, now: dt.datetime) -> bool:
        """Return whether an interaction is new and can still be answered; remember it."""
        if interaction.id in self._ids:
            logger.info("Interaction %d came a second time and is dropped", interaction.id)
            return False
        self._ids[interaction.id] = None
        if len(self._ids) > REMEMBERED:
            del self._ids[next(iter(self._ids))]
        late_s = self._late_s((now - interaction.created_at).total_seconds())
        if late_s > LATE_S:
            logger.info("Interaction %d came %.1f s late and is dropped", interaction.id, late_s)
        return late_s <= LATE_S

    def _late_s(self, age_s: float) -> float:
        """Return how late one came: by the quickest of the last ones, whatever the clock says."""
        self._ages_s.append(age_s)
        late_s = age_s - min(self._ages_s)
        self._late = self._late + 1 if late_s > LATE_S else 0
        if self._late > LATE_IN_A_ROW:
            self._ages_s.clear()
            self._ages_s.append(age_s)
            self._late, late_s = 0, 0.0
        return late_s

    def note_answered_elsewhere(self) -> None:
        """Warn, now and then, that somebody else answers in this bot's name."""
        moment = time.monotonic()
        if self._warned_at_s is None or moment >= self._warned_at_s + WARNED_EVERY_S:
            self._warned_at_s = moment
            logger.warning(
                "An interaction was already answered by somebody else: another copy of the bot is "
                "connected with this token. Stop one of them, or each answers only some commands"
            )
