"""Control beside diffusers' pipelines, on the same noise, sigmas, prompt, map and weights.

In float32 the final latents are to be those of `ZImageControlNetPipeline` (and, with a mask, of
`ZImageControlNetInpaintPipeline`). In bfloat16 the error to float32 is to be no larger than that of
those pipelines in bfloat16: the ratio of both is printed for each path. The networks have random
weights and the layouts of the files that are published. Then: seconds and memory of an image with
and without control.

    python -m tests.benchmarks.controls [--device cuda] [--full-size] [--precision int8]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import ZImageControlNetInpaintPipeline, ZImageControlNetPipeline

from bot.domain.drawing import DrawTask, RawImage
from bot.domain.regions import region_of
from bot.domain.requests import ControlKind, ImageRequest, OperationKind, Size
from bot.engine.control.file import ControlFile
from bot.engine.hardware import make_deterministic
from bot.engine.stages.start import noise
from bot.engine.stages.text import embed
from bot.engine.z_image import ZImageEngine
from bot.media.encoding import to_pillow
from bot.media.masks import mask_of_region
from bot.settings import DEMO_MODEL_DIR
from tests.benchmarks.pictures_from_pictures import (
    PROMPT,
    error,
    on_latents,
    our_latents,
    picture,
    typical,
)
from tests.benchmarks.speed.random_full import random_full
from tests.support.control_files import KINDS, write_control

OPERATIONS: Final = ("text", "inpaint")
REPETITIONS: Final = 5


def task_of(operation: str, size: Size, seed: int, *, scale: float = 0.75) -> DrawTask:
    """Return a task that a map steers, perhaps within a region."""
    source = picture(size)
    request = ImageRequest(prompt=PROMPT, seed=seed, size=size, control_scale=scale)
    inputs: list[RawImage] = []
    if operation == "inpaint":
        mask = on_latents(mask_of_region(region_of("right half"), size))
        request = request.drawn_into(
            OperationKind.INPAINT, source=source.pixel_sha256, mask=mask.pixel_sha256
        )
        inputs = [source, mask]
    request = request.steered_by(ControlKind.GRAY, source.pixel_sha256)
    return DrawTask(request=request, inputs=(*inputs, source))


@torch.inference_mode()
def plain_latents(engine: ZImageEngine, task: DrawTask) -> torch.Tensor:
    """Return what diffusers' pipeline makes of a task."""
    parts, request = engine._loaded(), task.request
    is_masked = len(task.inputs) > 1
    kind: Any = ZImageControlNetInpaintPipeline if is_masked else ZImageControlNetPipeline
    pipeline = kind(
        scheduler=parts.scheduler,
        vae=parts.vae,
        text_encoder=None,
        tokenizer=None,
        transformer=parts.transformer,
        controlnet=parts.backends._control,
    )
    pipeline.set_progress_bar_config(disable=True)
    pictures = [to_pillow(each) for each in task.inputs]
    kept = {"image": pictures[0], "mask_image": pictures[1]} if is_masked else {}
    guided = request.guidance_scale > 0
    prompt, *negative = ([each.to(parts.transformer.dtype)] for each in embed(request, parts.text))
    latents: torch.Tensor = pipeline(
        control_image=pictures[-1],
        controlnet_conditioning_scale=request.control_scale,
        prompt_embeds=prompt,
        negative_prompt_embeds=negative[0] if guided else None,
        sigmas=list(request.sigmas),
        num_inference_steps=request.num_steps,
        width=request.size.width,
        height=request.size.height,
        guidance_scale=request.guidance_scale,
        latents=noise(request.seed, request.size, parts.channels),
        output_type="latent",
        return_dict=False,
        **kept,
    )[0]
    return latents.float().cpu()


def opened(folder: Path, control: ControlFile | None, device: str, **options: Any) -> ZImageEngine:
    """Return an engine with control weights."""
    return ZImageEngine(
        folder, model_id="compared", revision="1", device=device, control=control, **options
    )


def compare(
    folder: Path, control: ControlFile, kind: str, device: str, size: Size, seeds: int
) -> Iterator[dict[str, object]]:
    """Yield a line for each operation."""
    tasks = {
        name: [task_of(name, size, seed) for seed in range(seeds)]
        for name in OPERATIONS
        if name == "text" or kind != "v1"  # diffusers refuses masks with those
    }
    found: dict[str, dict[str, list[torch.Tensor]]] = {}
    for by, dtype, path in (
        ("exact", "float32", "reference"),
        ("reference", "bfloat16", "reference"),
        ("exact_fast", "float32", "fast"),
        ("fast", "bfloat16", "fast"),
    ):
        with closing(opened(folder, control, device, dtype=dtype, path=path)) as engine:
            for name, each in tasks.items():
                found.setdefault(by, {})[name] = [
                    our_latents(engine, task, is_blended=False) for task in each
                ]  # diffusers blends nothing here
                if path == "reference":
                    plain = [plain_latents(engine, task) for task in each]
                    found.setdefault(f"plain {dtype}", {})[name] = plain
    for name in tasks:
        right = found["plain float32"][name]
        errors = {
            by: [error(*pair) for pair in zip(found[by][name], right, strict=True)] for by in found
        }
        rounded = typical(errors["plain bfloat16"])
        yield {
            "network": kind,
            "operation": name,
            "size": str(size),
            "seeds": seeds,
            "float32": max(errors["exact"]),
            "float32_fast": max(errors["exact_fast"]),
            "bfloat16_diffusers": rounded,
            "ratio_reference": round(typical(errors["reference"]) / rounded, 3),
            "ratio_fast": round(typical(errors["fast"]) / rounded, 3),
        }


def costs(
    folder: Path, control: ControlFile, kind: str, device: str, size: Size, precision: str
) -> dict[str, object]:
    """Return seconds and memory of an image with and without control, on the usual path."""
    line: dict[str, object] = {"network": kind, "size": str(size), "precision": precision}
    with closing(opened(folder, control, device, precision=precision)) as engine:
        steered = task_of("text", size, 1)
        plain = DrawTask(request=ImageRequest(prompt=PROMPT, seed=1, size=size))
        for name, task in (("without", plain), ("with", steered)):
            engine.draw(task)
            if engine._device.type == "cuda":
                torch.cuda.reset_peak_memory_stats()
            start = time.perf_counter()
            for _ in range(REPETITIONS):
                engine.draw(task)
            line[f"seconds_{name}"] = round((time.perf_counter() - start) / REPETITIONS, 4)
            if engine._device.type == "cuda":
                line[f"gib_{name}"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
    return line


def main() -> None:
    """Print the lines, and the worst of them on the standard error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--full-size", action="store_true", help="random weights of the full size")
    parser.add_argument("--side", type=int)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--networks", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--precision", nargs="+", default=["full"], help="for the costs")
    parser.add_argument("--keep", type=Path, help="where the full size is, or is to be kept")
    options = parser.parse_args()
    make_deterministic()
    lines = []

    def tell(line: dict[str, object]) -> None:
        print(json.dumps(line), flush=True)
        lines.append(line)

    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder, side, device = DEMO_MODEL_DIR, options.side or 192, "cpu"
        if options.full_size:
            folder = stack.enter_context(
                random_full(
                    options.keep, device=options.device, say=lambda it: print(it, file=sys.stderr)
                )
            )
            side = options.side or 1024
            device = "cuda" if torch.cuda.is_available() else "cpu"
        size = Size(width=side, height=side)
        for kind in options.networks:
            control = write_control(folder, scratch / f"{kind}.safetensors", kind, device=device)
            for line in compare(folder, control, kind, options.device, size, options.seeds):
                tell(line)
            for precision in options.precision:
                tell(costs(folder, control, kind, options.device, size, precision))
            control.path.unlink()
    for key in ("float32", "float32_fast", "ratio_reference", "ratio_fast"):
        worst = max(float(str(each[key])) for each in lines if key in each)
        print(f"{key}: at most {worst:.3g}", file=sys.stderr)


if __name__ == "__main__":
    main()
