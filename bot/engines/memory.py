"""Memory that runs out: recognise it, say how much there was, and what to do."""

from __future__ import annotations

from typing import Final

import torch

from bot.errors import EngineOutOfMemoryError

_GIB: Final = 1024**3


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether torch failed for want of memory, on a GPU or on the CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    # The CPU allocator and cuBLAS's handle creation have no exception class of their own.
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "DefaultCPUAllocator" in text or "CUBLAS_STATUS_ALLOC_FAILED" in text
    )


def out_of_memory_error(device: torch.device, *, what: str) -> EngineOutOfMemoryError:
    """Build the sentence for the user: the figures of this moment and the way out.

    Args:
        device: Where the memory ran out.
        what: The thing that did not fit, for example "2048x2048".

    """
    if device.type != "cuda":
        return EngineOutOfMemoryError(
            f"Memory ran out while drawing {what}: close other programs or choose a smaller size."
        )
    free, total = torch.cuda.mem_get_info(device)
    allocated = torch.cuda.memory_allocated(device)
    reserved = torch.cuda.memory_reserved(device)
    return EngineOutOfMemoryError(
        f"GPU memory ran out while drawing {what}, also with VAE tiling and the text encoder off "
        f"the GPU: {allocated / _GIB:.1f} GiB allocated, {reserved / _GIB:.1f} reserved, "
        f"{free / _GIB:.1f} free of {total / _GIB:.1f}; {_advice(allocated, reserved, total)}."
    )


def _advice(allocated: int, reserved: int, total: int) -> str:
    """Name the likeliest cause, read from the three figures."""
    if total - reserved > 4 * _GIB and reserved < total // 2:
        return "another program holds most of the GPU (see nvidia-smi): stop it, or draw smaller"
    if reserved - allocated > 2 * _GIB:
        return "the memory is fragmented: restart the bot, or choose a smaller size"
    return "choose a smaller size, or a GPU with more memory"
