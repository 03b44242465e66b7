"""GPU tests are read only where they are asked for: all of them import torch."""

from __future__ import annotations

import pytest


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave them unread if `-m` names other tests."""
    wanted = config.option.markexpr
    return True if wanted and "gpu" not in wanted.replace("not gpu", "") else None
