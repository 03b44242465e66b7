"""Guidance beside diffusers' `ZImagePipeline`, on the same noise, sigmas, prompts and weights.

In float32 the final latents are to be those of the pipeline. In bfloat16 the error to float32 is to
be at most 1.1 times that of the pipeline in bfloat16. One JSON line for each profile and guidance:
with Z-Image's profile 28 to 50 steps, a negative prompt and `cfg_normalization`.

    python -m tests.benchmarks.guidance [--device cuda] [--model random-full]
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import torch
from diffusers import ZImagePipeline

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, ModelProfile, Quality, Size
from bot.engine.conditions import is_normalised
from bot.engine.stages.text import embed
from bot.engine.z_image import ZImageEngine
from tests.benchmarks.pictures_from_pictures import (
    compared_model,
    comparison_options,
    error,
    our_latents,
    typical,
)

PROMPT: Final = "an owl on the left and a red apple on the right, yellow background"
NEGATIVE: Final = "blurry, a table"

Latents = dict[str, list[torch.Tensor]]  # by the name of the task, for each seed


def tasks(profile: ModelProfile, size: Size, seed: int) -> dict[str, DrawTask]:
    """Return what is drawn: between the advised guidances, with and without negative words."""
    low, high = profile.advised_guidance
    return {
        f"{profile} guidance {scale:g}{' negative' if negative else ''}": DrawTask(
            request=ImageRequest(
                prompt=PROMPT,
                seed=seed,
                size=size,
                quality=Quality.DRAFT,
                guidance_scale=scale,
                negative=negative,
                profile=profile,
            )
        )
        for scale, negative in ((low, ""), (high, NEGATIVE))
    }


@torch.inference_mode()
def plain_latents(engine: ZImageEngine, request: ImageRequest) -> torch.Tensor:
    """Return what diffusers' pipeline makes of a request, from the engine's own weights."""
    parts = engine._loaded()
    pipeline = ZImagePipeline(
        scheduler=parts.scheduler,
        vae=parts.vae,
        text_encoder=None,
        tokenizer=None,
        transformer=parts.transformer,
    )
    pipeline.set_progress_bar_config(disable=True)
    prompt, *negatives = (each.to(parts.transformer.dtype) for each in embed(request, parts.text))
    latents: torch.Tensor = pipeline(
        prompt_embeds=[prompt],
        negative_prompt_embeds=negatives,
        sigmas=list(request.sigmas),
        num_inference_steps=request.num_steps,
        width=request.size.width,
        height=request.size.height,
        guidance_scale=request.guidance_scale,
        cfg_normalization=is_normalised(request),
        generator=torch.Generator("cpu").manual_seed(request.seed),
        output_type="latent",
        return_dict=False,
    )[0]
    return latents.float().cpu()


def look(
    folder: Path, device: str, size: Size, seeds: int, *, dtype: str, path: str, plain: bool
) -> tuple[Latents, Latents]:
    """Return what we draw of all tasks, and what diffusers does."""
    ours: Latents = {}
    theirs: Latents = {}
    for profile in ModelProfile:
        engine = ZImageEngine(
            folder,
            model_id="compared",
            revision="1",
            device=device,
            dtype=dtype,
            path=path,
            profile=profile,
        )
        with closing(engine):
            for seed in range(seeds):
                for name, task in tasks(profile, size, seed).items():
                    ours.setdefault(name, []).append(our_latents(engine, task))
                    if plain:
                        theirs.setdefault(name, []).append(plain_latents(engine, task.request))
    return ours, theirs


def report(folder: Path, device: str, size: Size, seeds: int) -> Iterator[dict[str, object]]:
    """Yield a line for each task."""
    exact, right = look(folder, device, size, seeds, dtype="float32", path="reference", plain=True)
    rounded, plain = look(
        folder, device, size, seeds, dtype="bfloat16", path="reference", plain=True
    )
    fast, _ = look(folder, device, size, seeds, dtype="bfloat16", path="fast", plain=False)
    for name in right:
        usual = _errors(plain[name], right[name])
        yield {
            "task": name,
            "size": str(size),
            "seeds": seeds,
            "float32": max(_errors(exact[name], right[name])),
            "ratio_reference": round(
                typical(_errors(rounded[name], right[name])) / typical(usual), 3
            ),
            "ratio_fast": round(typical(_errors(fast[name], right[name])) / typical(usual), 3),
        }


def _errors(found: Sequence[torch.Tensor], right: Sequence[torch.Tensor]) -> list[float]:
    return [error(*pair) for pair in zip(found, right, strict=True)]


def main() -> None:
    """Print the lines."""
    options = comparison_options(__doc__, seeds=4)
    with compared_model(options, side=128) as (folder, size):
        for line in report(folder, options.device, size, options.seeds):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
