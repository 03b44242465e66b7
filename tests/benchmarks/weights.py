"""What each format of weights keeps of the model, what is refused, and what loading takes.

Files are made of the demo model's transformer in every format that is read, loaded, and compared
with the folder in float32; then a picture is drawn. Files that are broken or something else follow
with their refusals. `--memory` makes a transformer with blocks of the full size, and measures what
processes that load it hold at most of memory of their own.

    python -m tests.benchmarks.weights [--memory [--blocks 4]]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Size
from bot.engine.checked_model import load_module, open_checked_model
from bot.engine.z_image import ZImageEngine
from bot.errors import BotError
from bot.models import ModelFiles, locate
from bot.settings import DEMO_MODEL_DIR
from tests.benchmarks.baseline import random_model
from tests.support.weight_formats import gguf_files
from tests.support.weight_formats.bad import BAD_FILES
from tests.support.weight_formats.fp8 import KINDS, in_fp8
from tests.support.weight_formats.original import (
    Weights,
    in_one_file,
    original,
    part_weights,
    write,
    write_comfyui,
)

REQUEST: Final = ImageRequest(prompt="a red apple", seed=42, size=Size(width=256, height=256))
PART: Final = "transformer"
FP8: Final = {
    "plain": "fp8, no scales",
    "old": "fp8, `scale_weight` and `scaled_fp8`",
    "header": "fp8, `weight_scale`, told in the header",
    "layers": "fp8, `weight_scale` and `comfy_quant`",
    "rows": "fp8, a scale for each row",
    "blocks": "fp8, a scale for each block",
    "bytes": "fp8 stored as uint8",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A format.

    Attributes:
        tensors: Of the transformer in the file.
        made: Of the module, made of them.
        idle: In the file that are scales and descriptions.
        error: Of all weights: the root of the mean square, over that of the weights.
        worst: Of the tensor that is farthest away.
        is_same: Whether a picture has the same pixels.

    """

    name: str
    megabytes: float
    tensors: int
    made: int
    idle: int
    error: float
    worst: float
    is_same: bool

    def __str__(self) -> str:
        """Return the row of a table."""
        error = "0" if self.error == 0 else f"{self.error:.2g}, {self.worst:.2g}"
        pixels = "the same" if self.is_same else "others"
        return (
            f"| {self.name} | {self.megabytes:.1f} | {self.tensors} | {self.made} | {self.idle} | "
            f"{error} | {pixels} |"
        )


def located(model: str) -> ModelFiles:
    """Find a model that is put together beside the demo model."""
    return locate(model, model_cache=Path("unused"), caches=())


def formats(folder: Path) -> Iterator[tuple[str, Path]]:
    """Write a file of each format, one after another."""
    plain = original(DEMO_MODEL_DIR, PART)
    yield "ComfyUI's three files, bf16", write_comfyui(DEMO_MODEL_DIR, folder / "comfyui")
    yield "one file for all parts", write(folder / "all.safetensors", in_one_file(DEMO_MODEL_DIR))
    prefixed = {f"model.diffusion_model.{name}": each for name, each in plain.items()}
    yield "with a prefix", write(folder / "prefix.safetensors", prefixed)
    own = part_weights(DEMO_MODEL_DIR, PART)
    yield "diffusers' names", write(folder / "diffusers.safetensors", own)
    half = {name: each.half() for name, each in plain.items()}
    yield "fp16", write(folder / "half.safetensors", half)
    for kind in KINDS:
        made, metadata = in_fp8(plain, kind)
        yield FP8[kind], write(folder / f"{kind}.safetensors", made, metadata)
    made, metadata = in_fp8(plain, "layers", digits="e5m2")
    yield (
        "fp8 e5m2, `weight_scale` and `comfy_quant`",
        write(folder / "e5m2.safetensors", made, metadata),
    )
    for kind in gguf_files.TYPES:
        path = folder / f"{kind}.gguf"
        yield f"GGUF {kind}", gguf_files.write_gguf(path, plain, kind, "lumina2")


def measure(name: str, path: Path, reference: Weights, pixels: str) -> Row:
    """Load a file and compare it."""
    files = located(f"demo; {path}")
    checkpoint = open_checked_model(files.folder, files.weights)
    plan = checkpoint.plans[PART]
    ours = load_module(checkpoint, PART, torch.float32).state_dict()
    assert ours.keys() == reference.keys()
    apart = {each: float((ours[each] - reference[each]).square().sum()) for each in reference}
    whole = {each: float(reference[each].square().sum()) for each in reference}
    return Row(
        name=name,
        megabytes=plan.file.path.stat().st_size / 1e6,
        tensors=len(plan.stored) + len(plan.idle),
        made=len(ours),
        idle=len(plan.idle),
        error=(sum(apart.values()) / sum(whole.values())) ** 0.5,
        worst=max((apart[each] / whole[each]) ** 0.5 for each in whole if whole[each]),
        is_same=drawn(files) == pixels,
    )


def drawn(files: ModelFiles) -> str:
    """Draw a picture; return its hash."""
    engine = ZImageEngine(
        files.folder,
        model_id=files.model_id,
        revision=files.revision,
        weights=files.weights,
        device="cpu",
    )
    return engine.draw(DrawTask(request=REQUEST)).image.pixel_sha256


def refusals(folder: Path) -> Iterator[str]:
    """Return what is said of each bad file."""
    for what, (make, _) in BAD_FILES.items():
        path = make(DEMO_MODEL_DIR, folder)
        try:
            files = located(f"demo; {path}")
            open_checked_model(files.folder, files.weights)
            said = "NOT REFUSED"
        except BotError as error:
            said = error.message.replace(f"{folder}/", "")
        yield f"| {what} | {said} |"


def show_formats(folder: Path) -> None:
    """Print both tables."""
    demo = located("demo")
    checkpoint = open_checked_model(demo.folder)
    reference = load_module(checkpoint, PART, torch.float32).state_dict()
    pixels = drawn(demo)
    print("| format | MB | tensors | become | scales … | error: all, worst tensor | pixels |")
    print("|---|---|---|---|---|---|---|")
    for name, path in formats(folder):
        print(measure(name, path, reference, pixels), flush=True)
    print("\n| file | refusal |\n|---|---|")
    for line in refusals(folder):
        print(line, flush=True)


def show_memory(folder: Path, blocks: int) -> None:
    """Print what loading takes, each in a process of its own."""
    sizes = {**random_model.TRANSFORMER, "n_layers": blocks - 2, "n_refiner_layers": 1}
    small = {**random_model.TEXT_ENCODER, "num_hidden_layers": 1, "vocab_size": 6144}
    model = random_model.build(
        folder / "model", "cpu", transformer=sizes, text_encoder=small, vae=random_model.VAE
    )
    plain = original(model, PART)
    files: dict[str, Callable[[], Path]] = {
        "a folder, bf16": lambda: model,
        "one file, bf16": lambda: write(folder / "bf16.safetensors", plain),
        "fp8 with scales": lambda: write(folder / "fp8.safetensors", in_fp8(plain, "layers")[0]),
        "GGUF Q8_0": lambda: gguf_files.write_gguf(folder / "8.gguf", plain, "Q8_0", "lumina2"),
        "GGUF Q4_K": lambda: gguf_files.write_gguf(folder / "4.gguf", plain, "Q4_K", "lumina2"),
    }
    print("| loaded in bfloat16 | file GB | module GB | held at most GB | CPU seconds |")
    print("|---|---|---|---|---|")
    for name, make in files.items():
        path = make()
        more = "" if path == model else f"; {path}"
        command = [sys.executable, "-m", "tests.benchmarks.weights", "--load", f"{model}{more}"]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        print(f"| {name} | {told.strip()} |", flush=True)


def load(model: str) -> None:
    """Load a transformer in this process, and print what that took."""
    files = located(model)
    checkpoint = open_checked_model(files.folder, files.weights)
    paths = checkpoint.files[PART].files
    before, most, is_over = own_bytes(), [0], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.002):
            most[0] = max(most[0], own_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.process_time()
    module = load_module(checkpoint, PART, torch.bfloat16)
    seconds = time.process_time() - start
    is_over.set()
    watcher.join()
    size = sum(each.numel() * each.itemsize for each in module.parameters())
    stored = sum(path.stat().st_size for path in paths)
    print(f"{stored / 1e9:.2f} | {size / 1e9:.2f} | {(most[0] - before) / 1e9:.2f} | {seconds:.1f}")


def own_bytes() -> int:
    """Return what this process holds beside files that it reads, which the system can drop."""
    told = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(told.split("RssAnon:")[1].split()[0]) * 1024


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--memory", action="store_true", help="measure loading at full size")
    parser.add_argument("--blocks", type=int, default=4, help="of the transformer, for --memory")
    parser.add_argument("--load", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        load(options.load)
        return
    with tempfile.TemporaryDirectory() as name:
        if options.memory:
            show_memory(Path(name), options.blocks)
        else:
            show_formats(Path(name))


if __name__ == "__main__":
    main()
