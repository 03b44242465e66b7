"""How many tokens a prompt has, known without the text encoder's weights."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import tokenizers

from bot.domain.requests import ImageRequest
from bot.engine.weight_files import WeightFileError, broken_model
from bot.errors import InvalidRequestError

MAX_PROMPT_TOKENS: Final = 504  # the pipeline's 512, less the 8 of the official chat template


class TooManyTokensError(InvalidRequestError):
    """The prompt is longer than the model reads."""

    def __init__(self, tokens: int, noun: str) -> None:
        """Say which text it is, how long, and how much has to go."""
        surplus = max(1, round(100 * (tokens - MAX_PROMPT_TOKENS) / tokens))
        super().__init__(
            f"The {noun} has {tokens} tokens: {MAX_PROMPT_TOKENS} are the limit, so shorten it "
            f"by about {surplus} %."
        )
        self.tokens, self.noun = tokens, noun


class TokenCounter:
    """A model's tokenizer alone; it loads in well under a second and may be used on any thread."""

    def __init__(self, folder: Path) -> None:
        """Load it from a `ZImagePipeline` folder.

        Raises:
            ModelFilesError: Its file is missing or broken.

        """
        path = "tokenizer/tokenizer.json"
        try:
            state = (folder / path).stat()
            self._tokenizer = _tokenizer(folder / path, state.st_mtime_ns, state.st_size)
        except Exception as error:  # the library has no class of its own for that
            raise broken_model(folder, WeightFileError(path, "damaged")) from error
        added = self._tokenizer.get_added_tokens_decoder()
        self._control_tokens = [token.content for token in added.values()]

    def count(self, prompt: str) -> int:
        """Return how many tokens the model reads of a prompt, without its chat template."""
        text = neutralise(prompt, self._control_tokens)
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def check(self, requests: Iterable[ImageRequest]) -> None:
        """Refuse requests with words that are longer than the model reads.

        Raises:
            TooManyTokensError: One has more than 504 tokens.

        """
        nouns = {text: noun for each in requests for noun, text in each.texts.items()}
        for text, noun in nouns.items():
            check_tokens(self.count(text), noun)


@functools.lru_cache(maxsize=4)
def _tokenizer(path: Path, _changed_ns: int, _size_bytes: int) -> tokenizers.Tokenizer:
    """Read a file once, though the queue, the command line and the engine's check all count."""
    return tokenizers.Tokenizer.from_file(str(path))


def check_tokens(tokens: int, noun: str) -> None:
    """Raise `TooManyTokensError` for a text of more than 504 tokens."""
    if tokens > MAX_PROMPT_TOKENS:
        raise TooManyTokensError(tokens, noun)


def neutralise(prompt: str, control_tokens: Iterable[str]) -> str:
    """Return the prompt with the tokenizer's control tokens broken up by a space.

    `<|im_end|>` typed by a user would otherwise end their turn of the chat template.
    """
    for token in control_tokens:
        while token in prompt:
            prompt = prompt.replace(token, f"{token[0]} {token[1:]}")
    return prompt
