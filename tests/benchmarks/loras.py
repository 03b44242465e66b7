"""LoRAs: which formats are read whole, how exact the weights are, and what changing them costs.

First every format is written for the demo model: how many layers the file has, how many were
mapped, how far what is added to the weights is from the same in float64, relative to it, and how
many merged weights are another value than that sum rounded once (to float32, the neighbours of
which count as the same). Beside it stands what diffusers' own loader does with the same file, where
peft is installed, and how far apart the weights are that peft itself merges. Then broken and
foreign files, with the sentence that refuses each. Then, for each case PRECISION:MEMORY, the
seconds to change LoRAs and to draw with one and without in turns.

    python -m tests.benchmarks.loras [--device cuda] [--full-size [--keep FOLDER]]
        [--cases full:auto fp8:auto int8:auto full:16 ...] [--rounds 5] [--side 1024]
        [--output FILE.json]

With --full-size the times are those of Z-Image-Turbo's size with random weights: a GPU, 21 GB of
disk. A file beside --output, with .md for .json, has the same as tables; both are written anew
after each result.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import hashlib
import importlib
import importlib.util
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, cast

import torch
from safetensors.torch import save_file

from bot.domain.drawing import Drawing, DrawTask
from bot.domain.requests import Adapter, ImageRequest, Size
from bot.engine.adapters.deltas import Delta
from bot.engine.adapters.formats import AdapterFile, read_adapter
from bot.engine.adapters.shapes import TRANSFORMER, ModelShapes, shapes_of_folder
from bot.engine.hardware import device_name, make_deterministic
from bot.engine.memory import free_main_memory
from bot.engine.z_image import ZImageEngine
from bot.errors import BotError
from bot.settings import DEMO_MODEL_DIR
from tests.benchmarks.speed.random_full import random_full
from tests.support.bad_loras import BAD_FILES
from tests.support.lora_files import FORMATS, LoraSample, Maker, random_lora

CASES: Final = ("full:auto",)
FULL_CASES: Final = ("full:auto", "fp8:auto", "int8:auto", "int4:auto", "full:24", "full:12")
PROMPT: Final = "一只 orange cat under an old bridge in the rain"
RANK: Final = 32


class Report:
    """What was found, in two files that are written anew after each result."""

    def __init__(self, output: Path | None, device: str) -> None:
        self._output = output
        self.found: dict[str, Any] = {
            "device": device,
            "torch": torch.__version__,
            "formats": [],
            "methods": [],
            "refusals": [],
            "cases": [],
        }

    def add(self, table: str, row: dict[str, Any]) -> None:
        """Show a row, and write it down."""
        self.found[table].append(row)
        print(json.dumps({table: row}, ensure_ascii=False), flush=True)
        if self._output is not None:
            self._output.write_text(json.dumps(self.found, indent=1, ensure_ascii=False), "utf-8")
            self._output.with_suffix(".md").write_text(self.markdown(), "utf-8")

    def markdown(self) -> str:
        """Return all tables."""
        title = f"On {self.found['device']}, torch {self.found['torch']}"
        tables = [_table(self.found[name]) for name in ("formats", "methods", "refusals", "cases")]
        return "\n\n".join([title, *filter(None, tables)]) + "\n"


def _table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(str(row.get(name, "")) for name in names) + " |" for row in rows]
    return "\n".join(lines)


class Files:
    """LoRAs on the disk, found by their hashes as the bot finds them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths: dict[str, Path] = {}

    def path(self, sha256: str) -> Path:
        """Return where a file is."""
        return self._paths[sha256]

    def add(self, file: Path, scale: float = 1.0) -> Adapter:
        """Take a file."""
        with file.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        self._paths[sha256] = file
        return Adapter(name=file.stem, sha256=sha256, scale=scale)


def error(found: dict[Any, torch.Tensor], sample: LoraSample, shapes: ModelShapes) -> float:
    """Return how far the differences of all weights are from what they should be, relative."""
    apart = whole = 0.0
    for key, wanted in sample.deltas.items():
        if shapes.is_used(*key):
            apart += float((found[key].double() - wanted).square().sum())
            whole += float(wanted.square().sum())
    return math.sqrt(apart / whole)


def added(
    file: AdapterFile, clean: dict[tuple[str, str], torch.Tensor]
) -> dict[tuple[str, str], torch.Tensor]:
    """Return what a file adds to each weight."""
    found = {}
    for change in file.changes:
        delta = Delta(file.content, change, torch.device("cpu"))
        for name in change.parameters:
            if (key := (change.part, name)) in clean:
                found[key] = delta.of(name, clean[key].float())
    return found


def formats(files: Files, device: str) -> Iterator[dict[str, Any]]:
    """Merge every format into the demo model in float32."""
    shapes = shapes_of_folder(DEMO_MODEL_DIR)
    engine = new_engine(DEMO_MODEL_DIR, files, device, "full", "auto", dtype="float32")
    engine.load()
    adapters = engine._loaded().adapters
    networks = {"transformer": engine._loaded().transformer}
    networks["text_encoder"] = engine._loaded().text.model

    def value(part: str, name: str) -> torch.Tensor:
        adapters.apply(())
        found: torch.Tensor = networks[part].get_parameter(name).detach().cpu().clone()
        return found

    diffusers = DiffusersLoader() if importlib.util.find_spec("peft") else None
    for name, make in FORMATS.items():
        sample = make(Maker(shapes.parts, value, size=0.02))
        file = sample.save(files.folder / f"{len(name)}-{abs(hash(name))}.safetensors")
        adapter = files.add(file)
        clean = {key: value(*key) for key in sample.deltas if shapes.is_used(*key)}
        read = read_adapter(file, shapes)
        adapters.apply([adapter])
        merged = {key: networks[key[0]].get_parameter(key[1]).detach().cpu() for key in clean}
        found, wrong = added(read, clean), 0
        for key, each in merged.items():
            exact = clean[key].double() + sample.deltas[key].double()
            wrong += int(((each.double() - exact).abs() > exact.abs() * 2**-22 + 1e-7).sum())
        row = {
            "format": name,
            "layers in the file": sample.layers,
            "mapped": len(read.changes),
            "refused": sample.layers - len(read.changes),
            "error of what is added": f"{error(found, sample, shapes):.1e}",
            "wrong weights": wrong,
        }
        if diffusers is not None:
            row["diffusers"] = diffusers.told(file, sample, shapes)
        yield row
    engine.close()


class DiffusersLoader:
    """What diffusers' own loader does with the same files."""

    def __init__(self) -> None:
        from diffusers import ZImagePipeline  # noqa: PLC0415
        from diffusers.utils import logging  # noqa: PLC0415

        logging.set_verbosity(50)
        self._pipe = ZImagePipeline.from_pretrained(
            DEMO_MODEL_DIR, dtype=torch.float32, local_files_only=True
        )

    def told(self, file: Path, sample: LoraSample, shapes: ModelShapes) -> str:
        """Return the layers that it loads, and the error of their differences."""
        layer: Any = importlib.import_module("peft.tuners.tuners_utils").BaseTunerLayer
        try:
            self._pipe.load_lora_weights(file.parent, weight_name=file.name, adapter_name="one")
        except Exception as refusal:  # noqa: BLE001 - whatever it raises is what a user gets
            with contextlib.suppress(Exception):
                self._pipe.unload_lora_weights()
            return f"error: {type(refusal).__name__}"
        found = {
            key: torch.zeros(shapes.parts[key[0]][key[1]])
            for key in sample.deltas
            if shapes.is_used(*key)
        }
        layers = 0
        for name, module in self._pipe.transformer.named_modules():
            if isinstance(module, layer) and "one" in module.active_adapters:
                layers += 1
                delta = cast("Any", module).get_delta_weight("one")
                found[TRANSFORMER, f"{name}.weight"] = delta.detach()
        self._pipe.unload_lora_weights()
        return f"{layers} of {len(sample.deltas)} weights, error {error(found, sample, shapes):.1e}"


def methods(files: Files) -> Iterator[dict[str, Any]]:
    """Let peft train nothing, save, and merge by its own code; compare what both add to weights."""
    from diffusers import ZImageTransformer2DModel  # noqa: PLC0415

    peft: Any = importlib.import_module("peft")
    layers = ["to_q", "to_k", "to_v", "to_out.0", "w1", "w2", "w3"]
    same = {"r": 8, "target_modules": layers}
    shapes = shapes_of_folder(DEMO_MODEL_DIR)
    for name, config in {
        "LoRA": peft.LoraConfig(lora_alpha=8, init_lora_weights=False, **same),
        "DoRA": peft.LoraConfig(lora_alpha=8, use_dora=True, init_lora_weights=False, **same),
        "LoHa": peft.LoHaConfig(alpha=8, init_weights=False, **same),
        "LoKr": peft.LoKrConfig(alpha=8, init_weights=False, **same),
        "LoKr, both of low rank": peft.LoKrConfig(
            alpha=2, init_weights=False, decompose_both=True, **{**same, "r": 2}
        ),
    }.items():
        torch.manual_seed(1)
        network: Any = ZImageTransformer2DModel.from_pretrained(
            DEMO_MODEL_DIR, subfolder="transformer", dtype=torch.float32, local_files_only=True
        )
        clean = {
            (TRANSFORMER, key): each.double().clone() for key, each in network.state_dict().items()
        }
        network = peft.get_peft_model(network.double(), config)
        for key, parameter in network.named_parameters():
            if "magnitude" in key:
                parameter.data *= 1 + 0.1 * torch.randn_like(parameter)
        file = files.folder / "peft.safetensors"
        saved = peft.get_peft_model_state_dict(network)
        save_file({key: each.float().contiguous() for key, each in saved.items()}, file)
        merged = network.merge_and_unload().state_dict()
        read = read_adapter(file, shapes)
        found = added(read, clean)
        sample = LoraSample(
            tensors=saved,
            deltas={key: merged[key[1]] - clean[key] for key in found},
            layers=len(found),
        )
        yield {
            "method": name,
            "weights": len(found),
            "apart from peft's own merge": f"{error(found, sample, shapes):.1e}",
        }


def refusals(files: Files) -> Iterator[dict[str, Any]]:
    """Try every bad file."""
    shapes = shapes_of_folder(DEMO_MODEL_DIR)
    for name, write in BAD_FILES.items():
        file = files.folder / f"{name.replace(' ', '-').replace(',', '')}.safetensors"
        write(file, shapes)
        try:
            read_adapter(file, shapes)
            said = "NOT REFUSED"
        except BotError as refusal:
            said = refusal.message
        yield {"file": name, "sentence": said}
        file.unlink()


def new_engine(
    folder: Path, files: Files, device: str, precision: str, memory: str, *, dtype: str = "auto"
) -> ZImageEngine:
    """Return an engine that finds these files."""
    return ZImageEngine(
        folder, model_id="bench", revision="bench", device=device, dtype=dtype,
        precision=precision, memory=memory, lora_path=files.path,
    )  # fmt: skip


class Case:
    """One engine, and what changing its LoRAs costs."""

    def __init__(self, engine: ZImageEngine, side: int, loras: list[Adapter]) -> None:
        self._engine, self._loras = engine, loras
        self._request = ImageRequest(prompt=PROMPT, seed=42, size=Size(width=side, height=side))

    def draw(self, *adapters: Adapter) -> Drawing:
        """Draw one image."""
        request = ImageRequest(prompt=PROMPT, seed=42, size=self._request.size, adapters=adapters)
        return self._engine.draw(DrawTask(request=request))

    def changed(self, *adapters: Adapter) -> float:
        """Return the seconds until the weights are these adapters'."""
        _wait()
        start = time.perf_counter()
        self._engine._loaded().adapters.apply(adapters)
        _wait()
        return time.perf_counter() - start

    def figures(self, rounds: int) -> dict[str, Any]:
        """Return all seconds, medians of the rounds."""
        one, two, both = self._loras
        plain = self.draw()
        for _ in range(2):
            self.draw()
        first = self.draw(one)
        row: dict[str, Any] = {
            "plan": str(self._engine._loaded().planner),
            "first LoRA, the image with it": round(first.durations_s["adapters"], 3),
        }
        row["file not read yet"] = round(self.changed(two), 3)
        times: dict[str, list[float]] = {"none to A": [], "A to B": [], "B to none": []}
        self.changed(both)  # so that all files and copies are there
        self.changed()
        for _ in range(rounds):
            times["none to A"].append(self.changed(one))
            times["A to B"].append(self.changed(two))
            times["B to none"].append(self.changed())
        row |= {name: round(statistics.median(each), 3) for name, each in times.items()}
        row["A, B and C at once"] = round(self.changed(one, two, both), 3)
        return row | self._drawings(rounds, plain, first)

    def _drawings(self, rounds: int, plain: Drawing, first: Drawing) -> dict[str, Any]:
        one = self._loras[0]
        with_one: list[float] = []
        without: list[float] = []
        same = True
        for _ in range(rounds):
            for adapters, seconds, wanted in (((one,), with_one, first), ((), without, plain)):
                self.draw(*adapters)  # changes the weights
                drawn = self.draw(*adapters)
                assert "adapters" not in drawn.durations_s
                seconds.append(drawn.duration_s)
                same = same and drawn.image.pixel_sha256 == wanted.image.pixel_sha256
        nothing = Adapter(name="none", sha256=one.sha256, scale=0.0)
        a, b = statistics.median(with_one), statistics.median(without)
        return {
            "drawing with": round(a, 4),
            "without": round(b, 4),
            "ratio": round(a / b, 4),
            "pixels repeat": same,
            "differ with": first.image.pixel_sha256 != plain.image.pixel_sha256,
            "scale 0 is without": self.draw(nothing).image.pixel_sha256 == plain.image.pixel_sha256,
        }


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def timings(
    folder: Path, files: Files, options: argparse.Namespace, loras: list[Adapter]
) -> Iterator[dict[str, Any]]:
    """Measure every case; one that cannot be is told, and the others go on."""
    for name in options.cases:
        precision, memory = name.split(":")
        row: dict[str, Any] = {"case": name}
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        engine = None
        try:
            engine = new_engine(folder, files, options.device, precision, memory)
            engine.load()
            row |= Case(engine, options.side, loras).figures(options.rounds)
        except Exception as fault:  # noqa: BLE001 - the next case may work
            row["fault"] = f"{type(fault).__name__}: {str(fault).splitlines()[0][:300]}"
        if engine is not None:
            engine.close()
        if torch.cuda.is_available():
            row["peak GiB"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
        row["free main GiB"] = round(free_main_memory() / 2**30, 1)
        gc.collect()
        yield row


def write_loras(files: Files, shapes: ModelShapes) -> list[Adapter]:
    """Write three LoRAs: two of the transformer's layers, and one of both parts."""
    adapters = []
    for seed, parts in enumerate(
        [("transformer",), ("transformer",), ("transformer", "text_encoder")]
    ):
        file = files.folder / f"lora-{'abc'[seed]}.safetensors"
        save_file(random_lora(shapes, rank=RANK, seed=seed, parts=parts), file)
        adapters.append(files.add(file))
        print(f"{file.name}: {file.stat().st_size / 1e6:.0f} MB", file=sys.stderr)
    return adapters


def main() -> None:
    """Measure, and write what was found as it comes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--full-size", action="store_true")
    parser.add_argument("--keep", type=Path, help="where random-full is, or is to be kept")
    parser.add_argument("--cases", nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", type=int)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--only", choices=("formats", "methods", "refusals", "cases"))
    options = parser.parse_args()
    options.cases = options.cases or (FULL_CASES if options.full_size else CASES)
    options.side = options.side or (1024 if options.full_size else 192)
    make_deterministic()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    report = Report(options.output, device_name(device))

    def wanted(table: str) -> bool:
        return options.only in (None, table)

    with contextlib.ExitStack() as stack:
        files = Files(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        for row in formats(files, "cpu") if wanted("formats") else ():
            report.add("formats", row)
        if wanted("methods") and importlib.util.find_spec("peft"):
            for row in methods(files):
                report.add("methods", row)
        for row in refusals(files) if wanted("refusals") else ():
            report.add("refusals", row)
        if not wanted("cases"):
            return
        folder = DEMO_MODEL_DIR
        if options.full_size:
            say: Callable[[str], object] = lambda it: print(it, file=sys.stderr)  # noqa: E731
            folder = stack.enter_context(random_full(options.keep, device=options.device, say=say))
        loras = write_loras(files, shapes_of_folder(folder))
        for row in timings(folder, files, options, loras):
            report.add("cases", row)


if __name__ == "__main__":
    main()
