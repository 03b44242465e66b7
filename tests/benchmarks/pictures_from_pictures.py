"""Our operations beside diffusers' pipelines, on the same noise, sigmas, prompt and mask.

In float32 the final latents are to be those of `ZImageImg2ImgPipeline` and `ZImageInpaintPipeline`.
In bfloat16 the error to float32 is to be no larger than that of those pipelines in bfloat16: the
ratio of both is printed for each path. One JSON line an operation, with the errors of all seeds.

    python -m tests.benchmarks.pictures_from_pictures [--device cuda] [--model random-full]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest import mock

import torch
from diffusers import ZImageImg2ImgPipeline, ZImageInpaintPipeline
from diffusers.pipelines.z_image import pipeline_z_image_img2img, pipeline_z_image_inpaint
from PIL import Image, ImageDraw

from bot.domain.drawing import DrawTask, RawImage
from bot.domain.regions import region_of
from bot.domain.requests import ImageRequest, OperationKind, Size
from bot.engine.hardware import make_deterministic
from bot.engine.operations import stage_inputs
from bot.engine.pipeline import Run
from bot.engine.protocol import PreviewPace
from bot.engine.stages.text import embed
from bot.engine.z_image import ZImageEngine
from bot.media.encoding import to_pillow
from bot.media.masks import mask_of_region
from bot.media.source_pictures import raw_image
from bot.settings import DEMO_MODEL_DIR
from tests.benchmarks.speed.random_full import random_full

PROMPT: Final = "an owl on the left and a red apple on the right, yellow background"
REGIONS: Final = {"right half": "inpaint", "edges": "outpaint"}
STRENGTHS: Final = (35, 55, 75, 100)

Latents = dict[str, list[torch.Tensor]]  # by the name of the task, for each seed


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one engine drew.

    Attributes:
        ours: Final latents, float32 on the CPU.
        plain: Those of diffusers' pipelines, on the same weights.

    """

    ours: Latents
    plain: Latents


def tasks(size: Size, seed: int) -> dict[str, DrawTask]:
    """Return the operations at their strengths; masks lie on the grid of latents."""
    source = picture(size)
    found = {}
    for strength in STRENGTHS:
        request = ImageRequest(prompt=PROMPT, seed=seed, size=size, strength=strength)
        found[f"image_to_image {strength}%"] = DrawTask(
            request=request.begun_with(source.pixel_sha256), inputs=(source,)
        )
        for words, kind in REGIONS.items():
            mask = on_latents(mask_of_region(region_of(words), size))
            drawn = request.drawn_into(
                OperationKind(kind), source=source.pixel_sha256, mask=mask.pixel_sha256
            )
            found[f"{kind} {strength}%"] = DrawTask(request=drawn, inputs=(source, mask))
    return found


def picture(size: Size) -> RawImage:
    """Return a picture with shapes and shades."""
    image = Image.linear_gradient("L").resize((size.width, size.height)).convert("RGB")
    draw = ImageDraw.Draw(image)
    width, height = image.size
    draw.ellipse((width // 8, height // 4, width // 2, height * 3 // 4), fill=(200, 60, 30))
    draw.rectangle((width // 2, height // 3, width * 7 // 8, height * 2 // 3), fill=(30, 90, 200))
    return raw_image(image)


def on_latents(mask: RawImage) -> RawImage:
    """Return a mask of whole latent cells: diffusers samples one pixel of each."""
    small = to_pillow(mask).resize((mask.width // 8, mask.height // 8), Image.Resampling.NEAREST)
    return raw_image(small.resize((mask.width, mask.height), Image.Resampling.NEAREST))


def look(
    folder: Path, device: str, size: Size, seeds: int, *, dtype: str, path: str, plain: bool
) -> Found:
    """Draw all tasks with one engine, and with diffusers' pipelines on its weights."""
    engine = ZImageEngine(
        folder, model_id="compared", revision="1", device=device, dtype=dtype, path=path
    )
    with closing(engine):
        engine.load()
        found = Found(ours={}, plain={})
        for seed in range(seeds):
            for name, task in tasks(size, seed).items():
                found.ours.setdefault(name, []).append(our_latents(engine, task))
                if plain:
                    found.plain.setdefault(name, []).append(plain_latents(engine, task))
        return found


@torch.inference_mode()
def our_latents(engine: ZImageEngine, task: DrawTask, *, is_blended: bool = True) -> torch.Tensor:
    """Return the final latents of a task before they are decoded.

    Args:
        engine: Draws them.
        task: What is drawn.
        is_blended: Whether what a mask keeps is put back at each step.

    """
    parts, device = engine._loaded(), engine._device
    if parts.backends.can_settle:
        parts.backends.settle(parts.planner.settled(task.request.size, tiled=False))
    parts.backends.take(None)
    run = Run(task=task, device=device, tiled=False, pace=PreviewPace())
    inputs = stage_inputs(task, parts, tiled=False)
    kept = inputs.kept.on(device) if is_blended and inputs.kept is not None else None
    control = None if inputs.control is None else inputs.control.on(device)
    embeddings = embed(task.request, parts.text)
    return run._denoise(parts, inputs, embeddings, kept, control).float().cpu()


@torch.inference_mode()
def plain_latents(engine: ZImageEngine, task: DrawTask) -> torch.Tensor:
    """Return what diffusers' pipeline makes of a task."""
    parts, request = engine._loaded(), task.request
    is_masked = len(task.inputs) > 1
    kind: Any = ZImageInpaintPipeline if is_masked else ZImageImg2ImgPipeline
    pipeline = kind(
        scheduler=parts.scheduler,
        vae=parts.vae,
        text_encoder=None,
        tokenizer=None,
        transformer=parts.transformer,
    )
    pipeline.set_progress_bar_config(disable=True)
    embeddings = embed(request, parts.text)
    masks = {"mask_image": to_pillow(task.inputs[1]).convert("L")} if is_masked else {}
    with same_start():
        latents: torch.Tensor = pipeline(
            image=to_pillow(task.inputs[0]),
            prompt_embeds=[each.to(parts.transformer.dtype) for each in embeddings],
            strength=1.0,
            sigmas=list(request.sigmas),
            num_inference_steps=request.num_steps,
            width=request.size.width,
            height=request.size.height,
            guidance_scale=0.0,
            generator=torch.Generator("cpu").manual_seed(request.seed),
            output_type="latent",
            return_dict=False,
            **masks,
        )[0]
    return latents.float().cpu()


@contextlib.contextmanager
def same_start() -> Iterator[None]:
    """Let the pipelines begin where we do: with the mean of a picture and noise in float32."""

    def mean(output: Any, **_: Any) -> torch.Tensor:
        found: torch.Tensor = output.latent_dist.mode()
        return found

    def noise(shape: Any, *, generator: Any, device: Any, dtype: Any) -> torch.Tensor:
        drawn = torch.randn(shape, generator=generator, dtype=torch.float32)
        return drawn.to(device, dtype)

    with contextlib.ExitStack() as stack:
        for module in (pipeline_z_image_img2img, pipeline_z_image_inpaint):
            stack.enter_context(mock.patch.object(module, "retrieve_latents", mean))
            stack.enter_context(mock.patch.object(module, "randn_tensor", noise))
        yield


def error(found: torch.Tensor, right: torch.Tensor) -> float:
    """Return the relative error, in the L2 norm."""
    return float((found - right).norm() / right.norm())


def typical(errors: Sequence[float]) -> float:
    """Return the geometric mean: one seed that tips over to another picture does not decide it."""
    return math.exp(statistics.fmean(math.log(max(each, 1e-12)) for each in errors))


def report(folder: Path, device: str, size: Size, seeds: int) -> Iterator[dict[str, object]]:
    """Yield a line for each operation."""
    exact = look(folder, device, size, seeds, dtype="float32", path="reference", plain=True)
    rounded = look(folder, device, size, seeds, dtype="bfloat16", path="reference", plain=True)
    fast = look(folder, device, size, seeds, dtype="bfloat16", path="fast", plain=False)
    drawn = {"diffusers": rounded.plain, "reference": rounded.ours, "fast": fast.ours}
    for name, right in exact.plain.items():
        errors = {
            by: [error(*pair) for pair in zip(latents[name], right, strict=True)]
            for by, latents in drawn.items()
        }
        plain = typical(errors["diffusers"])
        yield {
            "operation": name,
            "size": str(size),
            "seeds": seeds,
            "float32": max(map(error, exact.ours[name], right)),
            **{f"bfloat16_{by}": each for by, each in errors.items()},
            **{
                f"ratio_{by}": round(typical(errors[by]) / plain, 3) for by in ("reference", "fast")
            },
        }


def comparison_options(words: str | None, *, seeds: int) -> argparse.Namespace:
    """Read the command line of a comparison with diffusers; so many seeds are usual."""
    parser = argparse.ArgumentParser(description=(words or "").splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--model", choices=("demo", "random-full"), default="demo")
    parser.add_argument("--side", type=int)
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--keep", type=Path, help="where random-full is, or is to be kept")
    return parser.parse_args()


@contextlib.contextmanager
def compared_model(options: argparse.Namespace, *, side: int) -> Iterator[tuple[Path, Size]]:
    """Have the folder and the size that the options say; `side` is usual for the demo model."""
    make_deterministic()
    with contextlib.ExitStack() as stack:
        folder, side = DEMO_MODEL_DIR, options.side or side
        if options.model == "random-full":
            folder = stack.enter_context(
                random_full(
                    options.keep, device=options.device, say=lambda it: print(it, file=sys.stderr)
                )
            )
            side = options.side or 1024
        yield folder, Size(width=side, height=side)


def main() -> None:
    """Print the lines, and the worst of them on the standard error."""
    options = comparison_options(__doc__, seeds=8)
    with compared_model(options, side=192) as (folder, size):
        lines = []
        for line in report(folder, options.device, size, options.seeds):
            print(json.dumps(line), flush=True)
            lines.append(line)
    for key in ("float32", "ratio_reference", "ratio_fast"):
        print(f"{key}: at most {max(float(str(each[key])) for each in lines):.3g}", file=sys.stderr)


if __name__ == "__main__":
    main()
