"""Fixtures every test may use: the shipped demo model and engines that draw with it."""

from __future__ import annotations

import functools
import gc
import importlib
import os
import sys
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

from bot.cli.common import let_threads_sleep
from bot.settings import DEMO_MODEL_DIR

LONGEST = (  # files, longest first: begun last, one of them would keep its process alone at work
    "test_discord_server", "test_board_curating", "test_viewers", "test_answers", "test_deletions",
    "test_exports", "test_board_pictures", "test_restore", "test_boards", "test_processes",
    "test_compare", "test_board_privacy", "test_board_pinned", "test_lineage", "test_upscaling",
    "test_explore", "test_deferrals", "test_service", "test_privacy", "test_restart", "test_forms",
    "test_odd_text", "test_deliveries", "test_regions", "test_bad_pictures", "test_trash",
    "test_playground", "test_erasure", "test_installation", "test_chaos",
)  # fmt: skip

# These tests import torch: those of `unit/engine`, with one of these fixtures, or marked `engine`.
ENGINE_FIXTURES = {"sketch_model", "demo_engine", "own_threads"}
ENGINE_TESTS = "z-image-bot/engine"  # where a process that has collected them names them

# Tests start some hundred processes: what one of them compiles, the others read.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

gc.disable()  # until all is imported: looking through it again and again takes a second of seven
let_threads_sleep()  # before any test imports torch
if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes share the cores already


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Begin with what needs an engine, then with the longest files, each in its order."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (not _needs_engine(item), rank.get(item.path.stem, len(rank))))


def _needs_engine(item: pytest.Function) -> bool:
    return (
        item.path.parent.name == "engine"
        or item.get_closest_marker("engine") is not None
        or not ENGINE_FIXTURES.isdisjoint(item.fixturenames)
    )


class Scheduling(LoadFileScheduling):
    """Give a process whole files, and one process all tests that import torch, which takes long."""

    def schedule(self) -> None:
        self.engine_tests = frozenset(self.config.cache.get(ENGINE_TESTS, []))
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return "engine" if nodeid in self.engine_tests else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Function) -> None:
    if _needs_engine(item):
        _import_engine()


@functools.cache
def _import_engine() -> None:
    gc.disable()
    importlib.import_module("bot.engine.z_image")
    _freeze()


@pytest.hookimpl(tryfirst=True)  # before xdist tells the scheduler that all is collected
def pytest_collection_finish(session: pytest.Session) -> None:
    _freeze()
    found = [item.nodeid for item in session.items if _needs_engine(item)]
    session.config.cache.set(ENGINE_TESTS, found)


def _freeze() -> None:
    """Leave what imports made, half a million objects, out of every later garbage collection."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def demo_model() -> Path:
    """Return the folder of the demo model; another one may be named for development."""
    return Path(os.environ.get("Z_IMAGE_TEST_MODEL", DEMO_MODEL_DIR))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, demo_model: Path) -> None:
    """Keep the developer's own settings and working folder out of the tests."""
    for name in (
        "MODEL", "MODEL_CACHE", "MODEL_SOURCE", "DATA_DIR", "DEVICE", "DTYPE", "HF_HUB_CACHE",
        "HF_HOME", "MODELSCOPE_CACHE",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    monkeypatch.setattr("bot.models.locations.DEMO_MODEL_DIR", demo_model)
    monkeypatch.chdir(tmp_path)
