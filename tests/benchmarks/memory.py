"""Small cards: each budget of memory in a process that may take no more, and what it costs.

Each case is PRECISION:MEMORY, for example full:12; MEMORY auto is the whole card. Each runs in a
process of its own, which torch lets take so many GiB of the card and no more
(`set_per_process_memory_fraction`: of torch's own memory; CUDA's context, about 0.5 GiB, comes on
top, and the engine leaves room for it). It draws every size twice, and a new prompt at the first
size. The parent compares: the pixels of full precision must be those of full:auto; of fewer bits it
states the error (of one forward and of a text, relative to full; PSNR of the images).

    python -m tests.benchmarks.memory --model FOLDER [--cases full:auto full:24 full:8 int8:8 ...]
        [--sizes 1024 2048] [--output FILE.jsonl]

Without a folder of that name Z-Image-Turbo is built there at its full size with random weights:
a GPU, 21 GB of disk. Nothing is built twice.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from bot.domain.drawing import Drawing, DrawTask
from bot.domain.requests import ImageRequest, Size
from bot.engine import pipeline
from bot.engine.z_image import ZImageEngine
from bot.media.encoding import to_pillow
from bot.media.pixel_comparison import compare

CASES = [
    "full:auto", "full:24", "full:16", "full:12", "full:8",
    "int8:auto", "int8:12", "int8:8", "int4:auto", "int4:8", "fp8:auto",
]  # fmt: skip
GIB = 2**30
SIGMAS = (1.0, 0.75, 0.375)
PROMPT = "一只 orange cat under an old bridge in the rain"


PEAKS: dict[str, int] = {}  # bytes that each stage of the last image took beside what was there


def watch() -> None:
    """Let every drawing of this process note the memory of its stages."""
    stage: Any = pipeline  # the names that it calls its stages by
    stage.embed = _watched("text", stage.embed)
    stage.denoise = _watched("denoise", stage.denoise)


def _watched(stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def noted(*arguments: Any, **named: Any) -> Any:
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        found = call(*arguments, **named)
        PEAKS[stage] = torch.cuda.max_memory_allocated() - before
        PEAKS["before the next"] = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        return found

    return noted


def request(side: int, prompt: str = PROMPT) -> ImageRequest:
    return ImageRequest(prompt=prompt, seed=42, size=Size(width=side, height=side))


def timed(engine: ZImageEngine, wanted: ImageRequest) -> tuple[float, Drawing]:
    start = time.perf_counter()
    drawing = engine.draw(DrawTask(request=wanted))
    PEAKS["decode"] = torch.cuda.max_memory_allocated() - PEAKS.pop("before the next")
    return round(time.perf_counter() - start, 3), drawing


def draw_twice(engine: ZImageEngine, side: int, kept: Path) -> dict[str, Any]:
    """Return what one size takes; the picture is kept for the parent."""
    torch.cuda.empty_cache()
    first_s, first = timed(engine, request(side))
    peaks = dict(PEAKS)
    second_s, second = timed(engine, request(side))
    room = engine._loaded().planner
    assert room is not None
    tiled = bool(second.conditions["vae_tiling"])
    to_pillow(second.image).save(kept)
    return {
        "side": side,
        "first_s": first_s,
        "seconds": second_s,
        "stages": {name: round(value, 3) for name, value in second.durations_s.items()},
        "pixel_sha256": second.image.pixel_sha256,
        "repeats": first.image.pixel_sha256 == second.image.pixel_sha256,
        "vae_tiling": tiled,
        "reserved_gib": round(torch.cuda.memory_reserved() / GIB, 2),
        "stage_gib": {name: round(value / GIB, 2) for name, value in peaks.items()},
        "expected_gib": round(room._model.work(width=side, height=side, tiled=tiled) / GIB, 2),
        "plan": str(room),
    }


@torch.inference_mode()
def probe(engine: ZImageEngine) -> dict[str, torch.Tensor]:
    """Return one forward and one text, to be compared with those of full precision."""
    parts = engine._loaded()
    generator = torch.Generator("cpu").manual_seed(7)
    embedding = torch.randn((60, parts.text.model.config.hidden_size), generator=generator)
    latents = torch.randn((1, parts.channels, 64, 64), generator=generator).cuda()
    embedding = embedding.cuda().to(engine._options.dtype)
    velocity = parts.backends.now.velocity(embedding, SIGMAS, height=64, width=64)
    return {"forward": velocity(latents, 1).cpu(), "text": parts.text.encode(PROMPT).cpu()}


def measure(case: str, folder: Path, sizes: list[int], keep: Path) -> dict[str, Any]:
    """Run one case in this process."""
    precision, memory = case.split(":")
    if memory != "auto":
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, int(memory) * GIB / total))
    torch.cuda.init()  # type: ignore[no-untyped-call]
    watch()
    engine = ZImageEngine(
        folder, model_id="memory", revision="benchmark", device="cuda",
        path="fast", precision=precision, memory=memory,
    )  # fmt: skip
    start = time.perf_counter()
    engine.load()
    found: dict[str, Any] = {"case": case, "load_s": round(time.perf_counter() - start, 1)}
    found["weights_gib"] = round(torch.cuda.memory_allocated() / GIB, 2)
    found["sizes"] = []
    for side in sizes:
        found["sizes"].append(
            draw_twice(engine, side, keep / f"{case.replace(':', '-')}-{side}.png")
        )
    new_prompt_s, drawing = timed(engine, request(sizes[0], PROMPT + ", oil painting"))
    found["new_prompt_s"] = new_prompt_s
    found["new_text_s"] = round(drawing.durations_s["text"], 3)
    torch.save(probe(engine), keep / f"{case.replace(':', '-')}.pt")
    free, total = torch.cuda.mem_get_info()
    found["card_gib"] = round((total - free) / GIB, 2)
    found["conditions"] = dict(drawing.conditions)
    engine.close()
    return found


def run_case(case: str, options: argparse.Namespace, keep: Path) -> dict[str, Any]:
    """Run one case in a process of its own; a failure is a result too."""
    line = [
        sys.executable, "-m", "tests.benchmarks.memory", "--child", case, "--model",
        str(options.model), "--keep", str(keep), "--sizes", *map(str, options.sizes),
    ]  # fmt: skip
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=os.environ)
    if done.returncode:
        return {"case": case, "error": done.stderr.strip().splitlines()[-1:]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def apart(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found.double() - wanted.double()).norm() / wanted.double().norm())


def compared(found: dict[str, Any], keep: Path, whole: dict[str, Any] | None) -> dict[str, Any]:
    """Add how far a case's images are from those of the whole card in full precision."""
    from PIL import Image  # noqa: PLC0415 - only the parent looks at pictures

    if whole is None or "error" in found:
        return found
    name = found["case"].replace(":", "-")
    for mine, theirs in zip(found["sizes"], whole["sizes"], strict=True):
        mine["same"] = mine["pixel_sha256"] == theirs["pixel_sha256"]
        one, other = (
            Image.open(keep / f"{each}-{mine['side']}.png") for each in (name, "full-auto")
        )
        difference = compare(other, one)
        mine["psnr_db"] = (
            None if difference is None or difference.is_none else round(difference.psnr_db, 1)
        )
    mine, theirs = (torch.load(keep / f"{each}.pt") for each in (name, "full-auto"))
    found["errors"] = {what: apart(mine[what], theirs[what]) for what in mine}
    return found


def table(results: list[dict[str, Any]]) -> str:
    """Return one line for each case and size."""
    head = "case        side  seconds  (text denoise decode)    first reserved  stage GiB t/d/d"
    lines = [head + "  expected  same   PSNR  error forward/text"]
    for found in results:
        if "error" in found:
            lines.append(f"{found['case']:<10}  failed: {found['error']}")
            continue
        for each in found["sizes"]:
            stages, peaks = each["stages"], each["stage_gib"]
            errors = found.get("errors", {"forward": math.nan, "text": math.nan})
            lines.append(
                f"{found['case']:<10} {each['side']:>5} {each['seconds']:>8.3f}  "
                f"({stages['text']:.3f} {stages['denoise']:.3f} {stages['decode']:.3f})"
                f"  {each['first_s']:>7.2f} {each['reserved_gib']:>8.2f}  "
                f"{peaks['text']:.2f}/{peaks['denoise']:.2f}/{peaks['decode']:.2f}"
                f"  {each['expected_gib']:>8.2f}  {each.get('same')!s:<5} "
                f"{each.get('psnr_db')!s:>6}  {errors['forward']:.2e}/{errors['text']:.2e}"
            )
        lines.append(
            f"  loaded in {found['load_s']} s, {found['weights_gib']} GiB; a new prompt "
            f"{found['new_prompt_s']} s, its text {found['new_text_s']} s; of the card in use "
            f"{found['card_gib']} GiB; {found['sizes'][0]['plan']}"
        )
    return "\n".join(lines)


def build_model(folder: Path) -> None:
    """Build it in another process, which gives its memory back."""
    if not (folder / "model_index.json").exists():
        code = (
            "import sys; from pathlib import Path; "
            "from tests.benchmarks.baseline.random_model import build; "
            "build(Path(sys.argv[1]), 'cuda')"
        )
        subprocess.run([sys.executable, "-c", code, folder], check=True)


def main() -> None:
    """Run every case and print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="a ZImagePipeline folder")
    parser.add_argument("--cases", nargs="+", default=CASES, metavar="PRECISION:MEMORY")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1024, 2048])
    parser.add_argument("--output", type=Path, help="also write one JSON object a case")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--keep", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.child, options.model, options.sizes, options.keep)))
        return
    build_model(options.model)
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        keep = Path(temporary)
        for case in options.cases:
            whole = next((each for each in results if each["case"] == "full:auto"), None)
            found = compared(run_case(case, options, keep), keep, whole)
            results.append(found)
            print(json.dumps(found), flush=True)
            if options.output:
                with options.output.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(found) + "\n")
    print(table(results))


if __name__ == "__main__":
    main()
