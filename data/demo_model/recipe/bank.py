"""Keep the GPU fed: captions from worker processes, latents from a bank that is always renewed.

Encoding a picture costs more than learning from it once, so latents are kept in GPU memory and
met several times, each time with other noise and another caption of the same scene. Workers draw
the scenes and write the captions; the GPU paints and encodes a few new ones at each step.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from art import Art
from captions import caption
from checkpoints import STALL_S
from scenes import LANGUAGE_ODDS, LANGUAGES, Scenes, sample
from tokenizer import encode, fill, load
from tokenizers import Tokenizer
from torch import Tensor
from words import EXTRAS

CAPTIONS_KEPT = 6  # wordings kept for each latent
SHORT, LONG = 32, 64  # caption tokens of the two kinds of batch
NULL_SHARE = 0.1  # captions left out, so that guidance has something to compare with


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """One shape of batch: its size, its share of all steps, and how many latents are kept."""

    height: int
    width: int
    caption: int = SHORT
    share: float
    batch: int
    capacity: int


def buckets(batch: int, capacity: int) -> list[Bucket]:
    """Return the shapes trained on: mostly 256 x 256, all with about as many tokens a batch."""
    small = max(capacity // 48, batch)
    wide = [(192, 320), (320, 192), (224, 288), (288, 224), (176, 352), (352, 176)]
    listed = [Bucket(height=256, width=256, share=0.82, batch=batch, capacity=capacity)]
    listed += [Bucket(height=h, width=w, share=0.015, batch=batch, capacity=small) for h, w in wide]
    return [
        *listed,
        Bucket(height=256, width=256, caption=LONG, share=0.01, batch=batch, capacity=small),
        Bucket(height=128, width=128, share=0.04, batch=batch * 3, capacity=small * 2),
        Bucket(height=512, width=512, share=0.04, batch=max(1, batch * 9 // 32), capacity=small),
    ]


@dataclass
class Chunk:
    """What a worker sends: scenes, and some captions of each as tokens."""

    scenes: Scenes
    tokens: np.ndarray  # (n, captions, length) int16
    lengths: np.ndarray  # (n, captions) int16


def lengthen(text: str, rng: random.Random) -> str:
    """Add meaningless words until a caption needs more than `SHORT` tokens."""
    language = "zh" if any(char >= "\u4e00" for char in text[:12]) else "en"
    while len(text) < (24 if language == "zh" else 90):
        text += rng.choice(EXTRAS[language])
    return text


def wordings(art: Art, scenes: Scenes, rng: random.Random, *, long: bool) -> list[str]:
    """Return one caption of every scene, each in a language of its own."""
    draws = np.random.default_rng(rng.getrandbits(32))
    scenes.language[:] = draws.choice(len(LANGUAGES), len(scenes), p=LANGUAGE_ODDS)
    texts = [caption(art, scenes, i, rng) for i in range(len(scenes))]
    return [lengthen(text, rng) for text in texts] if long else texts


def make_chunk(
    art: Art, tokenizer: Tokenizer, seed: int, size: int, *, kept: int, long: bool
) -> Chunk:
    """Draw scenes and caption them; wordings that are too long are replaced by shorter ones."""
    rng = random.Random(seed)
    scenes = sample(art, np.random.default_rng(seed), size, "train")
    length = LONG if long else SHORT
    tables: list[np.ndarray] = []
    counts: list[np.ndarray] = []
    for _ in range(kept):
        rows = encode(tokenizer, wordings(art, scenes, rng, long=long))
        table, count = fill(rows, length)
        fits = np.array([len(row) <= length for row in rows])
        if tables:
            table[~fits], count[~fits] = tables[-1][~fits], counts[-1][~fits]
        tables.append(table)
        counts.append(count)
    return Chunk(scenes, np.stack(tables, 1), np.stack(counts, 1))


def _work(
    art: Art, work: Path, seed: int, size: int, kept: int,
    outputs: dict[int, multiprocessing.Queue[Chunk]],
) -> None:  # fmt: skip
    """Make chunks forever; runs in a process of its own."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    tokenizer, turn, parent = load(work), 0, os.getppid()
    while True:
        turn += 1
        long = LONG in outputs and (turn + seed) % 12 == 0
        chunk = make_chunk(art, tokenizer, seed * 1_000_003 + turn, size, kept=kept, long=long)
        if long:
            # Never wait for room among the rare ones: in time every worker would.
            with contextlib.suppress(queue.Full):
                outputs[LONG].put_nowait(chunk)
        else:
            _hand_over(outputs[SHORT], chunk, parent)


def _hand_over(output: multiprocessing.Queue[Chunk], chunk: Chunk, parent: int) -> None:
    """Wait for room in the queue; end the process when the training it worked for is gone."""
    while True:
        try:
            return output.put(chunk, timeout=10)
        except queue.Full:
            if os.getppid() != parent:
                raise SystemExit from None


class Workers:
    """Processes that make chunks; start them before the GPU is first used."""

    def __init__(
        self, art: Art, work: Path, *, count: int, seed: int, size: int = 512,
        kept: int = CAPTIONS_KEPT, long: bool = True,
    ) -> None:  # fmt: skip
        """Fork `count` daemons."""
        context = multiprocessing.get_context("fork")
        kinds = (SHORT, LONG) if long else (SHORT,)
        self.outputs: dict[int, multiprocessing.Queue[Chunk]] = {
            kind: context.Queue(24 if kind == SHORT else 8) for kind in kinds
        }
        self.processes = [
            context.Process(
                target=_work,
                args=(art, work, seed * 1000 + n, size, kept, self.outputs),
                daemon=True,
            )
            for n in range(count)
        ]
        for process in self.processes:
            process.start()

    def get(self, kind: int = SHORT) -> Chunk:
        """Wait for the next chunk; raises `RuntimeError` when none comes for `STALL_S` seconds."""
        end = time.monotonic() + STALL_S
        while True:
            try:
                return self.outputs[kind].get(timeout=5)
            except queue.Empty:
                alive = sum(process.is_alive() for process in self.processes)
                if not alive or time.monotonic() > end:
                    raise RuntimeError(
                        f"No captions came for up to {STALL_S} s: {alive} of "
                        f"{len(self.processes)} workers are alive. Repeat the command to go on."
                    ) from None

    def stop(self) -> None:
        """End the processes."""
        for process in self.processes:
            process.terminate()


class Shelf:
    """The latents of one bucket, in a ring; the oldest make room for new ones."""

    def __init__(self, bucket: Bucket, device: torch.device, kept: int = CAPTIONS_KEPT) -> None:
        """Reserve the memory."""
        self.bucket, self.filled, self.next = bucket, 0, 0
        n, size = bucket.capacity, (bucket.height // 8, bucket.width // 8)
        self.latents = torch.empty(n, 16, *size, dtype=torch.bfloat16, device=device)
        self.tokens = torch.empty(n, kept, bucket.caption, dtype=torch.int16, device=device)
        self.lengths = torch.empty(n, kept, dtype=torch.int16, device=device)

    def add(self, latents: Tensor, tokens: Tensor, lengths: Tensor) -> None:
        """Store a few latents with their captions."""
        count, device = len(latents), self.latents.device
        rows = (torch.arange(count, device=device) + self.next) % self.bucket.capacity
        self.latents[rows] = latents.to(self.latents.dtype)
        self.tokens[rows], self.lengths[rows] = tokens, lengths
        self.next = (self.next + count) % self.bucket.capacity
        self.filled = min(self.filled + count, self.bucket.capacity)

    def draw(self, null: tuple[Tensor, int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return a batch: latents float32, tokens int64, lengths; some captions are the empty one."""
        n, device = self.bucket.batch, self.latents.device
        rows = torch.randint(self.filled, (n,), device=device)
        wording = torch.randint(self.tokens.shape[1], (n,), device=device)
        tokens, lengths = self.tokens[rows, wording].long(), self.lengths[rows, wording].long()
        dropped = torch.rand(n, device=device) < NULL_SHARE
        empty = torch.nn.functional.pad(null[0], (0, tokens.shape[1] - len(null[0])))
        tokens = torch.where(dropped[:, None], empty, tokens)
        return self.latents[rows].float(), tokens, lengths.masked_fill(dropped, null[1])


class Bank:
    """All shelves, and the way new pictures get there."""

    def __init__(
        self, workers: Workers, listed: list[Bucket], encode_scenes: Callable[..., Tensor],
        device: torch.device,
    ) -> None:  # fmt: skip
        """`encode_scenes(scenes, height, width)` paints and encodes scenes as latents."""
        self.workers, self.encode, self.device = workers, encode_scenes, device
        self.shelves = [Shelf(bucket, device) for bucket in listed]
        self.rest: dict[int, tuple[Chunk, int]] = {}

    def take(self, kind: int, count: int) -> Chunk:
        """Return up to `count` scenes of the current chunk."""
        chunk, used = self.rest.get(kind, (None, 0))
        if chunk is None or used >= len(chunk.scenes):
            chunk, used = self.workers.get(kind), 0
        rows = slice(used, used + count)
        self.rest[kind] = (chunk, used + count)
        return Chunk(chunk.scenes[rows], chunk.tokens[rows], chunk.lengths[rows])

    def renew(self, number: int, count: int) -> None:
        """Put `count` new pictures on a shelf."""
        shelf = self.shelves[number]
        bucket = shelf.bucket
        chunk = self.take(bucket.caption, count)
        latents = self.encode(chunk.scenes, bucket.height, bucket.width)
        tokens = torch.from_numpy(chunk.tokens).to(self.device, non_blocking=True)
        lengths = torch.from_numpy(chunk.lengths).to(self.device, non_blocking=True)
        shelf.add(latents, tokens, lengths)

    def fill(self, count: int, each: int) -> None:
        """Fill the first shelf with `count` pictures, the others with `count / 48`."""
        for number, shelf in enumerate(self.shelves):
            goal = min(count if number == 0 else max(count // 48, each), shelf.bucket.capacity)
            pixels = shelf.bucket.height * shelf.bucket.width
            size = max(1, min(each, each * 65536 // pixels))
            while shelf.filled < goal:
                self.renew(number, size)
