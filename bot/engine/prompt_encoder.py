"""From a prompt to its embedding, exactly as the official pipeline does, without its padding."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import torch
from torch import nn

from bot.domain.requests import ImageRequest
from bot.engine.backends.fused.backend import FusedBackend
from bot.engine.checked_model import CheckedModel, load_module
from bot.engine.tokens import check_tokens, neutralise

_CACHED_TOKENS: Final = 16_384  # of 2560 bf16 values: 84 MB on the device


class PromptEncoder:
    """The tokenizer and the text encoder, with a cache of the last prompts' embeddings.

    Attributes:
        model: The loaded `Qwen3Model`, in main memory until a path takes it.
        fast: The path that computes embeddings; None for transformers' own code.
        version: What the weights are known by; embeddings of others are not used.

    """

    def __init__(
        self, checkpoint: CheckedModel, *, device: torch.device, dtype: torch.dtype
    ) -> None:
        """Load the text encoder."""
        self._device = device
        self._tokenizer = checkpoint.tokenizer
        self.model = without_last_layer(load_module(checkpoint, "text_encoder", dtype))
        self.fast: FusedBackend | None = None
        self.version: object = ()
        self._reads_at = device
        self._cache: OrderedDict[tuple[object, ...], torch.Tensor] = OrderedDict()
        self._template_tokens = len(self._ids(""))

    def neutralise(self, prompt: str) -> str:
        """Return the prompt with the tokenizer's control tokens broken up by a space."""
        return neutralise(prompt, self._tokenizer.get_added_vocab())

    def check(self, request: ImageRequest) -> None:
        """Refuse words longer than the model reads.

        Raises:
            TooManyTokensError: They have more than 504 tokens.

        """
        for noun, text in request.texts.items():
            check_tokens(len(self._ids(self.neutralise(text))) - self._template_tokens, noun)

    @torch.inference_mode()
    def encode(self, prompt: str) -> torch.Tensor:
        """Return the embedding of one prompt, shape (tokens, hidden size), on the engine's device.

        The causal encoder gives a real token the same state with padding behind it or without, so
        only the real tokens are computed.
        """
        # What computes decides the bits, and on a CPU so does the number of threads.
        key = (self.version, self.fast is None, torch.get_num_threads(), prompt)
        cached = self._cache.pop(key, None)
        if cached is None:
            cached = self._compute(torch.tensor(self._ids(prompt)))
        self._cache[key] = cached
        while sum(map(len, self._cache.values())) > _CACHED_TOKENS:
            self._cache.popitem(last=False)
        return cached

    def _compute(self, ids: torch.Tensor) -> torch.Tensor:
        if self.fast is not None:
            return self.fast.encode(ids)
        ids = ids[None].to(self._reads_at)
        states: torch.Tensor = self.model(input_ids=ids, use_cache=False).last_hidden_state[0]
        return states.to(self._device)

    def move(self, device: torch.device) -> None:
        """Move the whole text encoder, for example off a GPU whose memory ran out."""
        self.model.to(device)
        self._reads_at = device

    def _ids(self, prompt: str) -> list[int]:
        """Return the token ids of the prompt within the chat template."""
        text = self._tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=True,
        )
        ids: list[int] = self._tokenizer(text, verbose=False).input_ids  # we count ourselves
        return ids


def without_last_layer(model: Any) -> Any:
    """Cut the model so that its output is the full model's `hidden_states[-2]`.

    That state is the input of the last layer, before the final norm: neither is ever needed.
    """
    model.layers = model.layers[:-1]
    model.config.num_hidden_layers -= 1
    model.norm = nn.Identity()
    return model
