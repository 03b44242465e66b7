"""The colours of boards: their two themes, and those of each status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.domain.boards import ItemStatus, Theme
from bot.media.kit import DARK, LIGHT, Colour, Colours

COLOURS: Final[Mapping[Theme, Colours]] = {Theme.LIGHT: LIGHT, Theme.DARK: DARK}
# The grounds of status marks, the same in both themes: white stands on each of them.
STATUS: Final[Mapping[ItemStatus, Colour]] = {
    ItemStatus.CANDIDATE: (98, 102, 110),
    ItemStatus.SHORTLIST: (60, 72, 200),
    ItemStatus.APPROVED: (22, 122, 66),
    ItemStatus.REJECTED: (164, 44, 44),
}
STATUS_INK: Final[Colour] = (255, 255, 255)
# Where the word does not fit.
STATUS_SIGN: Final[Mapping[ItemStatus, str]] = {
    ItemStatus.CANDIDATE: "·",
    ItemStatus.SHORTLIST: "★",
    ItemStatus.APPROVED: "✓",
    ItemStatus.REJECTED: "✕",
}
