"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CheckStatus(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the report; `advice` says what to do about a warning or problem."""

    name: str
    status: CheckStatus
    detail: str
    advice: str = ""


def ok(name: str, detail: str) -> Check:
    """Return a check that found nothing wrong."""
    return Check(name=name, status=CheckStatus.OK, detail=detail)


def warning(name: str, detail: str, advice: str = "") -> Check:
    """Return a check that ends in a warning."""
    return Check(name=name, status=CheckStatus.WARNING, detail=detail, advice=advice)


def problem(name: str, detail: str, advice: str = "") -> Check:
    """Return a check that found a problem."""
    return Check(name=name, status=CheckStatus.PROBLEM, detail=detail, advice=advice)
