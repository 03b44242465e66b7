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
from collections.abc import Callable, Iterator
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
from bot.engines.hardware import choose_device, choose_dtype, device_name, make_deterministic
from bot.engines.memory import is_out_of_memory, out_of_memory_error
from bot.engines.preview import fit_latent_to_rgb, latent_to_rgb
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
    transformer: Any
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

    def __init__(
        self,
        folder: Path,
        *,
        model_id: str,
        revision: str,
        device: str = "auto",
        dtype: str = "auto",
        cpu_threads: int = 0,
    ) -> None:
        """Remember what to load; nothing is read before `load`."""
        self._folder = folder
        self._model_id = model_id
        self._revision = revision
        self._device = choose_device(device)
        self._dtype = choose_dtype(dtype, self._device)
        self._cpu_threads = cpu_threads
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
            # A quarter faster here (demo model, 2 cores); on an H100 slower unless compiled.
            vae = vae.to(memory_format=torch.channels_last)
        return _Parts(
            text=PromptEncoder(folder, device=self._device, dtype=dtype),
            transformer=_frozen(transformer).to(self._device),
            vae=_frozen(vae).to(self._device),
            scheduler=FlowMatchEulerDiscreteScheduler.from_pretrained(
                folder, subfolder="scheduler", local_files_only=True
            ),
        )

    def _draw_cheaply(self, run: _Run) -> RawImage:
        """Try once more with the text encoder off the GPU and the VAE in tiles."""
        parts = self._loaded()
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
        request, scheduler = run.request, self._loaded().scheduler
        scheduler.set_timesteps(sigmas=list(request.quality.sigmas), device="cpu")
        sigmas: list[float] = scheduler.sigmas.tolist()  # shifted; one more than there are steps
        latents = _noise(request.seed, request.size, self._channels).to(self._device)
        total = len(sigmas) - 1
        for i, (sigma, sigma_next) in enumerate(itertools.pairwise(sigmas)):
            run.stop_if_cancelled()
            velocity = self._velocity(latents, sigma, embeddings, request.guidance_scale)
            latents = latents + (sigma_next - sigma) * velocity
            if run.on_step is not None:
                estimate = latents - sigma_next * velocity
                run.on_step(self._step(i + 1, total, estimate))
        return latents

    @property
    def _channels(self) -> int:
        return int(self._loaded().transformer.in_channels)

    def _velocity(
        self,
        latents: torch.Tensor,
        sigma: float,
        embeddings: list[torch.Tensor],
        guidance_scale: float,
    ) -> torch.Tensor:
        """Return d latents / d sigma, (1, channels, h, w) float32.

        Each embedding gets a forward of its own: the two of a guided step have different lengths,
        and a batch would change the kernels and so the bits.
        """
        with_prompt, *without = (self._forward(latents, sigma, each) for each in embeddings)
        if not without:
            return with_prompt
        return with_prompt + guidance_scale * (with_prompt - without[0])

    def _forward(
        self, latents: torch.Tensor, sigma: float, embedding: torch.Tensor
    ) -> torch.Tensor:
        # The model counts time from noise (0) to image (1) and predicts image minus noise.
        time_ = torch.tensor([1.0 - sigma], dtype=torch.float32, device=self._device)
        frames = latents.to(self._dtype).unsqueeze(2)  # (1, channels, 1, h, w)
        output = self._loaded().transformer(list(frames), time_, [embedding], return_dict=False)[0]
        prediction: torch.Tensor = output[0].float().squeeze(1)  # (channels, h, w)
        return -prediction[None]

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
            "prompt_used": self._loaded().text.neutralise(request.prompt),
            "num_inference_steps": request.quality.num_inference_steps,
            "sigmas": list(request.quality.sigmas),
            "dtype": str(self._dtype).removeprefix("torch."),
            "noise": "torch.Generator(cpu), float32",
            "variety_noise": _described(request.variety_noise),
            "device": device_name(self._device),
            "cpu_threads": torch.get_num_threads() if self._device.type == "cpu" else None,
            "attention": "scaled_dot_product_attention",
            "vae_tiling": tiled,
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "diffusers": version("diffusers"),
            "transformers": version("transformers"),
        }


def _described(noise: VarietyNoise | None) -> dict[str, float] | None:
    return None if noise is None else asdict(noise)


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
