"""Train the judge on the source art alone; it never sees a generated picture.

Scenes are composed as for the model, then softened and disturbed a little, so that the judge
looks at shapes and not at their last sharpness. Its accuracy is measured on held-out scenes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from art import Art, load_art
from checkpoints import Clock, autocast, join
from compose import compose
from judge_network import REGIONS, Judge, both_there, load_judge, opinions
from optimiser import Optimiser, plateau
from safetensors.torch import save_file
from scenes import LABEL_SIZES, Scenes, sample
from torch import Tensor

OTHERS = ("style", "background", "background2", "place", "layout", "tint")


def disturb(images: Tensor) -> Tensor:
    """Soften by a random factor and add faint noise."""
    size = images.shape[-1]
    small = int(size * np.random.default_rng().uniform(0.5, 1))  # below, pixel art loses its grid
    soft = F.interpolate(images, size=small, mode="bilinear", antialias=True)
    soft = F.interpolate(soft, size=size, mode="bilinear")
    return soft + torch.randn_like(soft) * 0.03


def labels_of(scenes: Scenes, device: torch.device) -> dict[str, Tensor]:
    """Return what the pictures show."""
    return {name: torch.from_numpy(v).to(device) for name, v in scenes.labels().items()}


def region_labels(labels: dict[str, Tensor]) -> Tensor:
    """Return the (n, regions) concept each region shows, -1 where it is not whole."""
    a, b, layout = labels["concept_a"], labels["concept_b"], labels["layout"]
    b = torch.where(layout == 1, a, b)
    none = torch.full_like(a, -1)
    beside, above = (layout == 1) | (layout == 2), layout == 3
    columns = [torch.where(layout <= 1, a, none)]
    columns += [torch.where(beside, a, none), torch.where(beside, b, none)]
    columns += [torch.where(above, a, none), torch.where(above, b, none)]
    return torch.stack(columns, 1)


def loss_of(found: dict[str, Tensor], labels: dict[str, Tensor]) -> Tensor:
    """Sum the errors over all heads."""
    logits, wanted = found["concept"].float().flatten(0, 1), region_labels(labels).flatten()
    loss = F.cross_entropy(logits, wanted, ignore_index=-1, label_smoothing=0.05)
    for name in OTHERS:
        known = (labels[name] >= 0).any()
        loss = (
            loss
            + 0.3
            * F.cross_entropy(found[name].float(), labels[name], ignore_index=-1).nan_to_num()
            * known
        )
    return loss


def accuracy(judge: Judge, scenes: Scenes, images: Tensor) -> dict[str, float]:
    """Return the shares of right answers about pictures of scenes."""
    device = next(judge.parameters()).device
    found, labels = opinions(judge, images), labels_of(scenes, device)
    shares = {}
    one, pair = labels["layout"] <= 1, labels["layout"] >= 2
    shares["concept"] = _share(found["concept"][:, 0].argmax(-1) == labels["concept_a"], one)
    both = both_there(
        found["concept"], labels["concept_a"], labels["concept_b"], labels["layout"] == 2
    )
    shares["pair"] = _share(both, pair)
    for name in OTHERS:
        shares[name] = _share(found[name].argmax(-1) == labels[name], labels[name] >= 0)
    return shares


def _share(right: Tensor, of: Tensor) -> float:
    """Return the share of right ones among some."""
    return round((right & of).sum().item() / max(1, of.sum().item()), 4)


def train(work: Path, minutes: float, batch: int, *, begin: Path | None, rate: float) -> None:
    """Train the judge; write `judge/judge.safetensors` and `judge.json`."""
    art, place = load_art(work), join()
    pictures = torch.from_numpy(art.pixels).to(place.device)
    sizes = {"concept": len(art.concepts), **LABEL_SIZES}
    judge = Judge(sizes) if begin is None else load_judge(begin).train()
    # torch's overloads leave `memory_format` out.
    judge = judge.to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    named = [
        (name, p, rate, p.ndim == 4 and "body.0" not in name and "salience" not in name)
        for name, p in judge.named_parameters()
    ]
    optimiser, rng = Optimiser(named, 0.99), np.random.default_rng(21)
    clock, progress, mean = Clock("judge", minutes, place), 0.0, 0.0
    while progress < 1:
        scenes = sample(art, rng, batch, "train")
        images = disturb(compose(scenes, slice(None), pictures, 256, 256))
        with autocast(place.device):
            found = judge(images.contiguous(memory_format=torch.channels_last))
        loss = loss_of(found, labels_of(scenes, place.device))
        loss.backward()
        optimiser.step(plateau(progress, 0.02, 0.3))
        if clock.steps % Clock.EVERY == 0:
            mean = loss.item()
        progress = clock.tick(loss=f"{mean:.3f}", step=clock.steps)
    finish(work, judge.eval(), art, pictures)


@torch.no_grad()
def finish(work: Path, judge: Judge, art: Art, pictures: Tensor) -> None:
    """Measure the judge on held-out scenes and write it."""
    scenes = sample(art, np.random.default_rng(22), 4096, "held_out")
    shares: list[dict[str, float]] = []
    for start in range(0, len(scenes), 512):
        rows = scenes[start : start + 512]
        shares.append(accuracy(judge, rows, compose(rows, slice(None), pictures, 256, 256)))
    held_out = {name: round(float(np.mean([s[name] for s in shares])), 4) for name in shares[0]}
    folder = work / "judge"
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: value.detach().cpu().half().contiguous()
        for name, value in judge.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    save_file(state, folder / "judge.safetensors")
    about = {
        "sizes": judge.sizes,
        "regions": list(REGIONS),
        "held_out_accuracy": held_out,
        "concepts": [concept["key"] for concept in art.concepts],
        "styles": [style["key"] for style in art.styles],
    }
    text = json.dumps(about, ensure_ascii=False, separators=(",", ":"))
    (folder / "judge.json").write_text(text + "\n", encoding="utf-8")
    print(f"\njudge on held-out scenes: {held_out}", flush=True)


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--work", type=Path, default=Path(".train"), help="scratch folder")
    parser.add_argument("--minutes", type=float, default=1.7, help="time to train for")
    parser.add_argument("--batch", type=int, default=256, help="scenes a step")
    parser.add_argument("--from", dest="begin", type=Path, help="a judge's folder to go on from")
    parser.add_argument("--rate", type=float, default=2e-3, help="of learning")
    args = parser.parse_args()
    train(args.work, args.minutes, args.batch, begin=args.begin, rate=args.rate)


if __name__ == "__main__":
    main()
