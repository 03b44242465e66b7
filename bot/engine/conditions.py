"""What a recipe records beside the request: parts of the conditions that decided the pixels."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Final

import torch

from bot.domain.requests import ImageRequest
from bot.engine.hardware import device_name, kernel_conditions

_NORMALISATION: Final = "cfg_normalization"  # as diffusers calls it

_version: Final = functools.cache(version)  # a file is read for it: 1 ms in which no GPU works


def is_normalised(request: ImageRequest, match: Mapping[str, object] | None = None) -> bool:
    """Tell whether a guided velocity is kept as long as the prompt's own, as it was in `match`."""
    usual = request.profile.cfg_normalization
    found = (match or {}).get(_NORMALISATION, usual)
    return request.guidance_scale > 0 and (found if isinstance(found, bool) else usual)


def request_conditions(
    request: ImageRequest, match: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return what a request comes to in numbers."""
    variety = request.variety_noise
    normalised = is_normalised(request, match)
    has_choice = normalised or request.profile.cfg_normalization
    return {
        "num_inference_steps": request.num_steps,
        "sigmas": list(request.sigmas),
        "noise": "torch.Generator(cpu), float32",
        "variety_noise": None if variety is None else asdict(variety),
        **({_NORMALISATION: normalised} if has_choice else {}),  # none of Turbo's recipes has it
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
