"""Imports that wait for their first use, so that not every test process imports torch."""

from __future__ import annotations

import builtins
import contextlib
import importlib
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any


@contextlib.contextmanager
def imported_later() -> Iterator[None]:
    """Let what is imported in this block be imported when it is first called or looked into.

    Torch and what stands on it take seconds of every process that collects the tests, and only one
    process runs those that use it (see `tests/conftest.py`).
    """
    at_once = builtins.__import__
    builtins.__import__ = _promised
    try:
        yield
    finally:
        builtins.__import__ = at_once


def _promised(name: str, _globals: Any, _locals: Any, names: Sequence[str] | None, _: int) -> Any:
    """Return what an `import` statement takes its names from."""
    if not names:
        return _Later(name.partition(".")[0])
    return SimpleNamespace(**{each: _Later(name, each) for each in names})


class _Later:
    """A module, or what it calls by a name."""

    def __init__(self, module: str, name: str | None = None) -> None:
        self._module, self._name = module, name

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._found()(*args, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest asks everything in a module whether it is a test
            raise AttributeError(name)
        return getattr(self._found(), name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._found())

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self._found())

    def _found(self) -> Any:
        module = importlib.import_module(self._module)
        if self._name is None:
            return module
        if not hasattr(module, self._name):
            importlib.import_module(f"{self._module}.{self._name}")
        return getattr(module, self._name)
