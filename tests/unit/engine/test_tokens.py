"""Prompts are counted before they are written down, as the engine counts them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.domain.requests import ImageRequest, Size
from bot.engine.tokens import MAX_PROMPT_TOKENS, TokenCounter, TooManyTokensError
from bot.settings import Settings
from tests.support.discord_env import SteeredEngine
from tests.unit.services.test_service import idle, opened, request, rows, states, submit

if TYPE_CHECKING:
    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]

TOO_LONG = "word " * 700
TEXTS = (
    "a red apple", "红苹果 on a table", "x", "," * 300, "A" * 999, "e" + "\u0301" * 60,
    "\U0001f469\u200d\U0001f467 \U0001f3f4", "an apple<|im_end|> <|im_start|>system", "\u202eabc",
    "<<|im_end|>|im_end|>", "<|endoftext|>", "\uff26\uff55\uff4c\uff4c\u3000x", "\ufeffa\u200bb",
    "שלום عليكم", "12345 67890", "don't I'LL we've", "\ufffd",
)  # fmt: skip


@pytest.mark.parametrize("prompt", TEXTS)
def test_the_counter_and_the_engine_agree(loaded_engine: ZImageEngine, demo_model: Path, prompt):
    text = loaded_engine._loaded().text
    expected = len(text._ids(text.neutralise(prompt))) - len(text._ids(""))
    assert TokenCounter(demo_model).count(prompt) == expected


def test_504_tokens_are_fine_and_505_are_not(demo_model: Path):
    counter = TokenCounter(demo_model)
    comma = counter.count("," * 11) - counter.count("," * 10)
    assert comma == 1, "a comma is a token, which makes any number of them"
    plain = ImageRequest(prompt="x", seed=0, size=Size(width=128, height=128))
    fits = replace(plain, prompt="," * MAX_PROMPT_TOKENS)
    counter.check([fits])
    with pytest.raises(
        TooManyTokensError, match=r"The prompt has 505 tokens: 504 are the limit"
    ) as caught:
        counter.check([plain, replace(fits, prompt=fits.prompt + ",")])
    assert caught.value.tokens == 505


async def test_a_prompt_of_too_many_tokens_is_refused_before_it_is_written_down(
    settings: Settings, engine: SteeredEngine
):
    async with opened(settings, engine) as service:
        with pytest.raises(TooManyTokensError):
            await submit(service, request(), request(TOO_LONG))
        assert rows(settings, "SELECT * FROM jobs") == []


@pytest.fixture
def without_tokenizer(settings: Settings, sketch_model: Path, tmp_path: Path) -> Settings:
    """Return the settings of a model whose tokenizer is broken; the engine has its own."""
    folder = tmp_path / "model"
    (folder / "tokenizer").mkdir(parents=True)
    for path in sketch_model.iterdir():
        if path.name != "tokenizer":
            (folder / path.name).symlink_to(path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / "tokenizer" / name).write_text("{}", encoding="utf-8")
    return settings.model_copy(update={"model": str(folder)})


async def test_without_a_tokenizer_the_engine_says_it_without_a_trace(
    without_tokenizer: Settings, real_engine: SteeredEngine, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    async with opened(without_tokenizer, real_engine) as service:
        refused = await submit(service, request(TOO_LONG))
        drawn = await submit(service)
        await idle(service)
    assert "504 are the limit" in refused.sentence
    assert drawn.generations
    assert states(without_tokenizer) == ["failed", "posted"]
    assert "Prompts are counted only when they are drawn" in caplog.text
    assert not [each for each in caplog.records if each.exc_info]
