"""Bringing a data folder back: a copy of the database, and rows for all files it does not know."""

from bot.services.restoration.options import RestoreOptions
from bot.services.restoration.procedure import restore
from bot.services.restoration.report import RestoreReport

__all__ = ["RestoreOptions", "RestoreReport", "restore"]
