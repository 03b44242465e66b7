"""A sample of many cases for every run, and all of them in the nightly one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest


def sampled(cases: Iterable[object], *, first: int) -> Sequence[object]:
    """Return cases for `parametrize`: those after the first few run at night only."""
    night = pytest.mark.nightly
    return [
        case if number < first else pytest.param(*_values(case), marks=night)
        for number, case in enumerate(cases)
    ]


def _values(case: object) -> tuple[object, ...]:
    return case if isinstance(case, tuple) else (case,)
