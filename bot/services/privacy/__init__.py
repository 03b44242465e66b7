"""What is known of people and servers: shown to them, given to them, and erased."""

from bot.services.privacy.archive import DataArchive, write_archive
from bot.services.privacy.departures import Departures
from bot.services.privacy.erasures import Erasures
from bot.services.privacy.parts import PrivacyParts
from bot.services.privacy.privacy import overview_of, personal_data

__all__ = [
    "DataArchive",
    "Departures",
    "Erasures",
    "PrivacyParts",
    "overview_of",
    "personal_data",
    "write_archive",
]
