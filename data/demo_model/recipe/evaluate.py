"""Measure a model by the judge on prompts kept out of training, and lay out sheets to look at.

    python data/demo_model/recipe/evaluate.py --model data/demo_model --device cpu

Writes `report/figures.json` and `figures.md` in the work folder, the 50 pictures the judge likes
least and 200 random ones. Every drawn picture is kept: an interrupted run goes on by repeating the
command.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from art import Art, load_art
from captions import caption
from judge_network import Judge, load_judge
from layout import labelled_sheet
from measures import (
    SEEDS,
    column,
    decoder_figures,
    look,
    real_shares,
    right_ones,
    seed_figures,
    shares,
)
from painting import Album, CheckpointPainter, FolderPainter, Painter, Wish
from PIL import Image
from prompts import Prompt, evaluation_prompts
from scenes import sample
from torch import Tensor

# Kind -> languages, and prompts as a share of `--count`: most for what matters most.
KINDS = {
    "concept": (("en", "zh", "mixed"), 1.0),
    "style": (("en", "zh"), 0.6),
    "background": (("en", "zh"), 0.6),
    "place": (("en", "zh"), 0.6),
    "pair": (("en", "zh"), 0.6),
    "gradient": (("en", "zh"), 0.3),
    "two": (("en", "zh"), 0.3),
    "tint": (("en", "zh"), 0.3),
}
SHAPES = ((128, 128), (192, 320), (320, 192), (384, 384), (512, 512), (256, 512))  # height, width
FORWARDS = (7, 9)  # beside the usual 8
WORST, RANDOM = 50, 200


@dataclass(frozen=True, kw_only=True)
class Task:
    """Some prompts of a kind, and the pictures to draw of them."""

    name: str
    kind: str
    prompts: list[Prompt]
    wishes: list[Wish]


# What is measured of one task.
Figures = TypedDict(
    "Figures", {"prompts": int, "model": dict[str, float], "real art": dict[str, float]}
)


def kind_tasks(art: Art, count: int) -> Iterator[Task]:
    """Return the prompts of every kind and language, each with a seed of its own."""
    rng, seed = np.random.default_rng(31), 0
    for kind, (languages, share) in KINDS.items():
        for language in languages:
            prompts = evaluation_prompts(art, kind, language, round(count * share), rng)
            wishes = [Wish(prompt=p.text, seed=seed + i) for i, p in enumerate(prompts)]
            seed += len(wishes)
            yield Task(name=f"{kind} {language}", kind=kind, prompts=prompts, wishes=wishes)


def simple_tasks(art: Art, count: int) -> Iterator[Task]:
    """Return bare names and "A and B", the commonest wishes: wordings that training has read."""
    rng, seed = np.random.default_rng(37), 10_000

    def name(prompt: Prompt, which: str, language: str) -> str:
        concept = art.concepts[prompt.labels[which]]
        return concept["en" if language == "en" else "zh"][0].lstrip("~")

    plain = {lang: evaluation_prompts(art, "concept", lang, count, rng) for lang in ("en", "zh")}
    pairs = {lang: evaluation_prompts(art, "pair", lang, count, rng) for lang in ("en", "zh")}
    for lang, prompts in plain.items():
        texts = [name(p, "concept_a", lang) for p in prompts]
        wishes = [Wish(prompt=text, seed=seed + i) for i, text in enumerate(texts)]
        yield Task(name=f"bare name {lang}", kind="concept", prompts=prompts, wishes=wishes)
        seed += 10_000
    for lang, both in pairs.items():
        prompts = [p for p in both if p.labels["layout"] == 2]
        joint = {"en": " and ", "zh": "和"}[lang]
        texts = [name(p, "concept_a", lang) + joint + name(p, "concept_b", lang) for p in prompts]
        wishes = [Wish(prompt=text, seed=seed + i) for i, text in enumerate(texts)]
        yield Task(name=f"A and B {lang}", kind="pair", prompts=prompts, wishes=wishes)
        seed += 10_000


def plain_prompts(art: Art, count: int, seed: int) -> list[Prompt]:
    """Return prompts that say the thing only, half of them in each language."""
    rng = np.random.default_rng(seed)
    halves = [evaluation_prompts(art, "concept", lang, count // 2, rng) for lang in ("en", "zh")]
    return [*halves[0], *halves[1]]


def other_tasks(art: Art, count: int) -> Iterator[Task]:
    """Return plain prompts at other numbers of forwards and in other shapes."""
    prompts = plain_prompts(art, count, 32)
    changes = [(f"{steps} forwards", {"steps": steps}) for steps in FORWARDS]
    changes += [(f"{w}x{h}", {"height": h, "width": w}) for h, w in SHAPES]
    for name, change in changes:
        wishes = [Wish(prompt=p.text, seed=i, **change) for i, p in enumerate(prompts)]
        yield Task(name=name, kind="concept", prompts=prompts, wishes=wishes)


def seed_task(art: Art, count: int) -> Task:
    """Return plain prompts with several seeds each."""
    prompts = plain_prompts(art, count, 33)
    wishes = [Wish(prompt=p.text, seed=seed) for p in prompts for seed in range(SEEDS)]
    return Task(name="seeds", kind="concept", prompts=prompts, wishes=wishes)


def random_wishes(art: Art) -> list[Wish]:
    """Return random prompts of every kind."""
    scenes = sample(art, np.random.default_rng(35), RANDOM, "held_out")
    return [Wish(prompt=caption(art, scenes, i), seed=i) for i in range(RANDOM)]


@dataclass(kw_only=True)
class Evaluation:
    """What measures a model: its album, the judge and the art."""

    album: Album
    judge: Judge
    art: Art
    pictures: Tensor
    folder: Path

    def kinds(self, tasks: list[Task]) -> dict[str, Figures]:
        """Measure every kind of prompt beside what real art scores; lay out the worst."""
        figures: dict[str, Figures] = {}
        ranked: list[tuple[float, Wish]] = []
        for task in tasks:
            images = self.album.of(task.wishes)
            found = look(self.judge, images)
            figures[task.name] = {
                "prompts": len(task.prompts),
                "model": shares(right_ones(task.kind, task.prompts, found)),
                "real art": real_shares(task.kind, task.prompts, self.judge, self.pictures),
            }
            if task.kind not in {"pair", "two"}:
                sure = found["concept"][:, 0].softmax(-1)
                score = sure[torch.arange(len(images)), column(task.prompts, "concept_a")]
                ranked += zip(score.tolist(), task.wishes, strict=True)
        worst = [wish for _, wish in sorted(ranked, key=lambda entry: entry[0])[:WORST]]
        self.sheet("worst", worst, 10)
        return figures

    def others(self, tasks: list[Task]) -> dict[str, float]:
        """Measure the share of right concepts of each task."""
        return {
            task.name: shares(
                right_ones("concept", task.prompts, look(self.judge, self.album.of(task.wishes)))
            )["concept"]
            for task in tasks
        }

    def sheet(self, name: str, wishes: list[Wish], columns: int) -> None:
        """Lay out pictures with their prompts under them."""
        pixels = self.album.of(wishes).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1)
        images = [Image.fromarray(one) for one in pixels.numpy()]
        prompts = [wish.prompt for wish in wishes]
        labelled_sheet(images, prompts, columns=columns, edge=144).save(self.folder / f"{name}.png")


def painter_of(args: argparse.Namespace) -> Painter:
    """Load what is to be measured."""
    device = torch.device(args.device)
    if args.model:
        return FolderPainter(args.model, device, args.guidance)
    return CheckpointPainter(args.work, args.stage, device, args.guidance)


def evaluate(args: argparse.Namespace) -> dict[str, Any]:
    """Draw and measure everything; return the figures."""
    art, device = load_art(args.work), torch.device(args.device)
    kinds = [*kind_tasks(art, args.count), *simple_tasks(art, args.count)]
    others = list(other_tasks(art, args.others))
    seeds, chosen = seed_task(art, args.others), random_wishes(art)
    total = sum(len(task.wishes) for task in (*kinds, *others, seeds)) + RANDOM + WORST
    painter, folder = painter_of(args), args.work / "report"
    measure = Evaluation(
        album=Album(folder / "drawn", painter, total),
        judge=load_judge(args.work / "judge", device),
        art=art,
        pictures=torch.from_numpy(art.pixels).to(device),
        folder=folder,
    )
    figures: dict[str, Any] = {"guidance": args.guidance, "kinds": measure.kinds(kinds)}
    figures["seeds"] = seed_figures(measure.album.of(seeds.wishes), seeds.prompts, measure.judge)
    figures["others"] = {"prompts": args.others, **measure.others(others)}
    measure.sheet("random", chosen, 20)
    figures["decoder"] = decoder_figures(painter.vae, art, measure.pictures, args.work)
    measure.album.bar.close()
    return figures


def table(figures: dict[str, Any]) -> str:
    """Write the figures of all kinds as a Markdown table, in percent."""
    lines = ["| prompts | aspect | model | real art |", "|---|---|---|---|"]
    for name, row in figures["kinds"].items():
        lines += [
            f"| {name} ({row['prompts']}) | {aspect} | {share:.0%} | {row['real art'][aspect]:.0%} |"
            for aspect, share in row["model"].items()
        ]
    return "\n".join(lines) + "\n"


def let_threads_sleep() -> None:
    """Start again with OpenMP's threads sleeping while they wait, which it reads when it starts.

    Beside any other load they make a picture many times slower by spinning.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606 - no shell is wanted


def main() -> None:
    """Parse the command line and evaluate."""
    let_threads_sleep()
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    usual = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--work", type=Path, default=Path(".train"), help="scratch folder")
    parser.add_argument("--model", type=Path, help="a pipeline folder, drawn by the bot's engine")
    parser.add_argument(
        "--stage", default="distill", choices=["shipped", "diffusion", "distill"],
        help="without --model: the checkpoint, drawn by the training networks",
    )  # fmt: skip
    parser.add_argument("--count", type=int, default=60, help="prompts of a kind, at most")
    parser.add_argument("--others", type=int, default=20, help="prompts for seeds and shapes")
    parser.add_argument("--guidance", type=float, default=0.0, help="weight w of c + w (c - u)")
    parser.add_argument("--device", default=usual, help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: all")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    figures = evaluate(args)
    text = json.dumps(figures, ensure_ascii=False, indent=1)
    (args.work / "report" / "figures.json").write_text(text + "\n", encoding="utf-8")
    (args.work / "report" / "figures.md").write_text(table(figures), encoding="utf-8")
    print(table(figures), json.dumps({**figures, "kinds": "above"}, indent=1), sep="\n")


if __name__ == "__main__":
    main()
