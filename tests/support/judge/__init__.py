"""The judge: a small network that tells what a picture shows, trained on the source art alone.

The network itself is the recipe's `judge_network.py` (torch only), read from there so that there is
no second copy to go out of step. How good it is on real art stands in README.md.
"""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

from bot.domain.drawing import RawImage
from bot.settings import PROJECT_DIR
from tests.support.later import imported_later

with imported_later():
    import torch

HERE = Path(__file__).parent
NETWORK = PROJECT_DIR / "data" / "demo_model" / "recipe" / "judge_network.py"


@cache
def judge() -> Any:
    """Return the network with its weights, on the CPU."""
    spec = importlib.util.spec_from_file_location("judge_network", NETWORK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load_judge(HERE)


@cache
def names() -> dict[str, list[str]]:
    """Return the names of the classes, `concepts` and `styles`."""
    return json.loads((HERE / "judge.json").read_text(encoding="utf-8"))


def probabilities(image: RawImage) -> dict[str, float]:
    """Return how sure the judge is of each concept, looking at the whole picture."""
    pixels = torch.frombuffer(bytearray(image.pixels), dtype=torch.uint8)
    picture = pixels.view(1, image.height, image.width, 3).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():
        sure = judge()(picture)["concept"][0, 0].softmax(-1)  # (concepts,)
    return dict(zip(names()["concepts"], sure.tolist(), strict=True))
