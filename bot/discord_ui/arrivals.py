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
WARNED_EVERY_S: Final = 600.0


class Ages:
    """How old the last interactions were by a clock, which may be off by any amount."""

    def __init__(self) -> None:
        self._ages_s: deque[float] = deque(maxlen=COMPARED)

    def late_s(self, age_s: float) -> float:
        """Return how much older one is than the youngest of the last ones; remember it."""
        self._ages_s.append(age_s)
        return age_s - min(self._ages_s)


class Arrivals:
    """The interactions that have arrived lately."""

    def __init__(self) -> None:
        self._ids: dict[int, None] = {}  # in their order
        self._ages = (Ages(), Ages())
        self._warned_at_s: float | None = None

    def admit(self, interaction: discord.Interaction, now: dt.datetime, monotonic_s: float) -> bool:
        """Return whether an interaction is new and can still be answered; remember it.

        It is late only where both clocks say so: one of them can be set, the other stands still
        while the machine sleeps.
        """
        if interaction.id in self._ids:
            logger.info("Interaction %d came a second time and is dropped", interaction.id)
            return False
        self._ids[interaction.id] = None
        if len(self._ids) > REMEMBERED:
            del self._ids[next(iter(self._ids))]
        made_s = interaction.created_at.timestamp()
        moments = (now.timestamp(), monotonic_s)
        late_s = min(
            ages.late_s(moment - made_s) for ages, moment in zip(self._ages, moments, strict=True)
        )
        if late_s > LATE_S:
            logger.info("Interaction %d came %.1f s late and is dropped", interaction.id, late_s)
        return late_s <= LATE_S

    def note_answered_elsewhere(self) -> None:
        """Warn, now and then, that somebody else answers in this bot's name."""
        moment = time.monotonic()
        if self._warned_at_s is None or moment >= self._warned_at_s + WARNED_EVERY_S:
            self._warned_at_s = moment
            logger.warning(
                "An interaction was already answered by somebody else: another copy of the bot is "
                "connected with this token. Stop one of them, or each answers only some commands"
            )
