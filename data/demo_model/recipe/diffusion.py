"""Diffusion training: networks, bank, optimiser and clock, and the flow from noise to pictures."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from adopt import adopt
from art import load_art
from bank import SHORT, Bank, Workers, buckets
from checkpoints import (
    TINY,
    Clock,
    Place,
    autocast,
    decode,
    join,
    load_pair,
    load_text,
    load_vae,
    null_caption,
    save_pair,
)
from compiling import compile_blocks
from compose import compose
from networks import TextEncoder, Transformer
from optimiser import Optimiser, is_inner_matrix, plateau
from sampling import GUIDANCE, guided, sheet_of, sigma_grid
from scenes import Scenes
from shapes import TransformerShape
from tokenizer import encode, fill, load
from torch import Tensor

if TYPE_CHECKING:
    from diffusers import AutoencoderKL  # slow to import

STARTED = time.monotonic()
RATE, TEXT_RATE = 2e-3, 1e-3
SHIFT = 3.0  # of the times, the scheduler's own
UNIFORM_SHARE = 0.15  # of times drawn evenly: the ends matter when there are few steps
SHEET_SECONDS = 100
USUAL_TOKENS = {SHORT, 256, 256 + SHORT}  # of captions, refiners and main blocks at 256 x 256
RENEW_EVERY = 3  # steps between additions to the bank
LOOK_AT = (
    "a red apple", "红苹果", "a cat", "一只熊猫", "rocket", "一只狐狸在蓝色背景上", "pizza",
    "a dog on the left, yellow background", "像素风格的城堡", "pixel art cat", "a sketch of a train",
    "太阳", "two cars", "一只猫和一只狗", "purple flower", "snowman, dark blue background",
)  # fmt: skip


def encoder_of(vae: AutoencoderKL, pictures: Tensor) -> Callable[..., Tensor]:
    """Return a function that paints scenes and encodes them as normalised latents."""

    @torch.no_grad()
    def encode_scenes(scenes: Scenes, height: int, width: int) -> Tensor:
        images = compose(scenes, slice(None), pictures, height, width)
        with autocast(pictures.device):
            mean = vae.encoder(images.contiguous(memory_format=torch.channels_last))[:, :16].float()
        return (mean - vae.config.shift_factor) * vae.config.scaling_factor

    return encode_scenes


def draw_sigmas(count: int, device: torch.device) -> Tensor:
    """Draw noise levels: logit-normal and some even ones, both shifted."""
    time_ = torch.sigmoid(torch.randn(count, device=device))
    even = torch.rand(count, device=device)
    time_ = torch.where(torch.rand(count, device=device) < UNIFORM_SHARE, even, time_)
    return SHIFT * time_ / (1 + (SHIFT - 1) * time_)


class Run:
    """Diffusion training: networks, bank, optimiser and clock."""

    def __init__(self, args: argparse.Namespace) -> None:
        """Load everything, fill the bank, and meet every shape once, so that all is compiled."""
        self.args, self.work, self.stage = args, args.work, args.stage
        self.folder = self.work / "checkpoints"
        began, art = time.monotonic(), load_art(self.work)
        begin = self.beginning()
        rank, seed = int(os.environ.get("RANK", "0")), int(time.time()) % 100_000 * 10
        # Workers are forked before the GPU is first touched.
        self.workers = Workers(art, self.work, count=args.processes, seed=seed + rank)
        self.place: Place = join()
        device = self.place.device
        self.art, self.pictures = art, torch.from_numpy(art.pixels).to(device)
        self.null = null_caption(self.work, device)
        self.vae = load_vae(self.folder / "vae.safetensors", device)
        self.transformer, self.text = self.start(begin, device)
        torch.manual_seed(seed + rank)
        if device.type == "cuda":
            compile_blocks(args.batch, USUAL_TOKENS, self.transformer, self.text)
        encode_scenes = encoder_of(self.vae, self.pictures)
        self.bank = Bank(self.workers, buckets(args.batch, args.capacity), encode_scenes, device)
        self.loss, self.seen = torch.zeros((), device=device), 0
        self.saved = self.shown = self.noted = time.monotonic()
        self.bank.fill(args.fill, args.renew)
        self.say(f"bank filled after {time.monotonic() - began:.1f} s")
        self.meet_shapes()
        self.say(f"compiled after {time.monotonic() - began:.1f} s")

    def begin(self, stage: str, minutes: float, rate: float, average: float) -> None:
        """Start a stage with a new optimiser and clock, or go on with an interrupted one."""
        self.stage = stage
        named = [
            (name, p, r, is_inner_matrix(name, p))
            for network, r in ((self.transformer, rate), (self.text, min(rate, TEXT_RATE)))
            for name, p in network.named_parameters()
        ]
        self.optimiser = Optimiser(named, average)
        args = self.args
        until = STARTED + args.stop_after if args.stop_after else None
        spent = self.resume()
        self.clock = Clock(stage, minutes, self.place, spent=spent, until=until, most=args.steps)
        self.order = np.random.default_rng(round(self.clock.spent) + 5)
        self.saved = self.shown = self.noted = time.monotonic()

    def meet_shapes(self) -> None:
        """Compile what the usual batch needs; each GPU starts at another end of the list."""
        latents, tokens, lengths = self.bank.shelves[0].draw(self.null)
        device, n = self.place.device, len(latents)
        cos, sin = self.transformer.table(SHORT, 32, 32)
        x = torch.randn(n, len(cos), self.transformer.shape.dim, device=device)
        x = x.to(torch.bfloat16 if device.type == "cuda" else torch.float32)
        time_ = torch.rand(n, device=device)
        split = len(cos) - SHORT

        def whole() -> Tensor:
            return self.transformer(latents, time_, self.text(tokens), lengths)

        def main_block() -> Tensor:
            return self.transformer.layers[0](x, cos, sin, self.transformer.embed_time(time_))

        def refiner() -> Tensor:
            adaln = self.transformer.embed_time(time_)
            return self.transformer.noise_refiner[0](x[:, :split], cos[:split], sin[:split], adaln)

        def words() -> Tensor:
            return self.text(tokens)

        parts = [main_block, refiner, words] if self.place.first else [words, refiner, main_block]
        with autocast(device):
            for part in (*parts, whole):
                part().float().sum().backward()
            with torch.no_grad():
                whole()
        for parameter in (*self.transformer.parameters(), *self.text.parameters()):
            parameter.grad = None

    def say(self, text: str) -> None:
        """Report on the first GPU."""
        if self.place.first:
            print(f"\n{text}", flush=True)

    def beginning(self) -> Path | None:
        """Return the checkpoint to begin with; None for a new transformer."""
        given = self.args.from_
        if given is not None:
            return adopt(given, self.work) if given.is_dir() else given
        return self.folder / "diffusion.safetensors" if self.stage == "distill" else None

    def start(self, begin: Path | None, device: torch.device) -> tuple[Transformer, TextEncoder]:
        """Return the networks a stage begins with, the same on every GPU."""
        if begin is not None:
            return load_pair(begin, device)
        torch.manual_seed(3)
        transformer = Transformer(TINY if self.args.tiny else TransformerShape()).to(device)
        return transformer, load_text(self.folder / "text.safetensors", device)

    def resume(self) -> float:
        """Read the state of an interrupted stage; return the seconds it had trained."""
        path = self.folder / f"{self.stage}.resume.pt"
        if not path.is_file():
            return self.args.spent if self.stage == self.args.stage else 0.0
        state = torch.load(path, map_location=self.place.device, weights_only=True)
        self.transformer.load_state_dict(state["transformer"])
        self.text.load_state_dict(state["text"])
        self.optimiser.restore(state["optimiser"])
        self.say(f"going on after {state['seconds']:.0f} s")
        return state["seconds"]

    def save(self) -> None:
        """Write the averaged weights, and all that is needed to go on."""
        if not self.place.first:
            return
        self.optimiser.swap()
        about = {"stage": self.stage, "steps": self.optimiser.steps, "seconds": self.clock.seconds}
        save_pair(self.folder / f"{self.stage}.safetensors", self.transformer, self.text, **about)
        self.optimiser.swap()
        partial = self.folder / f"{self.stage}.resume.part"
        state = {
            "transformer": self.transformer.state_dict(),
            "text": self.text.state_dict(),
            "optimiser": self.optimiser.state(),
            "seconds": self.clock.seconds,
        }
        torch.save(state, partial)
        partial.replace(partial.with_suffix(".pt"))

    def run(self, loss_of: Callable[..., Tensor], schedule: Callable[[float], float]) -> None:
        """Train until time is up, or until this run is to stop."""
        shares = np.array([shelf.bucket.share for shelf in self.bank.shelves])
        progress = self.clock.progress
        while not self.clock.over:
            number = int(self.order.choice(len(shares), p=shares / shares.sum()))
            shelf = self.bank.shelves[number]
            pixels = shelf.bucket.height * shelf.bucket.width
            if self.clock.steps % RENEW_EVERY == 0:
                renew = self.args.renew
                self.bank.renew(number, max(1, min(renew, renew * 65536 // pixels)))
            with autocast(self.place.device):
                loss = loss_of(*shelf.draw(self.null))
            loss.backward()
            self.optimiser.step(schedule(progress))
            if number == 0:
                self.loss.lerp_(loss.detach(), 0.02 if self.clock.steps > 50 else 0.3)
            self.seen += shelf.bucket.batch
            progress = self.clock.tick()
            if self.clock.steps % Clock.EVERY == 0:
                self.look_after()
        if self.clock.progress < 1:
            self.say(
                f"stopping at {self.clock.seconds:.0f} of {self.clock.total:.0f} s: "
                "the same command goes on"
            )
        self.save()
        self.show()

    def look_after(self) -> None:
        """Report, save and draw now and then, on the first GPU."""
        now = time.monotonic()
        if now - self.noted > 15:
            rate = self.seen * self.place.world / (now - self.noted)
            self.say(
                f"{self.clock.seconds:.0f} s, step {self.optimiser.steps}, loss {self.loss:.4f}, "
                f"{rate:,.0f} samples/s, {self.bank.shelves[0].filled} latents"
            )
            self.noted, self.seen = now, 0
        if now - self.saved > self.args.save_every:
            self.saved = now
            self.save()
        if now - self.shown > SHEET_SECONDS:
            self.shown = now
            self.show()

    def show(self) -> None:
        """Draw a sheet of fixed prompts with the averaged weights."""
        if not self.place.first or self.args.tiny:
            return
        self.optimiser.swap()
        n = self.args.batch
        prompts = [LOOK_AT[i // 4 % len(LOOK_AT)] for i in range(n)]
        table, lengths = fill(encode(load(self.work), prompts), SHORT)
        device = self.place.device
        tokens = torch.from_numpy(table).to(device).long()
        counts = torch.from_numpy(lengths).to(device).long()
        generator = torch.Generator("cpu").manual_seed(1)
        noise = torch.randn(n, 16, 32, 32, generator=generator).to(device)
        weight = 0.0 if self.stage == "distill" else GUIDANCE
        with torch.no_grad(), autocast(device):
            latents = guided(
                self.transformer, self.text, noise, tokens, counts, self.null,
                sigma_grid(8), weight,
            )  # fmt: skip
        images = decode(self.vae, latents[:64])
        folder = self.work / "samples"
        folder.mkdir(exist_ok=True)
        sheet_of(images, 16).save(
            folder / f"{self.stage}-{self.clock.seconds:04.0f}.jpg", quality=88
        )
        self.optimiser.swap()


def train_diffusion(run: Run) -> None:
    """Teach the networks the flow from noise to pictures; leave the averaged weights in place."""
    run.begin("diffusion", run.args.minutes, RATE * run.args.rate, 0.998)

    def loss_of(latents: Tensor, tokens: Tensor, lengths: Tensor) -> Tensor:
        noise, sigma = torch.randn_like(latents), draw_sigmas(len(latents), latents.device)
        mixed = torch.lerp(latents, noise, sigma[:, None, None, None])
        found = run.transformer(mixed, 1 - sigma, run.text(tokens), lengths)
        return (found - (latents - noise)).square().mean()

    run.run(loss_of, lambda progress: plateau(progress, 0.01, 0.5, 0.03))
    run.optimiser.swap()
