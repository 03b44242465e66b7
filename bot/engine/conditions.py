"""What a recipe records beside the request: parts of the conditions that decided the pixels."""

from __future__ import annotations

import functools
from dataclasses import asdict
from importlib.metadata import version
from typing import Final

import torch

from bot.domain.requests import ImageRequest
from bot.engine.hardware import device_name, kernel_conditions

_version: Final = functools.cache(version)  # a file is read for it: 1 ms in which no GPU works


def request_conditions(request: ImageRequest) -> dict[str, object]:
    """Return what a request comes to in numbers."""
    variety = request.variety_noise
    return {
        "num_inference_steps": request.num_steps,
        "sigmas": list(request.sigmas),
        "noise": "torch.Generator(cpu), float32",
        "variety_noise": None if variety is None else asdict(variety),
    }


def machine_conditions(device: torch.device) -> dict[str, object]:
    """Return what computes on a device: hardware, kernels and libraries."""
    return {
        "device": device_name(device),
        "cpu_threads": torch.get_num_threads() if device.type == "cpu" else None,
        **kernel_conditions(device),
        "diffusers": _version("diffusers"),
        "transformers": _version("transformers"),
    }
