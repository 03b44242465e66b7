"""Fixtures for the bot in a simulated Discord; loaded by `pytest_plugins` where they are wanted."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.models import LoraFolder
from bot.settings import Settings
from tests.support.discord_env import DiscordEnv, SteeredEngine, open_env
from tests.support.discord_server.stand_in import StandInEngine
from tests.support.loras import write_lora

if TYPE_CHECKING:  # importing it for real would import torch
    from bot.engine.z_image import ZImageEngine


@pytest.fixture(scope="session")
def sketch_model(demo_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model that draws scribbles in a third of the demo model's time."""
    from tests.support.sketch_model import write_sketch_model  # noqa: PLC0415 - imports torch

    return write_sketch_model(demo_model, tmp_path_factory.mktemp("sketch") / "model")


@pytest.fixture(scope="session")
def lora_shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two LoRAs that the real engines find, `neon` and `ink`."""
    folder = tmp_path_factory.mktemp("loras")
    for seed, name in enumerate(("neon", "ink")):
        write_lora(folder, name, seed=seed)
    return folder


@pytest.fixture(scope="session")
def loaded_engine(sketch_model: Path, lora_shelf: Path) -> Iterator[ZImageEngine]:
    """Load weights that draw scribbles once, for tests of what the real engine tells or refuses."""
    with _loaded(sketch_model, lora_shelf) as engine:
        yield engine


@pytest.fixture(scope="session")
def demo_engine(demo_model: Path, lora_shelf: Path) -> Iterator[ZImageEngine]:
    """Load the whole demo model once, for tests of what a picture shows."""
    with _loaded(demo_model, lora_shelf) as engine:
        yield engine


@contextlib.contextmanager
def _loaded(model: Path, loras: Path) -> Iterator[ZImageEngine]:
    from bot.engine.z_image import ZImageEngine  # noqa: PLC0415 - imports torch

    engine = ZImageEngine(
        model,
        model_id="demo",
        revision="test",
        device="cpu",
        cpu_threads=1,
        lora_path=LoraFolder(loras).path,
    )
    engine.load()
    yield engine
    engine.close()


@pytest.fixture
def engine(tmp_path: Path) -> SteeredEngine:
    """Return an engine that draws squares at once."""
    return SteeredEngine(StandInEngine(seconds_per_forward=0.0, notes=tmp_path / "stand-in"))


@pytest.fixture
def real_engine(loaded_engine: ZImageEngine) -> SteeredEngine:
    return SteeredEngine(loaded_engine)


@pytest.fixture
def own_threads() -> Iterator[None]:
    """Give the process its number of threads back, which is one for all engines in it."""
    import torch  # noqa: PLC0415 - most tests do without

    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def settings(tmp_path: Path, demo_model: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", model=str(demo_model), device="cpu")


@pytest.fixture
async def env(settings: Settings, engine: SteeredEngine) -> AsyncIterator[DiscordEnv]:
    async with open_env(settings, engine) as env:
        yield env


@pytest.fixture
async def drawn_env(settings: Settings, real_engine: SteeredEngine) -> AsyncIterator[DiscordEnv]:
    """Return an environment whose pictures are drawn, for tests of what is on or known of them."""
    async with open_env(settings, real_engine) as env:
        yield env
