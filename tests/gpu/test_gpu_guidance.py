"""Guidance with both profiles is diffusers' own on a GPU, too; run with `pytest -m gpu`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bot.domain.requests import Size
from tests.benchmarks.guidance import report

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]

RATIO = 1.1  # of the error in bfloat16 to that of diffusers' pipeline


def test_guided_latents_are_those_of_the_official_pipeline(demo_model: Path):
    for line in report(demo_model, "cuda", Size(width=256, height=256), seeds=4):
        assert line["float32"] < 1e-3, line
        assert line["ratio_reference"] <= RATIO, line
        assert line["ratio_fast"] <= RATIO, line
