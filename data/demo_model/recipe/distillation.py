"""Fold guidance, and two steps of the teacher, into each step of the usual grids."""

from __future__ import annotations

import torch
from compiling import compile_blocks
from diffusion import USUAL_TOKENS, Run
from networks import TextEncoder, Transformer
from optimiser import plateau
from sampling import sigma_grid, teacher_target
from torch import Tensor

RATE = 6e-4
STEP_COUNTS, STEP_ODDS = (7, 8, 9), (0.2, 0.6, 0.2)  # forwards the distilled model is for


def train_distillation(run: Run, minutes: float) -> None:
    """Fold guidance, and two steps of the teacher, into each step of the usual grids."""
    device = run.place.device
    teacher, teacher_text = copies(run.transformer, run.text)
    run.begin("distill", minutes, RATE * run.args.rate, 0.98)
    if device.type == "cuda":
        compile_blocks(run.args.batch, USUAL_TOKENS, teacher, teacher_text)
    grids = torch.zeros(len(STEP_COUNTS), max(STEP_COUNTS) + 1, device=device)
    for row, count in zip(grids, STEP_COUNTS, strict=True):
        row[: count + 1] = torch.tensor(sigma_grid(count), device=device)
    odds = torch.tensor(STEP_ODDS, device=device)
    counts = torch.tensor(STEP_COUNTS, device=device)

    def loss_of(latents: Tensor, tokens: Tensor, lengths: Tensor) -> Tensor:
        n = len(latents)
        grid = torch.multinomial(odds, n, replacement=True)
        index = (torch.rand(n, device=device) * counts[grid]).long()
        sigma, following = grids[grid, index], grids[grid, index + 1]
        mixed = torch.lerp(latents, torch.randn_like(latents), sigma[:, None, None, None])
        with torch.no_grad():
            wanted = teacher_target(
                teacher, teacher_text, mixed, sigma, following, tokens, lengths, run.null,
                run.args.guidance,
            )  # fmt: skip
        found = run.transformer(mixed, 1 - sigma, run.text(tokens), lengths)
        return (found - wanted).square().mean()

    run.run(loss_of, lambda progress: plateau(progress, 0.02, 0.3))


def copies(transformer: Transformer, text: TextEncoder) -> tuple[Transformer, TextEncoder]:
    """Return frozen copies of both networks, the teachers."""
    teacher, teacher_text = Transformer(transformer.shape), TextEncoder(text.shape)
    teacher.load_state_dict(transformer.state_dict())
    teacher_text.load_state_dict(text.state_dict())
    device = transformer.x_pad_token.device
    for network in (teacher, teacher_text):
        network.to(device).requires_grad_(requires_grad=False)
    return teacher, teacher_text
