"""What the training stages share: several GPUs, the clock, and weights on disk."""

from __future__ import annotations

import faulthandler
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from networks import TextEncoder, Transformer
from safetensors.torch import load_file, save_file
from shapes import VAE_CONFIG, TextShape, TransformerShape, describe
from tokenizer import encode, load
from torch import Tensor, nn
from tqdm import tqdm

if TYPE_CHECKING:
    from diffusers import AutoencoderKL  # slow to import

STALL_S = 180  # seconds without a step or a message after which a process gives up
TINY = TransformerShape(dim=96, heads=2, layers=2, axes=(16, 16, 16), text_dim=256)


@dataclass(frozen=True)
class Place:
    """Where this process runs: its rank, how many there are, and its device."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Tell whether this process writes files and reports."""
        return self.rank == 0


def join() -> Place:
    """Join the other processes started by torchrun, if any, and choose the device."""
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    limit = timedelta(seconds=STALL_S)
    if not torch.cuda.is_available():
        if world > 1:
            dist.init_process_group("gloo", timeout=limit)
        return Place(rank, world, torch.device("cpu"))
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    # No cudnn.benchmark: composing meets a new shape at each call, and would try each anew.
    torch.backends.cudnn.benchmark = False
    if world > 1:
        dist.init_process_group("nccl", device_id=device, timeout=limit)
    return Place(rank, world, device)


class Clock:
    """Measure progress by time, the same on every GPU: training ends when its time is up.

    Once steps are counted, a process that makes none for `STALL_S` prints where it hangs and ends:
    a stalled run must not use up the time of a machine.
    """

    EVERY = 8  # steps between looks at the clock, which make the GPUs wait for each other

    def __init__(
        self, name: str, minutes: float, place: Place, *, spent: float = 0.0,
        until: float | None = None, most: int = 0,
    ) -> None:  # fmt: skip
        """Count on from `spent` seconds of earlier runs.

        `until` is the `time.monotonic()` at which to stop before the time is up, `most` the number
        of steps after which to, 0 for any.
        """
        self.total, self.place, self.spent = minutes * 60, place, spent
        self.until, self.most, self.stopped = until, most, False
        self.began, self.steps, self.progress = time.monotonic(), 0, spent / (minutes * 60)
        self.bar = tqdm(
            total=round(self.total), initial=round(spent), desc=name, unit="s",
            disable=not place.first, mininterval=5, maxinterval=20,
            bar_format="{desc}: {n_fmt}/{total_fmt} s {postfix}",
        )  # fmt: skip

    def restart(self) -> None:
        """Count from now on, so that compiling is not counted."""
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Return the seconds of training so far."""
        return self.spent + time.monotonic() - self.began

    @property
    def over(self) -> bool:
        """Tell whether to end: time is up, or this run was to stop here."""
        return self.stopped or self.progress >= 1

    def tick(self, **figures: float | str) -> float:
        """Count a step and return the progress, at least 1 when time is up."""
        self.steps += 1
        self.stopped |= self.steps == self.most
        if self.steps % self.EVERY == 0:
            self._look(figures)
        if self.over:
            faulthandler.cancel_dump_traceback_later()
        return self.progress

    def _look(self, figures: dict[str, float | str]) -> None:
        """Agree with the other GPUs on the time, by the first one's clock."""
        late = self.until is not None and time.monotonic() > self.until
        now = torch.tensor([self.seconds / self.total, float(late)], device=self.place.device)
        if dist.is_initialized():
            dist.broadcast(now, 0)
        self.progress, said = now.tolist()
        self.stopped |= bool(said)
        faulthandler.dump_traceback_later(STALL_S, exit=True)
        self.bar.n = min(round(self.seconds), round(self.total))
        self.bar.set_postfix(figures)


def save_weights(path: Path, state: dict[str, Tensor], about: Mapping[str, object]) -> None:
    """Write bfloat16 weights atomically, with a JSON description inside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    small = {
        key: value.detach().to("cpu", torch.bfloat16).contiguous() for key, value in state.items()
    }
    partial = path.with_suffix(f".{os.getpid()}")
    save_file(small, partial, metadata={"about": json.dumps(about)})
    partial.replace(path)


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read float32 weights and their description."""
    from safetensors import safe_open  # noqa: PLC0415

    with safe_open(path, "pt") as file:
        about = json.loads((file.metadata() or {}).get("about", "{}"))
    return {key: value.float() for key, value in load_file(path).items()}, about


def save_pair(path: Path, transformer: Transformer, text: TextEncoder, **about: object) -> None:
    """Write the transformer and its text encoder to one file."""
    networks: dict[str, nn.Module] = {"transformer": transformer, "text": text}
    state = {
        f"{name}.{key}": value
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    shapes = {"transformer": describe(transformer.shape), "text": describe(text.shape)}
    save_weights(path, state, {**about, **shapes})


def load_text(path: Path, device: torch.device) -> TextEncoder:
    """Read the text encoder of any stage."""
    state, about = read_weights(path)
    text = TextEncoder(TextShape(**about["text"])).to(device)
    text.load_state_dict(part(state, "text"))
    return text


def load_pair(path: Path, device: torch.device) -> tuple[Transformer, TextEncoder]:
    """Read the transformer and the text encoder."""
    state, about = read_weights(path)
    shape = {**about["transformer"], "axes": tuple(about["transformer"]["axes"])}
    transformer = Transformer(TransformerShape(**shape)).to(device)
    transformer.load_state_dict(part(state, "transformer"))
    return transformer, load_text(path, device)


def part(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """Return one network's weights out of several."""
    return {k.removeprefix(f"{name}."): v for k, v in state.items() if k.startswith(f"{name}.")}


def new_vae(**changes: object) -> AutoencoderKL:
    """Build the autoencoder with the real class."""
    from diffusers import AutoencoderKL  # noqa: PLC0415

    return AutoencoderKL(**{**VAE_CONFIG, **changes})


def load_vae(path: Path, device: torch.device) -> AutoencoderKL:
    """Read the autoencoder with its latent statistics."""
    state, about = read_weights(path)
    vae = new_vae(scaling_factor=about["scaling_factor"], shift_factor=about["shift_factor"])
    vae.load_state_dict(state)
    return vae.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)


def null_caption(work: Path, device: torch.device) -> tuple[Tensor, int]:
    """Return the tokens and the length of the empty prompt."""
    row = encode(load(work), [""])[0]
    return torch.tensor(row, device=device), len(row)


def autocast(device: torch.device) -> torch.autocast:
    """Compute in bfloat16 on a GPU."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def decode(vae: AutoencoderKL, latents: Tensor) -> Tensor:
    """Return images (n, 3, height, width) in [-1, 1] of normalised latents."""
    latents = latents / vae.config.scaling_factor + vae.config.shift_factor
    with torch.no_grad(), autocast(latents.device):
        parts = [vae.decoder(piece) for piece in latents.split(64)]
    return torch.cat(parts).float().clamp(-1, 1)
