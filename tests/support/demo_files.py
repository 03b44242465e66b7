"""The files of the shipped model, looked at once in a process not whenever a bot opens."""

from __future__ import annotations

import functools
from pathlib import Path

from bot.cli import serve
from bot.models import ModelFiles, locate, locations
from bot.models.registry import DEMO
from bot.services import bootstrap
from bot.settings import DEMO_MODEL_DIR

_located = functools.cache(locate)


def let_demo_files_be_known() -> None:
    """Let bots of this process take it that nothing damages the shipped model between them.

    To look at it takes a quarter of the time in which a bot opens; other folders are looked at.
    """
    bootstrap.locate = serve.locate = _known
    _known(DEMO, model_cache=DEMO_MODEL_DIR)


def _known(model: str, *, model_cache: Path) -> ModelFiles:
    is_demo = model in {DEMO, str(DEMO_MODEL_DIR)} and locations.DEMO_MODEL_DIR == DEMO_MODEL_DIR
    if is_demo:
        return _located(model, model_cache=DEMO_MODEL_DIR)
    return locate(model, model_cache=model_cache)
