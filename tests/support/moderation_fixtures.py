"""Fixtures of moderation: a log channel, and a check of pictures that says what a test wants."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.discord_env import DiscordEnv
from tests.support.moderation_env import log_channel, rule
from tests.support.steered_classifier import SteeredClassifier


@pytest.fixture
async def log(env: DiscordEnv) -> Any:
    """Return a log channel that not everyone may view."""
    channel = log_channel(env)
    await rule(env, log_channel=str(channel.id))
    return channel


@pytest.fixture
def check() -> SteeredClassifier:
    return SteeredClassifier()
