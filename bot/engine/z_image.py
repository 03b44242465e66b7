"""The Z-Image-Turbo engine: a folder of the five parts of a `ZImagePipeline` becomes images.

The modules of this package are the only ones that import torch, diffusers and transformers, and
the command line and the bot import them only when an image is wanted.
"""

from __future__ import annotations

import functools
import gc
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Final

import torch

from bot.domain.drawing import Drawing
from bot.domain.requests import ImageRequest, Quality, Size
from bot.domain.variety_schedule import VarietyNoise
from bot.engine.checked_model import CheckedModel, open_checked_model
from bot.engine.hardware import (
    check_precision,
    choose_device,
    choose_dtype,
    choose_path,
    device_name,
    kernel_conditions,
    make_deterministic,
    on_its_device,
    threads,
)
from bot.engine.load_errors import first_line, load_errors
from bot.engine.memory import Budget, MemoryPlanner, is_out_of_memory, out_of_memory_error
from bot.engine.parts import LoadOptions, ModelParts, load_parts, measure
from bot.engine.pipeline import OnStep, Run, Wait
from bot.errors import CancelledError, SettingsError

logger = logging.getLogger(__name__)

# Above, the VAE's decoder works in tiles. The same on every card: tiles change the pixels.
TILED_PIXELS: Final = 1536 * 1536

# Of up to 32 tokens and of up to 64: most prompts are, and what is recorded is per 32 tokens.
_WARMING: Final = ("a red apple", ", ".join(["a red apple"] * 12))

_version: Final = functools.cache(version)  # a file is read for it: 1 ms in which no GPU works


class ZImageEngine:
    """Draw images with a `ZImagePipeline` folder; all methods on one and the same thread."""

    def __init__(  # noqa: PLR0913 - keyword-only values that belong together
        self,
        folder: Path,
        *,
        model_id: str,
        revision: str,
        device: str = "auto",
        dtype: str = "auto",
        cpu_threads: int = 0,
        path: str = "auto",
        precision: str = "full",
        memory: str = "auto",
        model_files: Mapping[str, str] | None = None,
    ) -> None:
        """Remember what to load; nothing is read before `load`.

        Args:
            folder: A `ZImagePipeline` folder.
            model_id: What a recipe calls it.
            revision: Likewise.
            device: auto, cpu, cuda or cuda:N.
            dtype: auto, bfloat16 or float32.
            cpu_threads: Of torch; 0 leaves the choice to it.
            path: fast, reference, or auto: fast on a GPU.
            precision: full, fp8 for 8-bit products, int8 or int4 for weights in so many bits; all
                but full on the fast path only.
            memory: auto for all that is free on the GPU, or a number of GiB.
            model_files: What a recipe says of the files of weights: path -> hash.

        Raises:
            SettingsError: There is no such GPU, or it has no such precision.

        """
        self._folder = folder
        self._model_id = model_id
        self._revision = revision
        self._device = choose_device(device)
        self._model_files = dict(model_files or {})
        self._cpu_threads = cpu_threads
        self._memory = memory
        self._choices = LoadOptions(
            device=self._device,
            dtype=choose_dtype(dtype, self._device),
            is_fast=choose_path(path, self._device),
            precision=precision,
        )
        check_precision(precision, self._device, self._choices.dtype, is_fast=self._choices.is_fast)
        self._parts: ModelParts | None = None
        self._room: MemoryPlanner | None = None

    @on_its_device
    def load(self) -> None:
        """Read the weights onto the device; calling it again does nothing.

        Raises:
            ModelFilesError: A part is missing, truncated or of another architecture.
            SettingsError: There is too little memory, on the GPU and beside it, or the path that
                was chosen cannot draw with weights like these.
            EngineError: The GPU cannot be used, or memory ran out.

        """
        if self._parts is not None:
            return
        make_deterministic()
        if self._cpu_threads:
            torch.set_num_threads(self._cpu_threads)
        start = time.perf_counter()
        with load_errors(self._folder, model=self._model_id, device=self._device):
            checkpoint = self._open()
            room = self._plan(checkpoint)
            self._parts = load_parts(checkpoint, self._choices, room.plan)
        self._room = room
        self._free_cache()
        logger.info("Loaded %s in %.1f s: %s", self._model_id, time.perf_counter() - start, room)

    @on_its_device
    def foresee(self) -> str:
        """Return in one line what would stay on the device; no weights are read.

        Raises:
            BotError: As for `load`, as far as it can be told without the weights.

        """
        with load_errors(self._folder, model=self._model_id, device=self._device):
            checkpoint = self._open()
            if self._device.type != "cuda":
                return "of no effect on a CPU, which draws from main memory"
            return str(self._plan(checkpoint))

    def _open(self) -> CheckedModel:
        checkpoint = open_checked_model(self._folder)
        if self._choices.is_fast and checkpoint.quantised:
            part, method = next(iter(checkpoint.quantised.items()))
            raise SettingsError(
                f"The {part} of the model in {self._folder} is quantised by {method}, which the "
                "fast path cannot draw with: set ENGINE_PATH=reference, or use the files in "
                "bfloat16."
            )
        return checkpoint

    def _plan(self, checkpoint: CheckedModel) -> MemoryPlanner:
        return MemoryPlanner(measure(checkpoint, self._choices), Budget(self._device, self._memory))

    def check(self, request: ImageRequest) -> None:
        """Refuse a prompt with more tokens than the model reads."""
        self._loaded().text.check(request.prompt)

    @on_its_device
    def generate(
        self,
        request: ImageRequest,
        *,
        like: Mapping[str, object] | None = None,
        cancel: threading.Event | None = None,
        on_step: OnStep | None = None,
    ) -> Drawing:
        """Draw one image.

        Args:
            request: What to draw.
            like: The conditions that another drawing was made under. Its path, attention, tiles
                and number of CPU threads are kept to, where this machine and these weights can.
            cancel: Looked at between denoising steps, before the text and before the decoding.
            on_step: Called on this thread after every denoising step.

        Raises:
            InvalidRequestError: The prompt is too long.
            CancelledError: `cancel` was set.
            EngineOutOfMemoryError: Memory ran out, also the cheaper ways.
            BadImageError: The model returned NaN or a single colour.

        """
        self._loaded().text.check(request.prompt)
        # Recipes of before there was a fast path name none.
        like = {} if like is None else {"path": "reference", **like}
        usual = request.size.pixels > TILED_PIXELS
        tiled = like.get("vae_tiling", usual)
        run = Run(
            request=request,
            cancel=cancel,
            on_step=on_step,
            like=like,
            tiled=tiled if isinstance(tiled, bool) else usual,
            device=self._device,
        )
        with threads(self._device, like.get("cpu_threads")) as own_threads:
            wait = self._draw_if_it_fits(run) or self._draw_cheaply(run)
            conditions = self._conditions(request, tiled=run.tiled)  # while a GPU is still at work
            is_own = own_threads and self._loaded().paths.is_own
            return Drawing(
                image=wait(),
                conditions=conditions,
                durations_s=run.durations_s,
                is_usual=is_own and run.tiled is usual,
            )

    @on_its_device
    def warm(self, size: Size, *, cancel: threading.Event) -> bool:
        """Draw this size for nobody: kernels are loaded, graphs recorded for two lengths of text.

        A CPU has nothing to warm. Where weights come in their turn nothing is recorded, and one
        drawing is enough.

        Returns:
            Whether it came to its end before `cancel` was set, which is looked at between steps.

        """
        if self._device.type != "cuda":
            return True
        self._loaded()
        assert self._room is not None
        for words in _WARMING if self._room.plan.graphs else _WARMING[:1]:
            request = ImageRequest(prompt=words, seed=0, size=size, quality=Quality.DRAFT)
            try:
                self.generate(request, cancel=cancel)
            except CancelledError:
                return False
        return True

    @on_its_device
    def close(self) -> None:
        """Give the memory back."""
        self._parts = None
        self._room = None
        gc.collect()  # its parts refer to one another, and a new engine may need their room at once
        self._free_cache()

    def _loaded(self) -> ModelParts:
        self.load()
        assert self._parts is not None
        return self._parts

    def _draw_if_it_fits(self, run: Run, *, least: bool = False) -> Wait | None:
        """Draw with as many weights on the device as leave room; None where memory runs out.

        Args:
            run: What to draw, and how.
            least: Keep no weights there that can come in their turn.

        """
        room, paths = self._room, self._loaded().paths
        assert room is not None
        try:
            if paths.can_settle:
                size = run.request.size
                paths.settle(room.least() if least else room.settled(size, tiled=run.tiled))
            paths.take(run.like.get("path"), attention=run.like.get("attention"))
            return run.draw(self._loaded())
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            logger.warning("Out of memory at %s: %s", run.request.size, first_line(error))
            room.ran_out()
        return None  # outside `except`: the failed attempt's tensors hang on the exception

    def _draw_cheaply(self, run: Run) -> Wait:
        """Try again with less and less of the model on the GPU, the same pixels; then in tiles."""
        parts = self._loaded()
        on_gpu = self._device.type == "cuda"
        ways = [(on_gpu, True)]  # whether only the least stays there, and tiles
        if on_gpu and parts.paths.can_settle:
            ways = [(False, run.tiled), (True, run.tiled), (True, True)]
        is_moved = on_gpu and parts.paths.can_move_text
        try:
            with parts.paths.now.unrecorded():
                if is_moved:
                    parts.text.move(torch.device("cpu"))
                for least, tiled in dict.fromkeys(ways):
                    self._free_cache()
                    run.tiled = tiled
                    wait = self._draw_if_it_fits(run, least=least)
                    if wait is not None:
                        return wait
            raise out_of_memory_error(self._device, what=str(run.request.size))
        finally:
            self._free_cache()
            if is_moved:
                parts.text.move(self._device)

    def _free_cache(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _conditions(self, request: ImageRequest, *, tiled: bool) -> dict[str, object]:
        """Return what, beside the request, decided the pixels."""
        return {
            "model": self._model_id,
            "revision": self._revision,
            "model_files": self._model_files,
            "loras": [],  # none can be loaded; recorded so that later ones are told apart
            "prompt_used": self._loaded().text.neutralise(request.prompt),
            "num_inference_steps": request.quality.num_inference_steps,
            "sigmas": list(request.quality.sigmas),
            "dtype": str(self._choices.dtype).removeprefix("torch."),
            "noise": "torch.Generator(cpu), float32",
            "variety_noise": _described(request.variety_noise),
            "device": device_name(self._device),
            "cpu_threads": torch.get_num_threads() if self._device.type == "cpu" else None,
            **self._loaded().paths.now.conditions,
            "vae_tiling": tiled,
            **kernel_conditions(self._device),
            "diffusers": _version("diffusers"),
            "transformers": _version("transformers"),
        }


def _described(noise: VarietyNoise | None) -> dict[str, float] | None:
    return None if noise is None else asdict(noise)
