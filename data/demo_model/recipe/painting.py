"""Draw what the evaluation asks for, with a checkpoint or with the shipped folder; keep it all.

Every picture is a file named by what decided its pixels, so that an interrupted evaluation goes on
where it stopped, and a repeated one draws nothing again.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from checkpoints import autocast, decode, load_pair, load_vae, null_caption
from PIL import Image
from sampling import guided, sigma_grid
from tokenizer import encode, fill, load
from torch import Tensor
from tqdm import tqdm

if TYPE_CHECKING:
    from diffusers import AutoencoderKL  # slow to import

PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One picture to draw; the starting noise comes from the seed as in the bot."""

    prompt: str
    seed: int
    height: int = 256
    width: int = 256
    steps: int = 8


class Painter(Protocol):
    """Draw wishes of one shape; `name` tells what decides the pixels beside the wish."""

    name: str
    batch: int
    vae: AutoencoderKL

    def paint(self, wishes: list[Wish]) -> Tensor:
        """Return (n, 3, height, width) uint8."""


class CheckpointPainter:
    """Draw in batches with the training networks: for a checkpoint on a GPU."""

    def __init__(self, work: Path, stage: str, device: torch.device, weight: float) -> None:
        """Load the networks of a stage; `weight` is that of guidance, 0 for none."""
        folder = work / "checkpoints"
        path = folder / f"{stage}.safetensors"
        self.name = f"{_md5(path.read_bytes())} {device.type} {weight}"
        self.batch, self.device, self.weight = 256, device, weight
        self.tokenizer, self.null = load(work), null_caption(work, device)
        self.vae = load_vae(folder / "vae.safetensors", device)
        self.transformer, self.text = load_pair(path, device)

    @torch.no_grad()
    def paint(self, wishes: list[Wish]) -> Tensor:
        """Draw one batch for each length of caption: padding beyond it would change the picture."""
        rows = encode(self.tokenizer, [wish.prompt for wish in wishes])
        lengths = [32 * -(-len(row) // 32) for row in rows]
        first = wishes[0]
        pictures = torch.empty(len(wishes), 3, first.height, first.width, dtype=torch.uint8)
        for length in set(lengths):
            numbers = [i for i, own in enumerate(lengths) if own == length]
            table, counts = fill([rows[i] for i in numbers], length)
            noise = torch.cat([_noise(wishes[i]) for i in numbers]).to(self.device)
            with autocast(self.device):
                latents = guided(
                    self.transformer, self.text, noise,
                    torch.from_numpy(table).to(self.device).long(),
                    torch.from_numpy(counts).to(self.device).long(),
                    self.null, sigma_grid(first.steps), self.weight,
                )  # fmt: skip
            images = decode(self.vae, latents).add(1).mul(127.5).round().byte().cpu()
            pictures[torch.tensor(numbers)] = images
        return pictures


class FolderPainter:
    """Draw one by one with the bot's own engine: what people get."""

    batch = 1

    def __init__(self, folder: Path, device: torch.device, weight: float) -> None:
        """Load a pipeline folder; `weight` is that of guidance, 0 as the bot's default."""
        sys.path.insert(0, str(PROJECT))
        from diffusers import AutoencoderKL  # noqa: PLC0415

        from bot.engine.z_image import ZImageEngine  # noqa: PLC0415 - checkpoints do without

        manifest = (folder / "manifest.md5").read_bytes()
        self.name, self.weight = f"{_md5(manifest)} {device.type} {weight}", weight
        self.engine = ZImageEngine(folder, model_id="demo", revision="", device=device.type)
        self.engine.load()
        self.vae = AutoencoderKL.from_pretrained(folder, subfolder="vae", dtype=torch.float32)
        self.vae.to(device, memory_format=torch.channels_last).eval()

    def paint(self, wishes: list[Wish]) -> Tensor:
        """Draw each by itself."""
        return torch.stack([self._one(wish) for wish in wishes])

    def _one(self, wish: Wish) -> Tensor:
        from bot.domain.drawing import DrawTask  # noqa: PLC0415
        from bot.domain.requests import ImageRequest, ModelProfile, Quality, Size  # noqa: PLC0415

        request = ImageRequest(
            prompt=wish.prompt,
            seed=wish.seed,
            size=Size(width=wish.width, height=wish.height),
            quality=next(q for q in Quality if ModelProfile.TURBO.steps(q) == wish.steps),
            guidance_scale=self.weight,
        )
        raw = self.engine.draw(DrawTask(request=request)).image
        pixels = np.frombuffer(raw.pixels, np.uint8).reshape(raw.height, raw.width, 3)
        return torch.from_numpy(pixels.copy()).permute(2, 0, 1)


class Album:
    """The pictures of a painter, on disk; what is missing is drawn when it is asked for."""

    def __init__(self, folder: Path, painter: Painter, total: int) -> None:
        """`total` is how many pictures will be asked for, for the progress bar."""
        self.folder, self.painter = folder, painter
        self.bar = tqdm(total=total, desc="pictures", unit="picture", smoothing=0.02, mininterval=5)
        folder.mkdir(parents=True, exist_ok=True)

    def of(self, wishes: list[Wish]) -> Tensor:
        """Return (n, 3, height, width) in [-1, 1] of wishes of one shape."""
        missing = [wish for wish in wishes if not self._path(wish).is_file()]
        self.bar.update(len(wishes) - len(missing))
        for some in _alike(missing, self.painter.batch):
            for wish, picture in zip(some, self.painter.paint(some), strict=True):
                _write(self._path(wish), picture)
            self.bar.update(len(some))
        pictures = np.stack([np.asarray(Image.open(self._path(wish))) for wish in wishes])
        return torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div(127.5).sub(1)

    def _path(self, wish: Wish) -> Path:
        return self.folder / f"{_md5(f'{self.painter.name} {wish}'.encode())}.png"


def _alike(wishes: list[Wish], batch: int) -> Iterator[list[Wish]]:
    """Cut into batches of one shape and number of steps."""
    for _, group in groupby(wishes, lambda wish: (wish.height, wish.width, wish.steps)):
        listed = list(group)
        yield from (listed[start : start + batch] for start in range(0, len(listed), batch))


def _write(path: Path, picture: Tensor) -> None:
    """Write (3, height, width) uint8 atomically."""
    partial = path.with_suffix(".part")
    Image.fromarray(picture.permute(1, 2, 0).numpy()).save(partial, format="PNG")
    partial.replace(path)


def _noise(wish: Wish) -> Tensor:
    generator = torch.Generator("cpu").manual_seed(wish.seed)
    return torch.randn(1, 16, wish.height // 8, wish.width // 8, generator=generator)


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
