"""What goes wrong while a model is loaded, in one sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import torch

from bot.engine.memory import free_main_memory, is_out_of_memory
from bot.engine.placement import GIB
from bot.errors import BotError, EngineError, EngineOutOfMemoryError, ModelFilesError


@contextlib.contextmanager
def load_errors(folder: Path, *, model: str, device: torch.device) -> Iterator[None]:
    """Turn whatever is raised inside into a sentence.

    Raises:
        EngineOutOfMemoryError: Memory ran out.
        EngineError: The GPU or its driver failed.
        ModelFilesError: Anything else.

    """
    try:
        yield
    except BotError:
        raise
    except Exception as error:
        raise _load_error(error, folder, model=model, device=device) from error


def _load_error(error: Exception, folder: Path, *, model: str, device: torch.device) -> BotError:
    if is_out_of_memory(error):
        return _memory_error(device, model=model)
    if device.type == "cuda" and _is_gpu_fault(error):
        return EngineError(
            f"The GPU {device} cannot be used ({first_line(error)}): try a newer driver, or set "
            "DEVICE=cpu."
        )
    return ModelFilesError(
        f"The model in {folder} cannot be loaded, though its files are complete "
        f"({first_line(error)}): set LOG_LEVEL=DEBUG to see where it fails."
    )


def _is_gpu_fault(error: BaseException) -> bool:
    """Tell whether the driver or a library of the GPU failed, by torch's class or its words."""
    if isinstance(error, torch.AcceleratorError):
        return True
    words = ("CUDA", "NVIDIA", "cuDNN", "CUBLAS")
    return isinstance(error, RuntimeError | AssertionError) and any(w in str(error) for w in words)


def _memory_error(device: torch.device, *, model: str) -> EngineOutOfMemoryError:
    """Build the sentence for a model whose weights do not fit."""
    if device.type != "cuda":
        return EngineOutOfMemoryError(
            f"Memory ran out while loading the model {model}: {free_main_memory() / GIB:.1f} GiB "
            "are free now; close other programs, or use a machine with more memory."
        )
    free, total = torch.cuda.mem_get_info(device)
    return EngineOutOfMemoryError(
        f"GPU memory ran out while loading the model {model}: {free / GIB:.1f} of "
        f"{total / GIB:.1f} GiB are free now; stop other programs on the GPU (see nvidia-smi), or "
        "set MEMORY to less, so that weights stay in main memory."
    )


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, at most 200 characters."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
