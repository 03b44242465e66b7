"""The judge: a small convolutional network that tells what a picture shows. Needs torch only.

It looks at the whole picture and at its four halves, so that it can name two things side by side.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from torch import Tensor, nn

SHORT_SIDE = 192  # pixels; pictures are shrunk to it: at 128 pixel art loses its grid
WIDTHS = (32, 64, 128, 192)
REGIONS = ("whole", "left", "right", "top", "bottom")


class Residual(nn.Module):
    """Two 3 x 3 convolutions around a shortcut."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        """Create a block, shrinking by `stride`."""
        super().__init__()
        self.first = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(outside), nn.BatchNorm2d(outside)
        changed = stride > 1 or inside != outside
        self.short = nn.Conv2d(inside, outside, 1, stride, bias=False) if changed else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map features to features."""
        inner = F.relu(self.norm1(self.first(x)))
        return F.relu(self.norm2(self.second(inner)) + self.short(x))


class Judge(nn.Module):
    """Name the thing in each region, and the picture's style, colours, place and layout."""

    def __init__(self, sizes: dict[str, int]) -> None:
        """`sizes` are the numbers of classes: `concept` and the others."""
        super().__init__()
        self.sizes = sizes
        a, b, c, d = WIDTHS
        self.body = nn.Sequential(
            nn.Conv2d(3, a, 5, 2, 2, bias=False),
            nn.BatchNorm2d(a),
            nn.ReLU(),
            Residual(a, b, 2),
            Residual(b, c, 2),
            Residual(c, c, 1),
            Residual(c, d, 2),
        )
        self.salience = nn.Conv2d(d, 1, 1)
        self.concept = nn.Linear(d, sizes["concept"])
        self.others = nn.ModuleDict(
            {
                name: nn.Linear(d * (len(REGIONS) + 1), n)
                for name, n in sizes.items()
                if name != "concept"
            }
        )

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Judge (n, 3, height, width) in [-1, 1]; `concept` is (n, regions, concepts), raw."""
        scale = SHORT_SIDE / min(images.shape[2:])
        size = [round(side * scale) for side in images.shape[2:]]
        features = self.body(F.interpolate(images, size=size, mode="area"))
        weight = self.salience(features).float().exp()
        seen = torch.stack([_mean(part, w) for part, w in _parts(features, weight)], 1)
        flat = torch.stack([part.float().mean((2, 3)) for part, _ in _parts(features, weight)], 1)
        everything = torch.cat([seen[:, :1], flat], 1).flatten(1)
        found = {name: head(everything) for name, head in self.others.items()}
        return {"concept": self.concept(seen), "features": seen[:, 0], **found}


def _parts(features: Tensor, weight: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Cut features and their weights into the regions."""
    rows, columns = (slice(None),) * 2
    half_y, half_x = features.shape[2] // 2, features.shape[3] // 2
    cuts = [
        (rows, columns),
        (rows, slice(None, half_x)),
        (rows, slice(half_x, None)),
        (slice(None, half_y), columns),
        (slice(half_y, None), columns),
    ]
    return [(features[:, :, y, x], weight[:, :, y, x]) for y, x in cuts]


def _mean(features: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted mean over height and width."""
    return (features.float() * weight).sum((2, 3)) / weight.sum((2, 3)).clamp(min=1e-6)


def load_judge(folder: Path, device: str | torch.device = "cpu") -> Judge:
    """Read `judge.safetensors` and `judge.json` (the numbers of classes) from a folder."""
    from safetensors.torch import load_file  # noqa: PLC0415 - training does without

    about = json.loads((folder / "judge.json").read_text(encoding="utf-8"))
    judge = Judge(about["sizes"])
    state = {name: value.float() for name, value in load_file(folder / "judge.safetensors").items()}
    judge.load_state_dict(state, strict=False)  # counters of the norms are left out
    return judge.to(device).eval()


@torch.no_grad()
def opinions(judge: Judge, images: Tensor, batch: int = 256) -> dict[str, Tensor]:
    """Judge many images, in batches, as float32 logits."""
    device = next(judge.parameters()).device
    found = [judge(part.to(device).float()) for part in images.split(batch)]
    return {name: torch.cat([one[name].float() for one in found]) for name in found[0]}


def both_there(logits: Tensor, first: Tensor, second: Tensor, beside: Tensor) -> Tensor:
    """Tell for pairs whether both things are there, in the halves they should be in.

    `logits` are (n, regions, concepts); `beside` is True for left and right, False for above and
    below.
    """
    best = logits.argmax(-1)
    a = torch.where(beside, best[:, 1], best[:, 3])
    b = torch.where(beside, best[:, 2], best[:, 4])
    return (a == first) & (b == second)
