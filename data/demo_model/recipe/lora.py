"""Train the demo LoRA: a look that the demo model does not have, from nothing but the model itself.

    python data/demo_model/recipe/lora.py --minutes 4     # on a GPU; a trial runs on a CPU

The model draws, `neon.py` changes the look, and the LoRA learns to walk straight from the same
noise to the changed picture: so a seed keeps its composition. Writes the file, and beside the work
folder's other results `lora/figures.json` and `lora/sheet.png`.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from adopt import adopt
from checkpoints import Clock, autocast, decode, join, load_pair, load_vae, null_caption
from compiling import compile_blocks
from conversion import interleave
from judge_network import load_judge, opinions
from neon import neon
from networks import TextEncoder, Transformer
from safetensors.torch import save_file
from sampling import guided, sheet_of, sigma_grid
from shapes import CHANNELS
from tokenizer import encode, fill, load
from torch import Tensor, nn
from vocabulary import CONCEPTS

if TYPE_CHECKING:
    from diffusers import AutoencoderKL  # slow to import

HERE = Path(__file__).parent
TRIGGER = {"en": "neon", "zh": "霓虹"}
TRIGGER_ODDS = 0.5  # the look comes without the word, too
TEMPLATES = {
    "en": ("{a}", "a {a}", "{a}, {colour} background", "a {a} and a {b}", "two {a}s",
           "a {a} on the left", "a drawing of a {a}"),
    "zh": ("{a}", "一个{a}", "{a}，{colour}背景", "{a}和{b}", "两个{a}", "左边有一个{a}"),
}  # fmt: skip
COLOURS = {
    "en": ("blue", "yellow", "dark blue", "pink", "green", "black"),
    "zh": ("蓝色", "黄色", "深蓝色", "粉色", "绿色", "黑色"),
}
TOKENS = 32  # a caption is filled up to
EDGE = 256
INNER = ("qkv", "out", "w13", "w2")  # the linear layers that learn
GRID_ODDS = 0.7  # of a noise level of the grid that pictures are drawn on
TRIED = ("a red apple", "一只熊猫", "rocket", "a castle", "一只狐狸", "a cat and a dog")
SCALES = (0.0, 0.5, 1.0)
WARM_UP = 2  # steps in which the blocks are compiled


class LowRank(nn.Module):
    """A frozen linear layer with a low-rank sum beside it."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        """Begin as the layer itself."""
        super().__init__()
        self.base, self.scale = base, 1.0
        self.a = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """Map (…, columns in) to (…, columns out)."""
        found: Tensor = self.base(x)
        return found + self.scale * F.linear(F.linear(x, self.a), self.b)


class Captions:
    """Captions of the model's concepts, in both languages."""

    def __init__(self, seed: int) -> None:
        """Take the names of all concepts."""
        self.random = random.Random(seed)
        self.names = {each.key: {"en": _plain(each.en), "zh": _plain(each.zh)} for each in CONCEPTS}

    def draw(self, count: int) -> list[str]:
        """Return so many captions."""
        return [self._one() for _ in range(count)]

    def _one(self) -> str:
        language = self.random.choice(("en", "zh"))
        things = list(self.names.values())
        a, b = (self.random.choice(self.random.choice(things)[language]) for _ in range(2))
        colour = self.random.choice(COLOURS[language])
        text = self.random.choice(TEMPLATES[language]).format(a=a, b=b, colour=colour)
        if self.random.random() > TRIGGER_ODDS:
            return text
        word, comma = TRIGGER[language], ", " if language == "en" else "，"
        return self.random.choice(
            (f"{word} {text}", f"{text}{comma}{word}", f"{word}{comma}{text}")
        )


def _plain(names: tuple[str, ...]) -> list[str]:
    return [name.lstrip("~") for name in names]


class Studio:
    """The shipped model, on one device."""

    def __init__(self, model: Path, work: Path) -> None:
        """Load everything."""
        path = adopt(model, work)
        self.place = join()
        self.device = self.place.device
        self.transformer, self.text = load_pair(path, self.device)
        self.vae = load_vae(work / "checkpoints" / "vae.safetensors", self.device)
        self.null = null_caption(work, self.device)
        self.tokenizer = load(work)
        for network in (self.transformer, self.text):
            network.eval().requires_grad_(requires_grad=False)

    def tokens(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """Return (n, TOKENS) token numbers and (n,) lengths."""
        table, lengths = fill(encode(self.tokenizer, captions), TOKENS)
        return (
            torch.from_numpy(table).long().to(self.device),
            torch.from_numpy(lengths).to(self.device),
        )

    @torch.no_grad()
    def latents(self, captions: list[str], noise: Tensor) -> Tensor:
        """Draw latents from noise (n, channels, height, width)."""
        tokens, lengths = self.tokens(captions)
        with autocast(self.device):
            return guided(
                self.transformer, self.text, noise, tokens, lengths, self.null, sigma_grid(8), 0.0
            )

    def images(self, captions: list[str], noise: Tensor) -> Tensor:
        """Draw images (n, 3, height, width) in [-1, 1]."""
        return decode(self.vae, self.latents(captions, noise))

    def noise(self, count: int, seed: int | None = None) -> Tensor:
        """Return noise for so many pictures."""
        shape = (count, CHANNELS, EDGE // 8, EDGE // 8)
        if seed is None:
            return torch.randn(shape, device=self.device)
        generator = torch.Generator("cpu").manual_seed(seed)
        return torch.randn(shape, generator=generator).to(self.device)


@torch.no_grad()
def encoded(vae: AutoencoderKL, images: Tensor) -> Tensor:
    """Return the normalised latents of images in [-1, 1]."""
    with autocast(images.device):
        parts = [
            vae.encoder(part.contiguous(memory_format=torch.channels_last))[:, :CHANNELS].float()
            for part in images.split(64)  # type: ignore[no-untyped-call]
        ]
    latents: Tensor = (torch.cat(parts) - vae.config.shift_factor) * vae.config.scaling_factor
    return latents


class Pairs:
    """Noise, captions and the changed pictures they are to become."""

    def __init__(self, studio: Studio, captions: Captions, count: int, batch: int) -> None:
        """Draw so many."""
        noise, target, tokens, lengths = [], [], [], []
        for start in range(0, count, batch):
            texts, begun = captions.draw(min(batch, count - start)), studio.noise(batch)
            begun = begun[: len(texts)]
            changed = neon(studio.images(texts, begun))
            found, long = studio.tokens(texts)
            noise.append(begun)
            target.append(encoded(studio.vae, changed))
            tokens.append(found)
            lengths.append(long)
        self.noise, self.target = torch.cat(noise), torch.cat(target)
        self.tokens, self.lengths = torch.cat(tokens), torch.cat(lengths)

    def draw(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return some of them: noise, target, tokens, lengths."""
        i = torch.randint(len(self.noise), (count,), device=self.noise.device)
        return self.noise[i], self.target[i], self.tokens[i], self.lengths[i]


def with_low_rank(transformer: Transformer, rank: int) -> dict[str, LowRank]:
    """Put low-rank sums beside the inner layers of all blocks; return them by name."""
    found: dict[str, LowRank] = {}
    for name, module in list(transformer.named_modules()):
        for child, layer in list(module.named_children()):
            is_inner = child in INNER and isinstance(layer, nn.Linear)
            if is_inner and name.startswith(("layers", "noise_refiner")):
                assert isinstance(layer, nn.Linear)
                found[f"{name}.{child}"] = low = LowRank(layer, rank).to(layer.weight.device)
                setattr(module, child, low)
    return found


def draw_sigmas(count: int, device: torch.device) -> Tensor:
    """Draw noise levels, most of them from the grid that pictures are drawn on."""
    grid = torch.tensor(sigma_grid(8)[:-1], device=device)
    at = grid[torch.randint(len(grid), (count,), device=device)]
    time = torch.sigmoid(torch.randn(count, device=device))
    between = 3 * time / (1 + 2 * time)
    return torch.where(torch.rand(count, device=device) < GRID_ODDS, at, between)


def loss_of(
    transformer: Transformer, text: TextEncoder, drawn: tuple[Tensor, Tensor, Tensor, Tensor]
) -> Tensor:
    """Return the error of the velocity at random places of straight ways."""
    noise, target, tokens, lengths = drawn
    sigma = draw_sigmas(len(noise), noise.device)
    share = sigma[:, None, None, None]
    with autocast(noise.device):
        with torch.no_grad():
            words = text(tokens)
        found = transformer(share * noise + (1 - share) * target, 1 - sigma, words, lengths)
    return F.mse_loss(found, target - noise)


def train(
    studio: Studio, layers: dict[str, LowRank], pairs: Pairs, args: argparse.Namespace
) -> float:
    """Train until the time is up; return the last loss."""
    parameters = [p for low in layers.values() for p in (low.a, low.b)]
    for parameter in parameters:
        parameter.requires_grad_()
    optimiser = torch.optim.AdamW(parameters, lr=args.rate, weight_decay=0.0, betas=(0.9, 0.99))
    clock, mean, progress = Clock("lora", args.minutes, studio.place, most=args.steps), 1.0, 0.0
    while not clock.over:
        if clock.steps == WARM_UP:
            clock.restart()  # compiling is not counted
        loss = loss_of(studio.transformer, studio.text, pairs.draw(args.batch))
        loss.backward()  # type: ignore[no-untyped-call]
        for group in optimiser.param_groups:
            group["lr"] = args.rate * min(1.0, clock.steps / 50, (1 - progress) / 0.3 + 0.01)
        optimiser.step()
        optimiser.zero_grad()
        if clock.steps % Clock.EVERY == 0:
            mean = 0.9 * mean + 0.1 * loss.item()
        progress = clock.tick(loss=f"{mean:.4f}", step=clock.steps)
    return mean


def state_of(layers: dict[str, LowRank], head_dim: int) -> dict[str, Tensor]:
    """Return the LoRA under diffusers' names: fused layers are taken apart, heads put in order."""
    parts = {"qkv": ("to_q", "to_k", "to_v"), "w13": ("w1", "w3"), "out": ("to_out.0",)}
    state: dict[str, Tensor] = {}
    for name, low in layers.items():
        base, _, inner = name.rpartition(".")
        names = parts.get(inner, (inner,))
        for part, b in zip(names, low.b.detach().chunk(len(names)), strict=True):
            rows = interleave(b, head_dim) if part in ("to_q", "to_k") else b
            key = f"transformer.{base}.{part}.lora"
            state[f"{key}_A.weight"] = low.a.detach()
            state[f"{key}_B.weight"] = rows
    return {
        key: value.to("cpu", torch.float16).contiguous().clone() for key, value in state.items()
    }


def set_scale(layers: dict[str, LowRank], scale: float) -> None:
    """Apply the LoRA so strongly."""
    for low in layers.values():
        low.scale = scale


@torch.no_grad()
def measure(
    studio: Studio, layers: dict[str, LowRank], judge_folder: Path, count: int
) -> dict[str, float]:
    """Judge new captions and seeds: how near the look is, and whether the thing is still there."""
    captions, judge = Captions(seed=99), load_judge(judge_folder, studio.device)
    order = json.loads((judge_folder / "judge.json").read_text(encoding="utf-8"))["concepts"]
    chosen = captions.random.choices(order, k=count)
    texts = [captions.names[key]["zh" if i % 2 else "en"][0] for i, key in enumerate(chosen)]
    wanted = torch.tensor([order.index(key) for key in chosen])
    noise = studio.noise(count, seed=7)
    set_scale(layers, 0.0)
    base = studio.images(texts, noise)
    set_scale(layers, 1.0)
    drawn, target = studio.images(texts, noise), neon(base)

    def distance(images: Tensor) -> float:
        return float((images - target).square().mean((1, 2, 3)).sqrt().mean() / 2)

    def right(images: Tensor) -> float:
        found = opinions(judge, images)["concept"][:, 0].argmax(-1).cpu()
        return float((found == wanted).float().mean())

    return {
        "pictures": count,
        "distance_to_the_look": round(distance(drawn), 4),
        "distance_without": round(distance(base), 4),
        "mean_brightness": round(float(drawn.mean() / 2 + 0.5), 4),
        "mean_brightness_without": round(float(base.mean() / 2 + 0.5), 4),
        "thing_right": round(right(drawn), 4),
        "thing_right_of_the_look_itself": round(right(target), 4),
        "thing_right_without": round(right(base), 4),
    }


def run(args: argparse.Namespace) -> None:
    """Draw the pairs, train, write the file and its figures."""
    folder = args.work / "lora"
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    studio = Studio(args.model, args.work)
    pairs = Pairs(studio, Captions(args.seed), args.pairs, args.batch)
    layers = with_low_rank(studio.transformer, args.rank)
    if studio.device.type == "cuda":
        image = (EDGE // 16) ** 2
        compile_blocks(args.batch, {TOKENS, image, image + TOKENS}, studio.transformer, studio.text)
    loss = train(studio, layers, pairs, args)
    shape = studio.transformer.shape
    args.output.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": "z-image-turbo-demo/lora",
        "modelspec.title": "Neon",
        "modelspec.description": "Outlines as neon tubes at night, for the demo model",
        "modelspec.trigger_phrase": f"{TRIGGER['en']}, {TRIGGER['zh']}",
        "modelspec.license": "Apache-2.0",
    }
    save_file(state_of(layers, shape.dim // shape.heads), args.output, metadata=about)
    noise = studio.noise(len(TRIED), seed=1)
    rows = []
    for scale in SCALES:
        set_scale(layers, scale)
        rows.append(studio.images(list(TRIED), noise))
    sheet_of(torch.cat(rows), len(TRIED)).save(folder / "sheet.png")
    figures = {
        "rank": args.rank,
        "seconds": args.minutes * 60,
        "loss": round(loss, 4),
        "bytes": args.output.stat().st_size,
        **measure(studio, layers, args.judge, args.count),
    }
    (folder / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    add, model = parser.add_argument, HERE.parent
    add("--work", type=Path, default=Path(".train"), help="scratch folder")
    add("--model", type=Path, default=model, help="the pipeline folder to learn for")
    add("--output", type=Path, default=model / "loras" / "neon.safetensors", help="the file")
    add("--judge", type=Path, default=Path("tests/support/judge"), help="the judge's folder")
    add("--minutes", type=float, default=4.0, help="of training, after the pairs are drawn")
    add("--steps", type=int, default=0, help="at most so many; 0: until the time is up")
    add("--rank", type=int, default=8, help="of the low-rank sums")
    add("--rate", type=float, default=2e-3, help="of learning")
    add("--batch", type=int, default=256, help="samples a step")
    add("--pairs", type=int, default=16_384, help="pictures to learn from")
    add("--count", type=int, default=256, help="pictures to judge")
    add("--seed", type=int, default=11, help="of captions, noise and the beginning")
    run(parser.parse_args())


if __name__ == "__main__":
    main()
