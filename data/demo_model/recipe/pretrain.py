"""Train the autoencoder on composed scenes, and the text encoder to name what captions say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from art import Art, load_art
from bank import SHORT, Workers
from checkpoints import (
    Clock,
    autocast,
    join,
    new_vae,
    save_weights,
)
from compiling import compile_blocks
from compose import compose
from networks import TextEncoder
from optimiser import Optimiser, is_inner_convolution, is_inner_matrix, plateau
from scenes import LABEL_SIZES, Scenes, sample
from shapes import TextShape, describe
from tokenizer import load
from torch import Tensor, nn

if TYPE_CHECKING:
    from diffusers import AutoencoderKL  # slow to import

KL_WEIGHT = 2e-5  # per latent value, against the error per pixel value
EDGE_WEIGHT = 0.5


def edges(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the differences of neighbouring pixels, along columns and rows."""
    return image[..., 1:] - image[..., :-1], image[..., 1:, :] - image[..., :-1, :]


def vae_loss(vae: AutoencoderKL, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the loss and the squared error of a batch."""
    mean, log_variance = vae.encoder(images).float().chunk(2, 1)
    log_variance = log_variance.clamp(-20, 6)
    latents = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
    found = vae.decoder(latents).float()
    kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
    error = F.mse_loss(found, images)
    rough = sum(F.l1_loss(a, b) for a, b in zip(edges(found), edges(images), strict=True))
    loss = F.l1_loss(found, images) + 4 * error + EDGE_WEIGHT * rough + KL_WEIGHT * kl
    return loss, error.detach()


def train_vae(
    work: Path, minutes: float, batch: int, *, size: int = 256, muon: bool = True
) -> None:
    """Train the autoencoder; write `checkpoints/vae.safetensors`."""
    art, place = load_art(work), join()
    pictures = torch.from_numpy(art.pixels).to(place.device)
    vae = new_vae().to(place.device, memory_format=torch.channels_last)
    named = [
        (name, p, 1.5e-3 if muon else 1e-3, muon and is_inner_convolution(name, p))
        for name, p in vae.named_parameters()
    ]
    optimiser = Optimiser(named, 0.998)
    if place.device.type == "cuda":
        vae.encoder.compile(dynamic=False)
        vae.decoder.compile(dynamic=False)
    clock, rng, held = Clock("vae", minutes, place), np.random.default_rng(1), batch * 8
    error, progress = torch.zeros((), device=place.device), 0.0
    while progress < 1:
        scenes = sample(art, rng, held, "train")
        images = compose(scenes, slice(None), pictures, size, size)
        for piece in images.to(memory_format=torch.channels_last).split(batch):
            with autocast(place.device):
                loss, found = vae_loss(vae, piece)
            loss.backward()
            optimiser.step(plateau(progress, 0.02, 0.4))
            error.lerp_(found, 0.02)
            progress = clock.tick(psnr=f"{psnr(error):.2f}", step=clock.steps)
            if clock.steps == 2:
                clock.restart()
    optimiser.swap()
    finish_vae(work, vae.eval(), pictures, art, size)


def psnr(error: Tensor) -> float:
    """Return decibels for a mean squared error of values in [-1, 1]."""
    return float(10 * torch.log10(4 / error.clamp(min=1e-9)))


@torch.no_grad()
def finish_vae(work: Path, vae: AutoencoderKL, pictures: Tensor, art: Art, size: int) -> None:
    """Measure the latents and the reconstruction of unseen scenes; write the weights."""
    scenes = sample(art, np.random.default_rng(2), 512, "held_out")
    latents, values = [], []
    for start in range(0, len(scenes), 32):
        images = compose(scenes, slice(start, start + 32), pictures, size, size)
        with autocast(images.device):
            mean = vae.encoder(images.to(memory_format=torch.channels_last)).float()[:, :16]
            found = vae.decoder(mean).float().clamp(-1, 1)
        error = (found - images).square().mean((1, 2, 3))
        values += [psnr(one) for one in error]
        latents.append(mean)
    everything = torch.cat(latents)
    about = {
        "scaling_factor": round(1 / everything.std().item(), 5),
        "shift_factor": round(everything.mean().item(), 5),
        "psnr_db": round(float(np.mean(values)), 2),
    }
    save_weights(work / "checkpoints" / "vae.safetensors", vae.state_dict(), about)
    spread = everything.std((0, 2, 3)).cpu().numpy().round(2).tolist()
    print(f"\nautoencoder: {json.dumps(about)}, deviation by channel {spread}", flush=True)


class Namer(nn.Module):
    """Heads that name what a caption says, from the encoding of its last token."""

    def __init__(self, dim: int, concepts: int) -> None:
        """Create one linear head a label, with a class more for what is not said."""
        super().__init__()
        sizes = {"concept_a": concepts, "concept_b": concepts, **LABEL_SIZES}
        self.heads = nn.ModuleDict({name: nn.Linear(dim, n + 1) for name, n in sizes.items()})

    def forward(self, last: Tensor, labels: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the loss and how many captions are named wholly right."""
        last = F.rms_norm(last.float(), last.shape[-1:])
        loss = last.new_zeros(())
        right = torch.ones(len(last), dtype=torch.bool, device=last.device)
        for name, head in self.heads.items():
            logits = head(last).float()
            wanted = torch.where(labels[name] < 0, logits.shape[-1] - 1, labels[name])
            loss = loss + F.cross_entropy(logits, wanted)
            right &= logits.argmax(-1) == wanted
        return loss, right.float().mean()


def spoken(scenes: Scenes, device: torch.device) -> dict[str, Tensor]:
    """Return the labels that captions tell."""
    labels = scenes.labels(spoken_only=True)
    return {name: torch.from_numpy(values).to(device) for name, values in labels.items()}


def train_text(work: Path, minutes: float, batch: int, processes: int) -> None:
    """Train the text encoder; write `checkpoints/text.safetensors`."""
    art = load_art(work)
    workers = Workers(art, work, count=processes, seed=7, size=batch, kept=1, long=False)
    place = join()
    text = TextEncoder(TextShape(vocabulary=load(work).get_vocab_size())).to(place.device)
    namer = Namer(text.shape.dim, len(art.concepts)).to(place.device)
    named = [
        (name, p, 2e-3, is_inner_matrix(name, p))
        for network in (text, namer)
        for name, p in network.named_parameters()
    ]
    optimiser = Optimiser(named, 0.998)
    if place.device.type == "cuda":
        compile_blocks(batch, {SHORT}, text)
    clock, progress, share = (
        Clock("text", minutes, place),
        0.0,
        torch.zeros((), device=place.device),
    )
    while progress < 1:
        chunk = workers.get(SHORT)
        tokens = torch.from_numpy(chunk.tokens[:, 0]).to(place.device).long()
        last = torch.from_numpy(chunk.lengths[:, 0]).to(place.device).long() - 1
        with autocast(place.device):
            found = text(tokens)
        loss, right = namer(
            found[torch.arange(len(found)), last], spoken(chunk.scenes, place.device)
        )
        loss.backward()
        optimiser.step(plateau(progress, 0.03, 0.4))
        share.lerp_(right, 0.05)
        progress = clock.tick(all_right=f"{share.item():.3f}", step=clock.steps)
        if clock.steps == 2:
            clock.restart()
    workers.stop()
    optimiser.swap()
    about = {"text": describe(text.shape), "all_right": round(share.item(), 4)}
    state = {f"text.{key}": value for key, value in text.state_dict().items()}
    save_weights(work / "checkpoints" / "text.safetensors", state, about)
    print(f"\ntext encoder: {json.dumps(about)}, {clock.steps} steps", flush=True)
