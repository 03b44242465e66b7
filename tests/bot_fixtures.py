"""Fixtures for the bot in a simulated Discord; loaded by `pytest_plugins` where they are wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import torch

from bot.engines.z_image import ZImageEngine
from bot.settings import Settings
from tests.sketch_model import write_sketch_model
from tests.town import SteeredEngine, Town, open_town


@pytest.fixture(scope="session")
def sketch_model(demo_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model that draws scribbles in a third of the demo model's time."""
    return write_sketch_model(demo_model, tmp_path_factory.mktemp("sketch") / "model")


@pytest.fixture(scope="session")
def loaded_engine(sketch_model: Path) -> Iterator[ZImageEngine]:
    """Load the weights once for all tests; those of what a picture shows have `demo_engine`."""
    engine = ZImageEngine(
        sketch_model, model_id="demo", revision="test", device="cpu", cpu_threads=1
    )
    engine.load()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def demo_engine(demo_model: Path) -> Iterator[ZImageEngine]:
    """Load the whole demo model once for all tests that need it."""
    engine = ZImageEngine(demo_model, model_id="demo", revision="test", device="cpu", cpu_threads=1)
    engine.load()
    yield engine
    engine.close()


@pytest.fixture
def engine(loaded_engine: ZImageEngine) -> SteeredEngine:
    return SteeredEngine(loaded_engine)


@pytest.fixture
def own_threads() -> Iterator[None]:
    """Give the process its number of threads back, which is one for all engines in it."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def settings(tmp_path: Path, sketch_model: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", model=str(sketch_model), device="cpu")


@pytest.fixture
async def town(settings: Settings, engine: SteeredEngine) -> AsyncIterator[Town]:
    async with open_town(settings, engine) as town:
        yield town
