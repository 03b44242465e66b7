"""Run all stages after the art is packed, by the clock: made for one or two GPUs.

Every stage is a process of its own that leaves its result in the work folder; stages that are done
are skipped, so that an interrupted run goes on by repeating the command. With two GPUs the
autoencoder trains beside the text encoder and the judge, and diffusion uses both.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import torch

HERE = Path(__file__).parent


def command(script: str, *arguments: object, gpus: int = 1) -> list[str]:
    """Return the command line of a stage, under torchrun if it uses several GPUs."""
    start = [sys.executable]
    if gpus > 1:
        start += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={gpus}"]
    return [*start, str(HERE / script), *map(str, arguments)]


class Stage:
    """A running command whose output goes to a log of its own."""

    def __init__(self, name: str, work: Path, line: list[str], gpu: int | None = None) -> None:
        """Start it, on one GPU only if `gpu` is given."""
        self.name, self.began = name, time.monotonic()
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "4"}
        if gpu is not None:
            environment["CUDA_VISIBLE_DEVICES"] = str(gpu)
        (work / "logs").mkdir(parents=True, exist_ok=True)
        self.log = (work / "logs" / f"{name}.log").open("a")
        self.process = subprocess.Popen(
            line, stdout=self.log, stderr=subprocess.STDOUT, env=environment
        )
        print(f"{name}: started", flush=True)

    def wait(self, minutes: float) -> bool:
        """Wait for the end, at most so long; tell whether it went well."""
        try:
            code = self.process.wait(minutes * 60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = -1
        self.log.close()
        print(f"{self.name}: code {code} after {time.monotonic() - self.began:.0f} s", flush=True)
        return code == 0


def pretrain(args: argparse.Namespace, gpus: int) -> None:
    """Train the autoencoder, the text encoder and the judge, side by side if possible."""
    work, other = args.work, gpus - 1
    options = ("--work", work)
    side: list[tuple[Stage, float]] = []
    if not (work / "checkpoints" / "vae.safetensors").is_file():
        line = command("train.py", "vae", *options, "--minutes", args.vae, "--batch", 64)
        side.append((Stage("vae", work, line, 0), args.vae + 3))
        if gpus == 1:
            side.pop()[0].wait(args.vae + 3)
    if not (work / "checkpoints" / "text.safetensors").is_file():
        line = command(
            "train.py", "text", *options, "--minutes", args.text, "--batch", 2048, "--processes", 10
        )
        Stage("text", work, line, other).wait(args.text + 2)
    if not (work / "judge" / "judge.json").is_file():
        line = command("judge.py", *options, "--minutes", args.judge)
        Stage("judge", work, line, other).wait(args.judge + 2)
    for stage, minutes in side:
        stage.wait(minutes)


def run(args: argparse.Namespace) -> None:
    """Run what is not done yet."""
    work, gpus = args.work, max(1, torch.cuda.device_count())
    pretrain(args, gpus)
    checkpoint = work / "checkpoints"
    if not (checkpoint / "distill.resume.pt").is_file():
        line = command(
            "train.py", "diffusion", "--work", work, "--processes", args.processes, "--batch",
            args.batch, "--minutes", args.diffusion, "--distill-minutes", args.distill,
            "--guidance", args.guidance, gpus=gpus,
        )  # fmt: skip
        Stage("diffusion", work, line).wait(args.diffusion + args.distill + 3)
    done = (checkpoint / "distill.safetensors").is_file()
    line = command("evaluate.py", "--work", work, "--stage", "distill" if done else "diffusion")
    Stage("evaluate", work, [*line, "--count", str(args.count)], 0).wait(4)
    print("all done", flush=True)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--work", type=Path, default=Path(".train"), help="scratch folder")
    parser.add_argument("--vae", type=float, default=1.1, help="minutes")
    parser.add_argument("--text", type=float, default=0.3, help="minutes")
    parser.add_argument("--judge", type=float, default=0.9, help="minutes")
    parser.add_argument("--diffusion", type=float, default=7.4, help="minutes")
    parser.add_argument("--distill", type=float, default=1.4, help="minutes")
    parser.add_argument("--guidance", type=float, default=2.0, help="weight w of c + w (c - u)")
    parser.add_argument("--batch", type=int, default=512, help="samples a step and GPU")
    parser.add_argument("--processes", type=int, default=6, help="caption workers a GPU")
    parser.add_argument("--count", type=int, default=200, help="prompts of a kind")
    run(parser.parse_args())


if __name__ == "__main__":
    main()
