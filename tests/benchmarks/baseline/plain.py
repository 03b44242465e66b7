"""diffusers' `ZImagePipeline` as articles call it: eager, 9 steps, with the engine's face."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import torch
from diffusers.pipelines.z_image.pipeline_z_image import ZImagePipeline
from diffusers.utils import logging as diffusers_logging
from transformers import Qwen2Tokenizer
from transformers.utils import logging as transformers_logging

from bot.domain.drawing import Drawing, DrawTask, RawImage
from bot.domain.requests import Size
from bot.engine.hardware import choose_device, choose_dtype, on_its_device
from bot.engine.protocol import OnStep
from bot.engine.timing import StageClock

NUM_INFERENCE_STEPS: Final = 9  # what most articles pass


class PlainEngine:
    """The pipeline without anything of ours; on the calling thread, with torch's own defaults."""

    def __init__(self, folder: Path, *, device: str = "auto", dtype: str = "auto") -> None:
        """Remember what to load."""
        self._folder = folder
        self._device = choose_device(device)
        self._dtype = choose_dtype(dtype, self._device)
        self._pipeline: Any = None
        self._clock: StageClock | None = None

    @on_its_device
    def load(self) -> None:
        """Load the pipeline as the model card does."""
        if self._pipeline is not None:
            return
        for library in (transformers_logging, diffusers_logging):
            library.disable_progress_bar()
        pipeline = ZImagePipeline.from_pretrained(
            self._folder, dtype=self._dtype, local_files_only=True
        )
        self._pipeline = pipeline.to(self._device)
        self._pipeline.set_progress_bar_config(disable=True)
        self._watch(self._pipeline, "encode_prompt", after="text")
        self._watch(self._pipeline.vae, "decode", before="denoise", after="decode")

    @on_its_device
    def draw(
        self,
        task: DrawTask,
        *,
        on_step: OnStep | None = None,
        cancel: threading.Event | None = None,
    ) -> Drawing:
        """Draw one image of the request's prompt, seed and size; its quality plays no part."""
        self.load()
        request = task.request
        with _torch_as_it_comes():
            self._clock = clock = StageClock(self._device)
            picture = self._pipeline(
                prompt=request.prompt,
                height=request.size.height,
                width=request.size.width,
                num_inference_steps=NUM_INFERENCE_STEPS,
                guidance_scale=0.0,
                generator=torch.Generator(self._device).manual_seed(request.seed),
            ).images[0]
            pixels = picture.tobytes()
            clock.ended("copy")
        image = RawImage(width=picture.width, height=picture.height, pixels=pixels)
        return Drawing(
            image=image,
            conditions={
                "model": self._folder.name,
                "path": "plain diffusers",
                "num_inference_steps": NUM_INFERENCE_STEPS,
                "dtype": str(self._dtype).removeprefix("torch."),
            },
            durations_s=clock.seconds(),
        )

    def warm(self, size: Size, *, cancel: threading.Event) -> bool:
        """Warm nothing: an article's first image is not counted either."""
        return True

    @on_its_device
    def close(self) -> None:
        """Give the memory back."""
        self._pipeline = None
        gc.collect()  # the watched methods belong to what they are called on
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _watch(self, owner: Any, name: str, *, after: str, before: str = "") -> None:
        """Note where stages end, at the borders of a method that the pipeline calls once."""
        method = getattr(owner, name)

        def watched(*values: Any, **named: Any) -> Any:
            assert self._clock is not None
            if before:
                self._clock.ended(before)
            result = method(*values, **named)
            self._clock.ended(after)
            return result

        setattr(owner, name, watched)


def caption_tokens(folder: Path, prompt: str) -> int:
    """Return how many tokens a model reads for a prompt, the chat template's included."""
    tokenizer: Any = Qwen2Tokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=True,
    )
    return len(tokenizer(text).input_ids)


@contextlib.contextmanager
def _torch_as_it_comes() -> Iterator[None]:
    """Take back, for a while, what our engine asks of torch to repeat its images."""
    cudnn, is_on = torch.backends.cudnn, torch.are_deterministic_algorithms_enabled()
    deterministic = cudnn.deterministic
    torch.use_deterministic_algorithms(mode=False)
    cudnn.deterministic = False
    try:
        yield
    finally:
        cudnn.deterministic = deterministic
        torch.use_deterministic_algorithms(mode=is_on, warn_only=True)
