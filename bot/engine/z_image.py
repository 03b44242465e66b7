"""The engine of Z-Image and Z-Image-Turbo: a folder of a `ZImagePipeline` becomes images.

The modules of this package are the only ones that import torch, diffusers and transformers, and
the command line and the bot import them only when an image is wanted.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch

from bot.domain.drawing import Drawing, DrawTask
from bot.domain.requests import ImageRequest, ModelProfile, Quality, Size
from bot.engine.adapters.library import FindAdapter, no_adapters
from bot.engine.checked_model import CheckedModel, open_checked_model
from bot.engine.conditions import machine_conditions, request_conditions
from bot.engine.control.file import ControlFile
from bot.engine.control.network import CheckedControl, open_control
from bot.engine.hardware import (
    check_precision,
    choose_device,
    choose_dtype,
    choose_path,
    make_deterministic,
    on_its_device,
    threads,
)
from bot.engine.load_errors import load_errors
from bot.engine.memory import Budget, MemoryPlanner, free_cache
from bot.engine.memory_fallback import draw_within_memory
from bot.engine.parts import LoadOptions, ModelParts, load_parts, measure
from bot.engine.pipeline import Run
from bot.engine.protocol import OnStep, PreviewPace
from bot.engine.upscaler.upscale import Upscaling
from bot.engine.upscaler.upscaler import Upscaler
from bot.errors import CancelledError, SettingsError

logger = logging.getLogger(__name__)

# Above, the VAE's decoder works in tiles. The same on every card: tiles change the pixels.
TILED_PIXELS: Final = 1536 * 1536

# Of up to 32 tokens and of up to 64: most prompts are, and what is recorded is per 32 tokens.
_WARMING: Final = ("a red apple", ", ".join(["a red apple"] * 12))


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
        lora_path: FindAdapter = no_adapters,
        weights: Mapping[str, Path] | None = None,
        profile: ModelProfile = ModelProfile.TURBO,
        control: ControlFile | None = None,
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
            lora_path: Finds a LoRA's file by its SHA-256; raises MissingAdapterError.
            weights: Part -> a single file in the place of the folder's.
            profile: What kind of Z-Image it is: nothing of another one is drawn.
            control: The weights that let a map steer an image; None for none.

        Raises:
            SettingsError: There is no such GPU, or it has no such precision.

        """
        self._folder = folder
        self._weights = dict(weights or {})
        self._model_id = model_id
        self._revision = revision
        self._device = choose_device(device)
        self._model_files = dict(model_files or {})
        self._cpu_threads = cpu_threads
        self._memory, self._control = memory, control
        self._options = LoadOptions(
            device=self._device,
            dtype=choose_dtype(dtype, self._device),
            is_fast=choose_path(path, self._device),
            precision=precision,
            find_adapter=lora_path,
            profile=profile,
        )
        check_precision(precision, self._device, self._options.dtype, is_fast=self._options.is_fast)
        self._parts: ModelParts | None = None
        self._upscaler = Upscaler(self._device)
        self._pace = PreviewPace()

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
            control = self._open_control(checkpoint)
            planner = self._plan(checkpoint, control)
            self._parts = load_parts(checkpoint, self._options, planner, control)
        free_cache(self._device)
        logger.info("Loaded %s in %.1f s: %s", self._model_id, time.perf_counter() - start, planner)

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
            return str(self._plan(checkpoint, self._open_control(checkpoint)))

    def _open(self) -> CheckedModel:
        checkpoint = open_checked_model(self._folder, self._weights)
        if self._options.is_fast and checkpoint.quantised:
            part, method = next(iter(checkpoint.quantised.items()))
            raise SettingsError(
                f"The {part} of the model in {self._folder} is quantised by {method}, which the "
                "fast path cannot draw with: set ENGINE_PATH=reference, or use the files in "
                "bfloat16."
            )
        return checkpoint

    def _open_control(self, checkpoint: CheckedModel) -> CheckedControl | None:
        if self._control is None:
            return None
        return open_control(self._control, checkpoint.skeletons["transformer"])

    def _plan(self, checkpoint: CheckedModel, control: CheckedControl | None) -> MemoryPlanner:
        model = measure(checkpoint, self._options, control)
        return MemoryPlanner(model, Budget(self._device, self._memory))

    @on_its_device
    def draw(
        self,
        task: DrawTask,
        *,
        on_step: OnStep | None = None,
        cancel: threading.Event | None = None,
    ) -> Drawing:
        """Draw one image.

        Args:
            task: What to draw. Of the conditions to match, the path, attention, tiles and number
                of CPU threads are met where this machine and these weights can.
            on_step: Called on this thread after every denoising step.
            cancel: Checked before the text, between steps and tiles, and before the decoding.

        Raises:
            InvalidRequestError: The prompt is too long, or it is for another kind of model.
            CancelledError: `cancel` was set.
            EngineOutOfMemoryError: Memory ran out, even at its cheapest.
            MissingAdapterError: The file of a LoRA is not here.
            AdapterFileError: A LoRA does not fit this model.
            MissingWeightsError: It is to be upscaled, and the weights for that are not installed.
            BadImageError: The model returned NaN or a single colour.

        """
        task.request.check_profile(self._options.profile)
        parts, request, match = self._loaded(), task.request, task.match or {}
        if request.is_drawn:
            parts.text.check(request)
        usual = request.size.pixels > TILED_PIXELS
        tiled = match.get("vae_tiling", usual)
        run = Run(
            task=task,
            device=self._device,
            tiled=tiled if isinstance(tiled, bool) else usual,
            pace=self._pace,
            upscaling=Upscaling.of(task, self._upscaler) if request.is_upscaled else None,
            on_step=on_step,
            cancel=cancel,
        )
        with threads(self._device, match.get("cpu_threads")) as own_threads:
            wait = draw_within_memory(run, parts)
            conditions = self._conditions(parts, run)  # while a GPU is still at work
            is_own = own_threads and parts.backends.is_own
            return Drawing(
                image=wait(),
                conditions=conditions,
                durations_s=run.durations_s,
                is_usual=is_own and run.tiled is usual,
            )

    @on_its_device
    def warm(self, size: Size, *, cancel: threading.Event) -> bool:
        """Load the kernels of a size and record its graphs, for two lengths of text.

        A CPU has nothing to warm. Weights that are streamed allow no graphs: then one drawing is
        enough.

        Returns:
            False if `cancel`, checked between steps, was set before it was done.

        """
        if self._device.type != "cuda":
            return True
        for words in _WARMING if self._loaded().planner.plan.graphs else _WARMING[:1]:
            request = ImageRequest(
                prompt=words,
                seed=0,
                size=size,
                quality=Quality.DRAFT,
                profile=self._options.profile,
            )
            try:
                self.draw(DrawTask(request=request), cancel=cancel)
            except CancelledError:
                return False
        return True

    @on_its_device
    def close(self) -> None:
        """Give the memory back."""
        self._parts = None
        self._upscaler = Upscaler(self._device)
        gc.collect()  # its parts refer to one another, and a new engine may need their room at once
        free_cache(self._device)

    def _loaded(self) -> ModelParts:
        self.load()
        assert self._parts is not None
        return self._parts

    def _conditions(self, parts: ModelParts, run: Run) -> dict[str, object]:
        """Return what, beside the request, decided the pixels."""
        request, upscaling = run.task.request, run.upscaling
        if upscaling is not None and not request.is_drawn:
            return upscaling.conditions_alone(self._device, run.task)
        return {
            "model": self._model_id,
            "revision": self._revision,
            "model_files": self._model_files,
            "loras": [asdict(each) for each in request.adapters],
            "prompt_used": parts.text.neutralise(request.prompt),
            **request_conditions(request, run.task.match),
            "dtype": str(self._options.dtype).removeprefix("torch."),
            **parts.backends.now.conditions,
            **_control_conditions(request, parts),
            **({} if upscaling is None else {"upscaler": upscaling.conditions}),
            "vae_tiling": run.tiled,
            **machine_conditions(self._device),
        }


def _control_conditions(request: ImageRequest, parts: ModelParts) -> dict[str, object]:
    """Return what a recipe records of the weights that let a map steer the image."""
    if request.control is None or parts.control is None:
        return {}
    return {"control_weights": parts.control.file.conditions}
