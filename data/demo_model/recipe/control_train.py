"""Train a small control network for the demo model, on pictures that the model draws itself.

    python data/demo_model/recipe/control_train.py --minutes 5 --output data/demo_model/control

No other art is needed: a prompt and a seed make a picture, the picture makes maps (edges, scribbles,
brightness), and the network learns to reach that picture from other noise, with its map beside the
prompt. The model's own weights stay as they are. Writes `control.safetensors`, `figures.json` and a
sheet.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from adopt import adopt
from bank import SHORT
from checkpoints import autocast, decode, load_pair, load_vae
from compiling import compile_blocks
from control_network import Control, steered
from networks import TextEncoder, Transformer
from optimiser import Optimiser, is_inner_matrix, plateau
from PIL import Image
from safetensors.torch import save_file
from sampling import sheet_of, sigma_grid
from tokenizer import encode, fill, load
from torch import Tensor
from tqdm import tqdm

if TYPE_CHECKING:
    from diffusers import AutoencoderKL  # slow to import

PROJECT = Path(__file__).resolve().parents[3]
KINDS = ("canny", "scribble", "gray")
CONCEPTS = Path(__file__).with_name("concepts.txt")
BACKGROUNDS = (
    ("red", "红色"), ("orange", "橙色"), ("yellow", "黄色"), ("green", "绿色"), ("blue", "蓝色"),
    ("purple", "紫色"), ("pink", "粉色"), ("white", "白色"), ("black", "黑色"), ("gray", "灰色"),
)  # fmt: skip
ENGLISH = ("{}", "a {}", "a picture of a {}", "a {} on the left", "a {} on the right", "two {}s")
CHINESE = ("{}", "一个{}", "左边的{}", "右边的{}", "两个{}")
STYLES = ("", "", "", "pixel art ", "a sketch of a ", "a sticker of a ", "a flat ", "a 3D ")
SHAPES = ((32, 32), (32, 32), (32, 24), (24, 32))  # of latents
COUNTS = (7, 8, 9)  # forwards, as the model is drawn with
RATE = 1e-3
SCALES = (0.6, 1.0)  # of training: the usual one is 0.75
HELD_OUT = 192  # pictures for the figures


def prompts(count: int, rng: np.random.Generator) -> list[str]:
    """Return prompts in both languages; some name a background or a style."""
    lines = [
        line.split("|")
        for line in CONCEPTS.read_text(encoding="utf-8").splitlines()
        if "|" in line and not line.startswith("#")
    ]
    found = []
    for line in (lines[i] for i in rng.integers(len(lines), size=count)):
        english = [name.strip(" ~*") for name in line[1].split(",")]
        chinese = [name.strip(" ~*") for name in line[2].split("/")[0].split()]
        background = BACKGROUNDS[rng.integers(len(BACKGROUNDS))] if rng.random() < 0.4 else None
        if rng.random() < 0.5 or not chinese:
            words = str(rng.choice(ENGLISH)).format(str(rng.choice(english)))
            words = str(rng.choice(STYLES)) + words if words.count(" ") == 0 else words
            found.append(words + (f", {background[0]} background" if background else ""))
        else:
            words = str(rng.choice(CHINESE)).format(str(rng.choice(chinese)))
            found.append(words + (f",{background[1]}背景" if background else ""))
    return found


def maps_of(pixels: np.ndarray) -> list[np.ndarray]:
    """Return the maps of a picture (height, width, 3) uint8; black where it has no lines."""
    from bot.domain.requests import ControlKind  # noqa: PLC0415 - behind `sys.path`
    from bot.errors import InvalidRequestError  # noqa: PLC0415
    from bot.media.control_maps import control_map  # noqa: PLC0415

    found = []
    for kind in KINDS:
        try:
            drawn = control_map(Image.fromarray(pixels), ControlKind(kind))
            found.append(np.asarray(drawn))
        except InvalidRequestError:
            found.append(np.zeros_like(pixels))
    return found


@dataclass(kw_only=True)
class Samples:
    """Pictures of one shape that the model drew.

    Attributes:
        latents: (n, 16, height, width).
        maps: (kinds, n, 16, height, width).
        tokens: (n, tokens) int64.
        lengths: (n,).
        pixels: Of the maps, uint8 (kinds, n, height, width, 3), where they are kept.

    """

    latents: Tensor
    maps: Tensor
    tokens: Tensor
    lengths: Tensor
    pixels: np.ndarray | None = None


class Studio:
    """The frozen model: draws pictures, and makes samples of them."""

    def __init__(self, model: Path, work: Path, device: torch.device, processes: int) -> None:
        """Read the weights."""
        # Workers are forked before the GPU is first touched.
        self.pool: Any = multiprocessing.get_context("fork").Pool(processes)
        path = adopt(model, work)
        self.transformer, self.text = load_pair(path, device)
        self.vae: AutoencoderKL = load_vae(work / "checkpoints" / "vae.safetensors", device)
        for network in (self.transformer, self.text):
            network.eval().requires_grad_(requires_grad=False)
        self.tokenizer, self.device = load(work), device

    def read(self, words: list[str]) -> tuple[Tensor, Tensor]:
        """Return tokens and lengths of prompts."""
        table, lengths = fill(encode(self.tokenizer, words), SHORT)
        tokens = torch.from_numpy(table).to(self.device).long()
        return tokens, torch.from_numpy(lengths).to(self.device).long()

    @torch.no_grad()
    def encoded(self, pixels: np.ndarray) -> Tensor:
        """Return the latents of pictures (n, height, width, 3) uint8."""
        parts = []
        for start in range(0, len(pixels), 128):
            piece = torch.from_numpy(pixels[start : start + 128])
            values = piece.to(self.device).permute(0, 3, 1, 2).float() / 127.5 - 1
            with autocast(self.device):
                found = self.vae.encoder(values.contiguous(memory_format=torch.channels_last))
            parts.append(found[:, :16].float())
        centred: Tensor = torch.cat(parts) - self.vae.config.shift_factor
        scaled: Tensor = centred * self.vae.config.scaling_factor
        return scaled

    def samples(
        self, count: int, shape: tuple[int, int], rng: np.random.Generator, *, keep: bool = False
    ) -> Samples:
        """Draw pictures and make their maps."""
        tokens, lengths = self.read(prompts(count, rng))
        noise = torch.randn(count, 16, *shape, device=self.device)
        latents = drawn(self.transformer, self.text, noise, tokens, lengths)
        images = decode(self.vae, latents).add(1).mul(127.5).round().clamp(0, 255).byte()
        pixels = images.permute(0, 2, 3, 1).cpu().numpy()
        made = self.pool.map(maps_of, list(pixels), chunksize=16)
        by_kind = np.stack([np.stack(each) for each in zip(*made, strict=True)])
        return Samples(
            latents=latents,
            maps=torch.stack([self.encoded(each) for each in by_kind]),
            tokens=tokens,
            lengths=lengths,
            pixels=by_kind if keep else None,
        )


@torch.no_grad()
def drawn(
    transformer: Transformer, text: TextEncoder, noise: Tensor, tokens: Tensor, lengths: Tensor,
    control: Control | None = None, maps: Tensor | None = None, scale: float = 0.75,
) -> Tensor:  # fmt: skip
    """Walk from noise to latents in eight steps, steered by maps if there are any."""
    x, grid = noise, sigma_grid(8)
    with autocast(noise.device):
        words = text(tokens)
        for sigma, following in zip(grid[:-1], grid[1:], strict=True):
            at = torch.full((len(x),), 1 - sigma, device=x.device)
            if control is None or maps is None:
                found = transformer(x, at, words, lengths)
            else:
                scales = torch.full((len(x),), scale, device=x.device)
                found = steered(transformer, control, x, at, words, lengths, maps, scales)
            x = x + (sigma - following) * found
    return x


def draw_sigmas(count: int, device: torch.device) -> Tensor:
    """Draw noise levels: mostly those that images are drawn at, and some between."""
    grids = [torch.tensor(sigma_grid(each)[:-1], device=device) for each in COUNTS]
    levels = torch.cat(grids)
    found = levels[torch.randint(len(levels), (count,), device=device)]
    even = torch.rand(count, device=device)
    between = 3 * even / (1 + 2 * even)
    return torch.where(torch.rand(count, device=device) < 0.25, between, found)


def train(studio: Studio, args: argparse.Namespace) -> tuple[Control, dict[str, float]]:
    """Teach a network; return it with averaged weights, and what it took."""
    began, device = time.monotonic(), studio.device
    rng = np.random.default_rng(1)
    control = Control(studio.transformer).to(device)
    named = [(name, p, RATE, is_inner_matrix(name, p)) for name, p in control.named_parameters()]
    optimiser = Optimiser(named, 0.998)
    if device.type == "cuda":
        compile_blocks(args.batch, {256, 256 + SHORT}, studio.transformer, control)
    bank = [
        studio.samples(args.pictures // len(SHAPES), shape, rng)
        for shape in tqdm(SHAPES, desc="pictures", disable=None)
    ]
    drawn_s = time.monotonic() - began
    print(f"{args.pictures} pictures and their maps after {drawn_s:.0f} s", flush=True)
    start, steps, loss_at = time.monotonic(), 0, torch.zeros((), device=device)
    told = start
    while (now := time.monotonic()) - start < args.minutes * 60:
        progress = (now - start) / (args.minutes * 60)
        loss = _loss(studio, control, bank[int(rng.integers(len(bank)))], args.batch, rng)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step(plateau(progress, 0.03, 0.5, 0.02))
        loss_at.lerp_(loss.detach(), 0.02 if steps > 50 else 0.3)
        steps += 1
        if now - told > 15:
            told = now
            print(f"{now - start:.0f} s, step {steps}, loss {loss_at:.4f}", flush=True)
        if args.steps and steps >= args.steps:
            break
    optimiser.swap()
    return control, {
        "pictures": args.pictures,
        "seconds_pictures": round(drawn_s, 1),
        "seconds_training": round(time.monotonic() - start, 1),
        "steps": steps,
        "loss": round(float(loss_at), 5),
    }


def _loss(
    studio: Studio, control: Control, shelf: Samples, batch: int, rng: np.random.Generator
) -> Tensor:
    device, n = studio.device, min(batch, len(shelf.latents))
    rows = torch.randint(len(shelf.latents), (n,), device=device)
    latents = shelf.latents[rows]
    maps = shelf.maps[int(rng.integers(len(KINDS)))][rows]
    noise, sigma = torch.randn_like(latents), draw_sigmas(n, device)
    mixed = torch.lerp(latents, noise, sigma[:, None, None, None])
    low, high = SCALES
    scale = low + (high - low) * torch.rand(n, device=device)
    tokens, lengths = shelf.tokens[rows], shelf.lengths[rows]
    with autocast(device):
        words = studio.text(tokens)
        found = steered(studio.transformer, control, mixed, 1 - sigma, words, lengths, maps, scale)
    return (found - (latents - noise)).square().mean()


def figures(
    studio: Studio, control: Control, output: Path, count: int
) -> dict[str, dict[str, float]]:
    """Compare maps of steered and unsteered pictures with what they were to follow.

    For lines the share that lies within two pixels of the other's, both ways (F1); for gray the
    correlation of brightness.
    """
    rng = np.random.default_rng(2)
    torch.manual_seed(2)
    shelf = studio.samples(count, (32, 32), rng, keep=True)
    assert shelf.pixels is not None
    noise = torch.randn(shelf.latents.shape, device=studio.device)
    networks = (studio.transformer, studio.text)
    plain = drawn(*networks, noise, shelf.tokens, shelf.lengths)
    shown, result = [], {}
    first = decode(studio.vae, shelf.latents)
    without = decode(studio.vae, plain)
    for number, kind in enumerate(KINDS):
        scores = {"unsteered": _agreement(studio, without, shelf.pixels[number], kind)}
        for scale in (0.5, 0.75, 1.0):
            latents = drawn(
                *networks, noise, shelf.tokens, shelf.lengths, control, shelf.maps[number], scale
            )
            images = decode(studio.vae, latents)
            scores[f"scale {scale:g}"] = _agreement(studio, images, shelf.pixels[number], kind)
            if scale == 0.75:
                shown.append((number, images))
        result[kind] = scores
    rows = []
    for i in range(min(12, count)):
        rows += [first[i], without[i]]
        for number, images in shown:
            rows += [_values(shelf.pixels[number, i]).to(first.device), images[i]]
    sheet_of(torch.stack(rows), 8).save(output / "sheet.jpg", quality=90)
    return result


def _values(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 127.5 - 1


def _agreement(studio: Studio, images: Tensor, wanted: np.ndarray, kind: str) -> float:
    pixels = images.add(1).mul(127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1)
    made = studio.pool.map(maps_of, list(pixels.cpu().numpy()), chunksize=8)
    found = np.stack([each[KINDS.index(kind)] for each in made])[..., 0]
    right = wanted[..., 0]
    if kind == "gray":
        pairs = zip(found.reshape(len(found), -1), right.reshape(len(right), -1), strict=True)
        return round(float(np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs])), 3)
    a, b = (torch.from_numpy((each > 127).astype(np.float32))[:, None] for each in (found, right))
    near_a, near_b = (torch.nn.functional.max_pool2d(each, 5, 1, 2) for each in (a, b))
    precision = (a * near_b).sum((1, 2, 3)) / a.sum((1, 2, 3)).clamp(min=1)
    recall = (b * near_a).sum((1, 2, 3)) / b.sum((1, 2, 3)).clamp(min=1)
    both = 2 * precision * recall / (precision + recall).clamp(min=1e-6)
    return round(float(both.mean()), 3)


def main() -> None:
    """Parse the command line, train, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model", type=Path, default=PROJECT / "data/demo_model")
    parser.add_argument("--output", type=Path, required=True, help="a folder")
    parser.add_argument("--minutes", type=float, default=5, help="of training alone")
    parser.add_argument("--pictures", type=int, default=24_000, help="drawn before it")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--steps", type=int, default=0, help="stop after so many, for a trial")
    parser.add_argument("--held-out", type=int, default=HELD_OUT)
    parser.add_argument("--processes", type=int, default=12, help="that make maps")
    args = parser.parse_args()
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    args.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        studio = Studio(args.model, Path(scratch), device, args.processes)
        control, took = train(studio, args)
        weights = {
            key: value.to("cpu", torch.bfloat16).contiguous()
            for key, value in control.weights().items()
        }
        save_file(weights, args.output / "control.safetensors", metadata={"format": "pt"})
        found = {**took, "agreement": figures(studio, control, args.output, args.held_out)}
        (args.output / "figures.json").write_text(json.dumps(found, indent=2) + "\n")
        print(json.dumps(found), flush=True)
        studio.pool.terminate()


if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    main()
