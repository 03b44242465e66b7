"""The Z-Image-Turbo engine: a folder of the five parts of a `ZImagePipeline` becomes images.

The modules of this package are the only ones that import torch, diffusers and transformers, and
the command line and the bot import them only when an image is wanted.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.transformers.transformer_z_image import ZImageTransformer2DModel
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from bot.engines import Drawing, RawImage, Step
from bot.engines.fast.path import FastPath
from bot.engines.hardware import (
    choose_device,
    choose_dtype,
    choose_path,
    choose_precision,
    device_name,
    kernel_conditions,
    make_deterministic,
)
from bot.engines.memory import is_out_of_memory, out_of_memory_error
from bot.engines.preview import fit_latent_to_rgb, latent_to_rgb
from bot.engines.reference import ReferencePath, Velocity
from bot.engines.text import PromptEncoder
from bot.engines.variety import vary
from bot.errors import BadImageError, CancelledError, ModelFilesError
from bot.generation import GenerationRequest, Size
from bot.scales import VarietyNoise

logger = logging.getLogger(__name__)

VAE_SCALE: Final = 8  # pixels a latent cell: the VAE halves three times
TILED_PIXELS: Final = (
    1536 * 1536
)  # above, the VAE's decoder works in tiles: 2048 then fits in 24 GB

OnStep = Callable[[Step], None]


@dataclass(kw_only=True)
class _Parts:
    """The loaded model."""

    text: PromptEncoder
    path: ReferencePath | FastPath
    channels: int
    vae: Any
    scheduler: Any


@dataclass(kw_only=True)
class _Run:
    """One attempt at one image."""

    request: GenerationRequest
    cancel: threading.Event | None
    on_step: OnStep | None
    durations_s: dict[str, float] = field(default_factory=dict)

    def stop_if_cancelled(self) -> None:
        """Raise between two steps when the requester no longer wants the image."""
        if self.cancel is not None and self.cancel.is_set():
            raise CancelledError("The image was cancelled while it was drawn.")

    @contextlib.contextmanager
    def timed(self, stage: str, device: torch.device) -> Iterator[None]:
        """Add the seconds of a stage, the GPU's own work included."""
        start = time.perf_counter()
        yield
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        self.durations_s[stage] = time.perf_counter() - start


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
            precision: full, or fp8 for 8-bit products on the fast path.
            model_files: What a recipe says of the files of weights: path -> hash.

        """
        self._folder = folder
        self._model_id = model_id
        self._revision = revision
        self._device = choose_device(device)
        self._dtype = choose_dtype(dtype, self._device)
        self._cpu_threads = cpu_threads
        self._is_fast = choose_path(path, self._device)
        self._is_quantised = choose_precision(precision, self._device, is_fast=self._is_fast)
        self._model_files = dict(model_files or {})
        self._parts: _Parts | None = None
        self._latent_to_rgb: torch.Tensor | None = None

    def load(self) -> None:
        """Read the weights onto the device; calling it again does nothing.

        Raises:
            ModelFilesError: A part is missing, truncated or of another architecture.

        """
        if self._parts is not None:
            return
        make_deterministic()
        if self._cpu_threads:
            torch.set_num_threads(self._cpu_threads)
        start = time.perf_counter()
        try:
            self._parts = self._load_parts()
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            if is_out_of_memory(error):
                raise out_of_memory_error(
                    self._device, what=f"the model {self._model_id}"
                ) from error
            raise ModelFilesError(
                f"The model in {self._folder} cannot be loaded ({_first_line(error)}): run "
                "`python -m bot doctor` to find the broken file."
            ) from error
        self._free_cache()  # what fusing weights left between them
        logger.info("Loaded %s in %.1f s", self._model_id, time.perf_counter() - start)

    def check(self, request: GenerationRequest) -> None:
        """Refuse a prompt with more tokens than the model reads."""
        self._loaded().text.check(request.prompt)

    def generate(
        self,
        request: GenerationRequest,
        *,
        cancel: threading.Event | None = None,
        on_step: OnStep | None = None,
    ) -> Drawing:
        """Draw one image.

        Args:
            request: What to draw.
            cancel: Looked at between denoising steps, before the text and before the decoding.
            on_step: Called on this thread after every denoising step.

        Raises:
            InvalidRequestError: The prompt is too long.
            CancelledError: `cancel` was set.
            EngineOutOfMemoryError: Memory ran out, also the cheaper way.
            BadImageError: The model returned NaN or a single colour.

        """
        parts = self._loaded()
        parts.text.check(request.prompt)
        run = _Run(request=request, cancel=cancel, on_step=on_step)
        tiled = request.size.pixels > TILED_PIXELS
        try:
            image = self._draw(run, tiled=tiled)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            logger.warning("Out of memory at %s: trying the cheaper way", request.size)
            retry = True
        else:
            retry = False
        if retry:  # outside `except`: the failed attempt's tensors hang on the exception
            tiled = True
            image = self._draw_cheaply(run)
        return Drawing(
            image=image,
            conditions=self._conditions(request, tiled=tiled),
            durations_s=run.durations_s,
        )

    def close(self) -> None:
        """Give the memory back."""
        self._parts = None
        self._latent_to_rgb = None
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _loaded(self) -> _Parts:
        self.load()
        assert self._parts is not None
        return self._parts

    def _load_parts(self) -> _Parts:
        for library in (transformers_logging, diffusers_logging):
            library.disable_progress_bar()  # a refusal is one line on the standard error
        options: dict[str, Any] = {"local_files_only": True, "low_cpu_mem_usage": True}
        folder, dtype = self._folder, self._dtype
        transformer = ZImageTransformer2DModel.from_pretrained(
            folder, subfolder="transformer", dtype=dtype, **options
        )
        vae = AutoencoderKL.from_pretrained(folder, subfolder="vae", dtype=dtype, **options)
        if self._device.type == "cpu":
            # A quarter faster here (demo model, 2 cores); on an H100 slower on the reference path.
            vae = vae.to(memory_format=torch.channels_last)
        transformer, vae = (_frozen(each).to(self._device) for each in (transformer, vae))
        text = PromptEncoder(folder, device=self._device, dtype=dtype)
        return _Parts(
            text=text,
            path=self._make_path(transformer, vae, text),
            channels=transformer.in_channels,
            vae=vae,
            scheduler=FlowMatchEulerDiscreteScheduler.from_pretrained(
                folder, subfolder="scheduler", local_files_only=True
            ),
        )

    def _make_path(self, transformer: Any, vae: Any, text: PromptEncoder) -> Any:
        if not self._is_fast:
            return ReferencePath(transformer, dtype=self._dtype)
        path = FastPath(transformer, vae, dtype=self._dtype, quantised=self._is_quantised)
        if path.decoder is not None:
            vae.decoder = path.decoder
        text.hurry(path)
        return path

    def _draw_cheaply(self, run: _Run) -> RawImage:
        """Try once more with the text encoder off the GPU and the VAE in tiles."""
        parts = self._loaded()
        parts.path.release()
        self._free_cache()
        if self._device.type == "cuda":
            parts.text.move(torch.device("cpu"))
            self._free_cache()
        try:
            return self._draw(run, tiled=True)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            problem = out_of_memory_error(self._device, what=str(run.request.size))
            raise problem from error
        finally:
            self._free_cache()
            parts.text.move(self._device)

    def _free_cache(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    @torch.inference_mode()
    def _draw(self, run: _Run, *, tiled: bool) -> RawImage:
        """Make one attempt: text, denoising, decoding."""
        run.stop_if_cancelled()
        with run.timed("text", self._device):
            embeddings = self._embed(run.request)
        with run.timed("denoise", self._device):
            latents = self._denoise(run, embeddings)
        run.stop_if_cancelled()
        with run.timed("decode", self._device):
            return self._decode(latents, tiled=tiled)

    def _embed(self, request: GenerationRequest) -> list[torch.Tensor]:
        """Return the prompt's embedding and, with guidance, that of the empty prompt."""
        text = self._loaded().text
        embedding = text.encode(text.neutralise(request.prompt))
        embeddings = [vary(embedding, request.variety_noise, seed=request.seed)]
        if request.guidance_scale > 0:
            embeddings.append(text.encode(""))
        return embeddings

    def _denoise(self, run: _Run, embeddings: list[torch.Tensor]) -> torch.Tensor:
        """Walk the sigmas from noise to the finished latent, (1, channels, H/8, W/8) float32."""
        parts, request = self._loaded(), run.request
        parts.scheduler.set_timesteps(sigmas=list(request.quality.sigmas), device="cpu")
        # Shifted; one more than there are steps.
        sigmas: list[float] = parts.scheduler.sigmas.tolist()
        latents = _noise(request.seed, request.size, parts.channels).to(self._device)
        height, width = latents.shape[2:]
        velocities = [
            parts.path.velocity(embedding, sigmas[:-1], height=height, width=width)
            for embedding in embeddings
        ]
        total = len(sigmas) - 1
        for i, (sigma, sigma_next) in enumerate(itertools.pairwise(sigmas)):
            run.stop_if_cancelled()
            velocity = _guided(velocities, latents, i, request.guidance_scale)
            latents = latents + (sigma_next - sigma) * velocity
            if run.on_step is not None:
                estimate = latents - sigma_next * velocity
                run.on_step(self._step(i + 1, total, estimate))
        return latents

    def _step(self, number: int, total: int, estimate: torch.Tensor) -> Step:
        return Step(
            number=number,
            total=total,
            preview=lambda: _raw(latent_to_rgb(estimate, self._matrix())),
            estimate=lambda: self._decode(estimate, tiled=False),
        )

    def _matrix(self) -> torch.Tensor:
        if self._latent_to_rgb is None:
            self._latent_to_rgb = fit_latent_to_rgb(self._loaded().vae)
        return self._latent_to_rgb

    def _decode(self, latents: torch.Tensor, *, tiled: bool) -> RawImage:
        """Turn a latent into pixels and refuse what is no picture.

        Raises:
            BadImageError: NaN, or one colour everywhere.

        """
        vae = self._loaded().vae
        vae.use_tiling = tiled
        scaled = latents / vae.config.scaling_factor + vae.config.shift_factor
        decoded = vae.decode(scaled.to(vae.dtype), return_dict=False)[0][0].float()  # (3, H, W)
        if not bool(torch.isfinite(decoded).all()):
            raise BadImageError(
                "The model returned no picture (NaN): try another seed; if it happens again, set "
                "DTYPE=float32 or check the model's files with `python -m bot doctor`."
            )
        pixels = ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
        if bool((pixels == pixels[0, 0]).all()):
            raise BadImageError("The model returned one single colour: try another seed.")
        return _raw(pixels)

    def _conditions(self, request: GenerationRequest, *, tiled: bool) -> dict[str, object]:
        """Return what, beside the request, decided the pixels."""
        return {
            "model": self._model_id,
            "revision": self._revision,
            "model_files": self._model_files,
            "loras": [],  # none can be loaded; recorded so that later ones are told apart
            "prompt_used": self._loaded().text.neutralise(request.prompt),
            "num_inference_steps": request.quality.num_inference_steps,
            "sigmas": list(request.quality.sigmas),
            "dtype": str(self._dtype).removeprefix("torch."),
            "noise": "torch.Generator(cpu), float32",
            "variety_noise": _described(request.variety_noise),
            "device": device_name(self._device),
            "cpu_threads": torch.get_num_threads() if self._device.type == "cpu" else None,
            **self._loaded().path.conditions,
            "vae_tiling": tiled,
            **kernel_conditions(self._device),
            "diffusers": version("diffusers"),
            "transformers": version("transformers"),
        }


def _described(noise: VarietyNoise | None) -> dict[str, float] | None:
    return None if noise is None else asdict(noise)


def _guided(
    velocities: Sequence[Velocity], latents: torch.Tensor, i: int, guidance_scale: float
) -> torch.Tensor:
    """Return d latents / d sigma, (1, channels, h, w) float32.

    Each embedding gets a forward of its own: the two of a guided step have different lengths, and
    a batch would change the kernels and so the bits.
    """
    with_prompt, *without = (velocity(latents, i) for velocity in velocities)
    if not without:
        return with_prompt
    return with_prompt + guidance_scale * (with_prompt - without[0])


def _noise(seed: int, size: Size, channels: int) -> torch.Tensor:
    """Draw the starting latent (1, channels, H/8, W/8) on the CPU, so every GPU starts alike."""
    generator = torch.Generator("cpu").manual_seed(seed)
    shape = (1, channels, size.height // VAE_SCALE, size.width // VAE_SCALE)
    return torch.randn(shape, generator=generator, dtype=torch.float32)


def _frozen(module: Any) -> Any:
    return module.eval().requires_grad_(requires_grad=False)


def _raw(pixels: torch.Tensor) -> RawImage:
    """Copy uint8 pixels (H, W, 3) to the host."""
    height, width, _ = pixels.shape
    return RawImage(width=width, height=height, pixels=pixels.contiguous().cpu().numpy().tobytes())


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
