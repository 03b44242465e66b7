"""Fixtures for the bot in a simulated Discord; loaded by `pytest_plugins` where they are wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.engines.z_image import ZImageEngine
from bot.settings import Settings
from tests.town import SteeredEngine, Town, open_town


@pytest.fixture(scope="session")
def loaded_engine(demo_model: Path) -> Iterator[ZImageEngine]:
    """Load the weights once for all tests."""
    engine = ZImageEngine(demo_model, model_id="demo", revision="test", device="cpu", cpu_threads=2)
    engine.load()
    yield engine
    engine.close()


@pytest.fixture
def engine(loaded_engine: ZImageEngine) -> SteeredEngine:
    return SteeredEngine(loaded_engine)


@pytest.fixture
def settings(tmp_path: Path, demo_model: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", model=str(demo_model), device="cpu")


@pytest.fixture
async def town(settings: Settings, engine: SteeredEngine) -> AsyncIterator[Town]:
    async with open_town(settings, engine) as town:
        yield town
