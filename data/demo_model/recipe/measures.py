"""Tell by the judge which pictures show what was asked for, and measure seeds and the decoder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from art import Art
from checkpoints import autocast
from compose import compose
from judge_network import Judge, both_there, opinions
from prompts import Prompt
from scenes import Scenes, join_scenes, sample
from torch import Tensor
from unseen import unseen_scenes

if TYPE_CHECKING:
    from diffusers import AutoencoderKL  # slow to import

SEEDS = 8  # pictures of each prompt whose differences are measured
PART = 32  # pictures composed at once
DECODED = 256  # unseen compositions the autoencoder is measured on


def column(prompts: list[Prompt], name: str) -> Tensor:
    """Return one label of all prompts."""
    return torch.tensor([prompt.labels[name] for prompt in prompts])


def look(judge: Judge, images: Tensor) -> dict[str, Tensor]:
    """Return the judge's opinions on the CPU."""
    return {name: value.cpu() for name, value in opinions(judge, images, 64).items()}


def right_ones(kind: str, prompts: list[Prompt], found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tell which pictures show what their prompts say, by aspect."""
    first = column(prompts, "concept_a")
    concept = found["concept"][:, 0].argmax(-1) == first
    if kind == "pair":
        return _pair(found["concept"], first, column(prompts, "concept_b"), prompts)
    if (
        kind == "two"
    ):  # the halves are asked: the layout head mistakes a third of real twos for pairs
        return {"two": both_there(found["concept"], first, first, torch.ones_like(concept))}
    if kind == "gradient":
        return {"concept": concept, "gradient": _either_way(prompts, found)}
    if kind == "concept":
        return {"concept": concept}
    return {"concept": concept, kind: found[kind].argmax(-1) == column(prompts, kind)}


def _pair(
    logits: Tensor, first: Tensor, second: Tensor, prompts: list[Prompt]
) -> dict[str, Tensor]:
    """Tell whether both things are there, and whether each is where it should be."""
    beside = column(prompts, "layout") == 2
    placed = both_there(logits, first, second, beside)
    return {"both": placed | both_there(logits, second, first, beside), "both in place": placed}


def _either_way(prompts: list[Prompt], found: dict[str, Tensor]) -> Tensor:
    """Tell whether both colours of a gradient are there, from whichever end."""
    first, second = (found[name].argmax(-1) for name in ("background", "background2"))
    a, b = column(prompts, "background"), column(prompts, "background2")
    return ((first == a) & (second == b)) | ((first == b) & (second == a))


def shares(right: dict[str, Tensor]) -> dict[str, float]:
    """Return the share of right ones by aspect."""
    return {name: round(values.float().mean().item(), 4) for name, values in right.items()}


@torch.no_grad()
def real_shares(
    kind: str, prompts: list[Prompt], judge: Judge, pictures: Tensor
) -> dict[str, float]:
    """Judge the real art composed for the same prompts: what a perfect model would score."""
    scenes = join_scenes([prompt.scene for prompt in prompts])
    found = [
        look(judge, _composed(scenes, start, pictures)) for start in range(0, len(scenes), PART)
    ]
    whole = {name: torch.cat([one[name] for one in found]) for name in found[0]}
    return shares(right_ones(kind, prompts, whole))


def seed_figures(images: Tensor, prompts: list[Prompt], judge: Judge) -> dict[str, float]:
    """Measure how the seeds of a prompt differ, and whether all show the thing.

    `images` are (prompts * SEEDS, 3, height, width); distances are root mean squares, as shares of
    the full range of a channel.
    """
    flat = images.add(1).div(2).flatten(1).view(-1, SEEDS, images[0].numel())
    distances = torch.cdist(flat, flat) / flat.shape[-1] ** 0.5
    each = distances.sum((1, 2)) / (SEEDS * (SEEDS - 1))
    named = look(judge, images)["concept"][:, 0].argmax(-1).view(-1, SEEDS)
    right = named == column(prompts, "concept_a")[:, None]
    return {
        "mean_pairwise_rms": round(each.mean().item(), 4),
        "least_pairwise_rms": round(each.min().item(), 4),
        "concept": round(right.float().mean().item(), 4),
        "concept_with_all_seeds": round(right.all(1).float().mean().item(), 4),
        "prompts": len(prompts),
    }


def decoder_figures(vae: AutoencoderKL, art: Art, pictures: Tensor, work: Path) -> dict[str, float]:
    """Measure the reconstruction, in decibels of the peak.

    Of compositions held out from training and, if the art packages are here, of art never met.
    """
    scenes = sample(art, np.random.default_rng(34), DECODED, "held_out")
    figures = {"psnr_db": _mean_psnr(vae, scenes, pictures), "pictures": DECODED}
    if (work / "packages").is_dir():
        scenes, drawn = unseen_scenes(art, work, DECODED)
        figures["unseen_art_psnr_db"] = _mean_psnr(vae, scenes, drawn.to(pictures.device))
    return figures


def _mean_psnr(vae: AutoencoderKL, scenes: Scenes, pictures: Tensor) -> float:
    starts = range(0, len(scenes), PART)
    ratios = [_psnr(vae, _composed(scenes, start, pictures)) for start in starts]
    return round(torch.cat(ratios).mean().item(), 2)


def _composed(scenes: Scenes, start: int, pictures: Tensor) -> Tensor:
    return compose(scenes, slice(start, start + PART), pictures, 256, 256)


@torch.no_grad()
def _psnr(vae: AutoencoderKL, images: Tensor) -> Tensor:
    """Return (n,) decibels of what the autoencoder makes of images in [-1, 1]."""
    with autocast(images.device):
        latents = vae.encode(images).latent_dist.mode()
        found = vae.decode(latents, return_dict=False)[0].float().clamp(-1, 1)
    return 10 * torch.log10(4 / (images - found).square().mean((1, 2, 3)))
