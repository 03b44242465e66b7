"""Measure the model by the judge on prompts kept out of training, and lay out sheets to look at.

Writes `report/figures.json`, the 50 worst pictures and 200 random ones. With `--pick-guidance` it
instead compares guidance weights on the undistilled model and writes the best to `guidance.json`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from captions import caption, evaluation_prompts
from checkpoints import autocast, decode, join, load_pair, load_vae, null_caption
from compose import compose
from judge import accuracy
from judge_network import both_there, load_judge, opinions
from sampling import guided, sheet_of, sigma_grid
from scenes import load_art, sample
from tokenizer import encode, fill, load
from torch import Tensor, nn

KINDS = (
    ("concept", "en"), ("concept", "zh"), ("concept", "mixed"), ("style", "en"), ("style", "zh"),
    ("background", "en"), ("background", "zh"), ("gradient", "en"), ("gradient", "zh"),
    ("place", "en"), ("place", "zh"), ("pair", "en"), ("pair", "zh"), ("two", "en"), ("tint", "en"),
)  # fmt: skip
SHAPES = ((128, 128), (192, 320), (320, 192), (384, 384), (512, 512), (256, 512))
GUIDANCE_TRIED = (1.0, 1.5, 2.0, 3.0)


class Painter:
    """Draw prompts with a checkpoint."""

    def __init__(
        self,
        work: Path,
        device: torch.device,
        vae: nn.Module,
        transformer: nn.Module,
        text: nn.Module,
    ) -> None:
        """Take the networks of a stage."""
        self.device, self.tokenizer = device, load(work)
        self.vae, self.transformer, self.text = vae, transformer, text
        self.null = null_caption(work, device)

    @classmethod
    def of(cls, work: Path, stage: str, device: torch.device) -> Painter:
        """Load the networks of a stage."""
        folder = work / "checkpoints"
        vae = load_vae(folder / "vae.safetensors", device)
        return cls(work, device, vae, *load_pair(folder / f"{stage}.safetensors", device))

    @torch.no_grad()
    def __call__(
        self, prompts: list[str], *, seed: int = 0, steps: int = 8, weight: float = 0.0,
        height: int = 256, width: int = 256, batch: int = 256,
    ) -> Tensor:  # fmt: skip
        """Return (n, 3, height, width) images in [-1, 1] on the CPU."""
        generator = torch.Generator(self.device).manual_seed(seed)
        rows = encode(self.tokenizer, prompts)
        length = 32 * -(-max(len(row) for row in rows) // 32)
        images: list[Tensor] = [torch.empty(0)] * len(prompts)
        groups: dict[int, list[int]] = {}
        for number, row in enumerate(rows):
            groups.setdefault(min(length, 32 * -(-len(row) // 32)), []).append(number)
        for size, numbers in groups.items():
            for start in range(0, len(numbers), batch):
                some = numbers[start : start + batch]
                table, lengths = fill([rows[i] for i in some], size)
                noise = torch.randn(
                    len(some), 16, height // 8, width // 8, device=self.device, generator=generator
                )
                with autocast(self.device):
                    latents = guided(
                        self.transformer, self.text, noise,
                        torch.from_numpy(table).to(self.device).long(),
                        torch.from_numpy(lengths).to(self.device).long(),
                        self.null, sigma_grid(steps), weight,
                    )  # fmt: skip
                for number, image in zip(some, decode(self.vae, latents).cpu(), strict=True):
                    images[number] = image
        return torch.stack(images)


def column(prompts: list[dict], name: str) -> Tensor:
    """Return one label of all prompts."""
    return torch.tensor([prompt[name] for prompt in prompts])


def right_ones(kind: str, prompts: list[dict], found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tell which pictures show what their prompts say, by aspect."""
    concept = found["concept"][:, 0].argmax(-1) == column(prompts, "concept_a")
    if kind == "pair":
        beside = column(prompts, "layout") == 2
        wanted = column(prompts, "concept_a"), column(prompts, "concept_b")
        return {"pair": both_there(found["concept"], *wanted, beside)}
    if kind == "gradient":
        first, second = (found[n].argmax(-1) for n in ("background", "background2"))
        a, b = column(prompts, "background"), column(prompts, "background2")
        either = ((first == a) & (second == b)) | ((first == b) & (second == a))
        return {"concept": concept, "gradient": either}
    aspect = {"two": "layout"}.get(kind, kind)
    if aspect == "concept":
        return {"concept": concept}
    return {"concept": concept, kind: found[aspect].argmax(-1) == column(prompts, aspect)}


def measure_kinds(paint: Painter, judge: object, art: object, count: int) -> tuple[dict, list]:
    """Measure every kind of prompt; also return each concept prompt with its probability."""
    figures, ranked, rng = {}, [], np.random.default_rng(31)
    for kind, language in KINDS:
        prompts = evaluation_prompts(art, kind, language, count, rng)
        images = paint([prompt["prompt"] for prompt in prompts])
        found = {name: value.cpu() for name, value in opinions(judge, images).items()}
        right = right_ones(kind, prompts, found)
        figures[f"{kind} {language}"] = {
            n: round(v.float().mean().item(), 4) for n, v in right.items()
        }
        if kind != "pair":
            sure = found["concept"][:, 0].softmax(-1)
            score = sure[torch.arange(len(prompts)), column(prompts, "concept_a")]
            ranked += [
                (value, prompt["prompt"], image)
                for value, prompt, image in zip(score.tolist(), prompts, images, strict=True)
            ]
        print(kind, language, figures[f"{kind} {language}"], flush=True)
    return figures, sorted(ranked, key=lambda entry: entry[0])


def measure_others(paint: Painter, judge: object, art: object, count: int) -> dict:
    """Measure other numbers of forwards and other shapes, on plain prompts of both languages."""
    figures, rng = {}, np.random.default_rng(32)
    prompts = [
        prompt
        for language in ("en", "zh")
        for prompt in evaluation_prompts(art, "concept", language, count // 2, rng)
    ]
    texts = [prompt["prompt"] for prompt in prompts]
    wanted = column(prompts, "concept_a")
    tried = [(f"{steps} forwards", {"steps": steps}) for steps in (4, 7, 8, 9)]
    tried += [
        (f"{width}x{height}", {"height": height, "width": width, "batch": 64})
        for height, width in SHAPES
    ]
    for name, options in tried:
        few = slice(None, 120 if options.get("height", 0) > 256 else None)
        found = opinions(judge, paint(texts[few], **options), 64)["concept"][:, 0].argmax(-1).cpu()
        figures[name] = round((found == wanted[few]).float().mean().item(), 4)
        print(name, figures[name], flush=True)
    return figures


def measure_seeds(paint: Painter, judge: object, art: object, count: int) -> dict:
    """Measure how 8 seeds of a prompt differ, and whether all show the thing."""
    rng = np.random.default_rng(33)
    prompts = evaluation_prompts(art, "concept", "en", count // 2, rng)
    prompts += evaluation_prompts(art, "concept", "zh", count // 2, rng)
    texts = [prompt["prompt"] for prompt in prompts]
    images = torch.stack([paint(texts, seed=seed) for seed in range(8)], 1)  # (n, 8, 3, 256, 256)
    flat = images.add(1).div(2).flatten(2)
    pairs = torch.cdist(flat, flat) / flat.shape[-1] ** 0.5  # root mean square, of full range
    found = opinions(judge, images.flatten(0, 1))["concept"][:, 0].argmax(-1).cpu()
    right = (found.view(-1, 8) == column(prompts, "concept_a")[:, None]).float().mean()
    return {
        "mean_pairwise_rms": round((pairs.sum((1, 2)) / 56).mean().item(), 4),
        "concept": round(right.item(), 4),
    }


@torch.no_grad()
def measure_decoder(paint: Painter, judge: object, art: object, pictures: Tensor) -> dict:
    """Measure the autoencoder and the judge on unseen renderings."""
    scenes, figures = sample(art, np.random.default_rng(34), 1024, "held_out"), {}
    for size in (256,):
        real, back = [], []
        for start in range(0, len(scenes), 64):
            images = compose(scenes, slice(start, start + 64), pictures, size, size)
            with autocast(images.device):
                mean = paint.vae.encoder(images)[:, :16].float()
                found = paint.vae.decoder(mean).float().clamp(-1, 1)
            real.append(images)
            back.append(found)
        real, back = torch.cat(real), torch.cat(back)
        error = (real - back).square().mean((1, 2, 3))
        figures[f"psnr_db_{size}"] = round((10 * torch.log10(4 / error)).mean().item(), 2)
        if size == 256:
            figures["judge_real"] = accuracy(judge, scenes, real)
            figures["judge_reconstructed"] = accuracy(judge, scenes, back)
            latents = (mean - paint.vae.config.shift_factor) * paint.vae.config.scaling_factor
            figures["latent_rgb"] = latent_rgb(latents, images)
    return figures


def latent_rgb(latents: Tensor, images: Tensor) -> list[list[float]]:
    """Fit the 17 x 3 matrix (last row constant) that turns latents to small previews in [0, 1]."""
    colour = torch.nn.functional.interpolate(images, size=latents.shape[2:], mode="area")
    inside = latents.permute(0, 2, 3, 1).reshape(-1, latents.shape[1]).double().cpu()
    inside = torch.cat([inside, torch.ones(len(inside), 1, dtype=torch.float64)], 1)
    outside = colour.add(1).div(2).permute(0, 2, 3, 1).reshape(-1, 3).double().cpu()
    return torch.linalg.lstsq(inside, outside).solution.numpy().round(4).tolist()


def random_sheet(paint: Painter, art: object, folder: Path) -> None:
    """Lay out 200 random prompts of every kind, and their texts beside."""
    scenes = sample(art, np.random.default_rng(35), 200, "held_out")
    texts = [caption(art, scenes, i) for i in range(200)]
    write_sheet(folder / "random", paint(texts, seed=5), texts, 20)


def write_sheet(path: Path, images: Tensor, texts: list[str], columns: int) -> None:
    """Write half-size pictures as one JPEG and their prompts as JSON."""
    small = torch.nn.functional.interpolate(images, scale_factor=0.5, mode="area")
    sheet_of(small, columns).save(path.with_suffix(".jpg"), quality=90)
    path.with_suffix(".json").write_text(json.dumps(texts, ensure_ascii=False, indent=0), "utf-8")


def pick_guidance(work: Path, count: int) -> None:
    """Compare guidance weights on the undistilled model; write the best."""
    place, art = join(), load_art(work)
    paint, judge = (
        Painter.of(work, "diffusion", place.device),
        load_judge(work / "judge", place.device),
    )
    rng, scores = np.random.default_rng(36), {}
    prompts = {
        k: evaluation_prompts(art, k, "en", count, rng) for k in ("concept", "pair", "style")
    }
    for weight in GUIDANCE_TRIED:
        shares = {}
        for kind, listed in prompts.items():
            images = paint([p["prompt"] for p in listed], steps=16, weight=weight)
            found = {name: value.cpu() for name, value in opinions(judge, images).items()}
            right = right_ones(kind, listed, found)
            shares |= {f"{kind}: {n}": round(v.float().mean().item(), 3) for n, v in right.items()}
        scores[weight] = float(np.mean(list(shares.values())))
        print(weight, shares, flush=True)
    best = max(scores.values())
    chosen = min(weight for weight, score in scores.items() if score > best - 0.006)
    (work / "guidance.json").write_text(json.dumps(chosen))
    print(f"guidance {chosen}", flush=True)


def guarded(name: str, figures: dict, measure: Callable[[], dict]) -> None:
    """Add one group of figures; a failure costs only that group."""
    began = time.monotonic()
    try:
        figures[name] = measure()
    except Exception as error:  # noqa: BLE001 - the other figures must survive
        figures[name] = f"failed: {error!r}"
    print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)


def evaluate(
    work: Path, paint: Painter, pictures: Tensor, art: object, count: int, part: int
) -> None:
    """Measure one of two parts and write `report/figures-PART.json`."""
    folder = work / "report"
    folder.mkdir(parents=True, exist_ok=True)
    judge, figures = load_judge(work / "judge", paint.device), {}

    def kinds() -> dict:
        found, ranked = measure_kinds(paint, judge, art, count)
        images = torch.stack([image for _, _, image in ranked[:50]])
        write_sheet(folder / "worst", images, [text for _, text, _ in ranked[:50]], 10)
        return found

    def sheets() -> dict:
        random_sheet(paint, art, folder)
        return {"pictures": 200}

    halves = [
        {"kinds": kinds},
        {
            "sheets": sheets,
            "decoder": lambda: measure_decoder(paint, judge, art, pictures),
            "seeds": lambda: measure_seeds(paint, judge, art, count // 8),
            "others": lambda: measure_others(paint, judge, art, count),
        },
    ]
    for name, measure in halves[part].items():
        guarded(name, figures, measure)
        text = json.dumps(figures, ensure_ascii=False, indent=1)
        (folder / f"figures-{part}.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Parse the command line and evaluate."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--work", type=Path, default=Path(".train"), help="scratch folder")
    parser.add_argument("--stage", default="distill", choices=["diffusion", "distill"])
    parser.add_argument("--count", type=int, default=600, help="prompts a figure")
    parser.add_argument("--pick-guidance", action="store_true", help="compare guidance weights")
    args = parser.parse_args()
    if args.pick_guidance:
        pick_guidance(args.work, args.count)
    else:
        place, art = join(), load_art(args.work)
        paint = Painter.of(args.work, args.stage, place.device)
        pictures = torch.from_numpy(art.pixels).to(place.device)
        for part in (0, 1):
            evaluate(args.work, paint, pictures, art, args.count, part)


if __name__ == "__main__":
    main()
