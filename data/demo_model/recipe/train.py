"""Train the demo model, one stage after the other.

Stages: `vae` (the autoencoder), `text` (the text encoder learns to name things), `diffusion` (both
together learn to draw), `distill` (guidance and pairs of steps are folded into single ones).
Each ends after its `--minutes` of training; `diffusion` and `distill` go on where they were
interrupted, can begin with the shipped weights (`--from data/demo_model`), and run on several GPUs
under torchrun.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch.distributed as dist
from diffusion import Run, train_diffusion
from distillation import train_distillation
from pretrain import train_text, train_vae
from sampling import GUIDANCE


def train_networks(args: argparse.Namespace) -> None:
    """Run `diffusion`, then `distill` in the same process if asked to, or `distill` alone."""
    run = Run(args)
    if args.stage == "diffusion":
        train_diffusion(run)
    minutes = args.minutes if args.stage == "distill" else args.distill_minutes
    if minutes and not (args.stage == "diffusion" and run.clock.progress < 1):
        train_distillation(run, minutes)
    run.workers.stop()


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("stage", choices=["vae", "text", "diffusion", "distill"])
    parser.add_argument("--work", type=Path, default=Path(".train"), help="scratch folder")
    parser.add_argument("--minutes", type=float, required=True, help="time to train for, all runs")
    parser.add_argument("--batch", type=int, default=512, help="samples a step and GPU")
    parser.add_argument("--processes", type=int, default=6, help="caption workers a GPU")
    parser.add_argument("--adam", action="store_true", help="train the autoencoder without Muon")
    _add_continuing(parser.add_argument_group("diffusion and distill: beginning and stopping"))
    _add_training(parser.add_argument_group("diffusion and distill: training"))
    return parser.parse_args()


def _add_continuing(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--from", type=Path, dest="from_", metavar="PATH",
        help="begin with a pipeline folder or a checkpoint, unless the stage was interrupted",
    )  # fmt: skip
    group.add_argument(
        "--spent", type=float, default=0, metavar="S",
        help="seconds of --minutes that --from was trained for: the schedule goes on there",
    )  # fmt: skip
    group.add_argument(
        "--stop-after", type=float, metavar="S",
        help="save and stop so long after the start, loading included; repeat to go on",
    )  # fmt: skip
    group.add_argument("--steps", type=int, default=0, help="stop after so many steps, for a trial")
    group.add_argument("--save-every", type=float, default=60, metavar="S", help="wall seconds")


def _add_training(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--rate", type=float, default=1, help="factor of the learning rates")
    group.add_argument("--capacity", type=int, default=150_000, help="latents kept a GPU")
    group.add_argument("--fill", type=int, default=8_000, help="latents before the first step")
    group.add_argument("--renew", type=int, default=128, help="new latents every third step")
    group.add_argument("--distill-minutes", type=float, default=0, help="distill at once, so long")
    group.add_argument("--guidance", type=float, default=GUIDANCE, help="weight w of c + w (c - u)")
    group.add_argument("--tiny", action="store_true", help="a very small network, for a trial")


def main() -> None:
    """Run one stage."""
    args = parse()
    if args.stage == "vae":
        train_vae(args.work, args.minutes, args.batch, muon=not args.adam)
    elif args.stage == "text":
        train_text(args.work, args.minutes, args.batch, args.processes)
    else:
        train_networks(args)
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
