"""What a process needed, and whether a second model fits beside the first."""

from __future__ import annotations

import resource
import sys
from typing import Final

import psutil
import torch

_SPARE: Final = 8 * 2**30  # bytes beside the weights: activations, graphs, workspaces
_SECOND: Final = 1.2  # of the first model's memory: fusing weights needs some more for a while


def peak_bytes(device: torch.device) -> int:
    """Return the most memory in use so far: of tensors on a GPU, of the process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def has_room_for_another(device: torch.device) -> bool:
    """Tell whether a model as large as the one that is loaded fits beside it."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free >= _SECOND * torch.cuda.memory_allocated(device) + _SPARE
    available: int = psutil.virtual_memory().available
    used: int = psutil.Process().memory_info().rss
    return available >= _SECOND * used


def can_hold_full_size(device: torch.device) -> bool:
    """Tell whether Z-Image-Turbo fits: 20.5 GB in bfloat16 on a GPU, twice that on a CPU."""
    if device.type == "cuda":
        _, total = torch.cuda.mem_get_info(device)
        return total >= 23 * 2**30
    available: int = psutil.virtual_memory().available
    return available >= 56 * 2**30
