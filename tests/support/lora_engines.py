"""Engines with LoRAs at hand, and what all their weights are."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.domain.drawing import DrawTask
from bot.domain.requests import Adapter, ImageRequest, Quality, Size
from bot.engine.adapters.shapes import shapes_of_folder
from bot.engine.placement import Placement
from bot.errors import MissingAdapterError
from tests.support.later import imported_later
from tests.support.lora_files import FORMATS, LoraSample, Maker

with imported_later():
    import torch
    from safetensors.torch import load_file

    from bot.engine.backends.fused.weights import taken_apart
    from bot.engine.z_image import ZImageEngine

REQUEST = ImageRequest(
    prompt="a red apple", seed=3, size=Size(width=64, height=64), quality=Quality.DRAFT
)


class LoraFiles:
    """Files of some formats for one model."""

    def __init__(self, model: Path, folder: Path) -> None:
        self.shapes = shapes_of_folder(model)
        self._model, self._folder = model, folder
        self._paths: dict[str, Path] = {}
        self._numbers = itertools.count()
        self._tensors: dict[str, dict[str, torch.Tensor]] = {}
        self.samples: dict[str, LoraSample] = {}

    def path(self, sha256: str) -> Path:
        if sha256 not in self._paths:
            raise MissingAdapterError("x", sha256)
        return self._paths[sha256]

    def take(self, file: Path, *, scale: float = 1.0) -> Adapter:
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        self._paths[sha256] = file
        return Adapter(name=file.stem, sha256=sha256, scale=scale)

    def make(self, form: str, *, scale: float = 1.0, seed: int = 1, **options: Any) -> Adapter:
        """Write a file of one of the formats."""
        maker = Maker(self.shapes.parts, self.clean, seed=seed, **options)
        sample = FORMATS[form](maker)
        file = self._folder / f"{next(self._numbers)}.safetensors"
        adapter = self.take(sample.save(file), scale=scale)
        self.samples[adapter.sha256] = sample
        return adapter

    def clean(self, part: str, name: str) -> torch.Tensor:
        """Return a parameter of the model's own files."""
        if part not in self._tensors:
            self._tensors[part] = {
                own.removeprefix("model."): each
                for file in sorted((self._model / part).glob("*.safetensors"))
                for own, each in load_file(file).items()
            }
        return self._tensors[part][name]

    def engine(self, **options: Any) -> ZImageEngine:
        """Return an engine that finds these files."""
        defaults = {"device": "cpu", "path": "fast"}
        return ZImageEngine(
            self._model, model_id="tiny", revision="test", lora_path=self.path,
            **{**defaults, **options},
        )  # fmt: skip


def draw(engine: ZImageEngine, *adapters: Adapter, **changes: Any) -> str:
    """Return the hash of the pixels."""
    values = {name: getattr(REQUEST, name) for name in ("prompt", "seed", "size", "quality")}
    request = ImageRequest(**{**values, "adapters": adapters, **changes})
    return engine.draw(DrawTask(request=request)).image.pixel_sha256


def weights_hash(engine: ZImageEngine) -> str:
    """Return the hash of all weights, wherever they are and in whatever bits."""
    found = hashlib.sha256()
    for tensor in _tensors(engine):
        found.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _tensors(engine: ZImageEngine) -> Iterator[torch.Tensor]:
    parts = engine._loaded()
    for network in (parts.transformer, parts.text.model):
        for _, parameter in sorted(network.named_parameters()):
            if parameter.numel():
                yield parameter.data.flatten()
    fast = parts.backends.fast
    if fast is None:
        return
    for stack in fast._stacks():
        for here, away in zip(stack._here, stack._away, strict=True):
            matrices = here if here is not None else away.over(away.bytes)
            for matrix in matrices:
                yield from (each.flatten() for each in taken_apart(matrix)[0])
    for block in (*fast._transformer._read_by, *fast._transformer._blocks):
        yield from (*block.norms, block.heads.query_norm, block.heads.key_norm)
    for layer in fast._text._layers if fast._text is not None else ():
        yield from (layer.attention_norm, layer.feed_forward_norm, layer.heads.query_norm)


def keep_to(engine: ZImageEngine, plan: Placement) -> None:
    """Let the engine's next drawings keep to a plan, whatever room there is."""
    planner = engine._loaded().planner
    planner.settled = lambda *_, **__: plan  # type: ignore[method-assign]
    planner.plan = plan
