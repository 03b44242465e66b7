"""Bringing a data folder back: a copy of the database, and rows for all files it does not know."""

from bot.service.restoration.options import RestoreOptions
from bot.service.restoration.procedure import restore
from bot.service.restoration.report import RestoreReport

__all__ = ["RestoreOptions", "RestoreReport", "restore"]
