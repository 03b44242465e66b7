"""What there is to compute with: the choice of device and dtype, and determinism on it."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import torch

from bot.environment.installation import command_line, install_line
from bot.errors import SettingsError

_ADA: Final = (8, 9)  # the compute capability that brought 8-bit products
_AMPERE: Final = 8  # the compute capability that brought bfloat16 in hardware

_Owner = TypeVar("_Owner")
_Values = ParamSpec("_Values")
_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One CUDA device; memory in bytes."""

    name: str
    free: int
    total: int
    supports_bfloat16: bool


def gpus() -> list[Gpu]:
    """Return every CUDA device torch can use; none is no error.

    Raises:
        RuntimeError: A device is there, but the driver cannot be used.

    """
    return [_gpu(i) for i in range(torch.cuda.device_count())]


def _gpu(index: int) -> Gpu:
    free, total = torch.cuda.mem_get_info(index)
    major, _ = torch.cuda.get_device_capability(index)
    return Gpu(
        name=torch.cuda.get_device_name(index),
        free=free,
        total=total,
        supports_bfloat16=major >= _AMPERE,
    )


def cpu_threads() -> int:
    """Return how many threads torch uses on the CPU."""
    return torch.get_num_threads()


@contextlib.contextmanager
def threads(device: torch.device, count: object) -> Iterator[bool]:
    """Compute with so many CPU threads, where there are the cores; tell whether they are the usual.

    Sums are split among threads, so with another number of them some pixels differ.
    """
    own = torch.get_num_threads()
    wanted = count if type(count) is int and device.type == "cpu" else own
    if not 1 <= wanted <= (os.cpu_count() or 1):
        wanted = own
    torch.set_num_threads(wanted)
    try:
        yield wanted == own
    finally:
        torch.set_num_threads(own)


def choose_device(name: str) -> torch.device:
    """Return the device of that name; `auto` is the first GPU, or the CPU without one.

    A GPU always has its number: plain `cuda` would mean whichever one is current at the time.

    Raises:
        SettingsError: There is no such GPU.

    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device("cuda:0" if name == "cuda" else name)
    if device.type == "cuda" and device.index >= torch.cuda.device_count():
        raise SettingsError(
            f"The setting DEVICE {name!r} does not work: torch sees {torch.cuda.device_count()} "
            f"GPUs here; use auto or cpu, or see `{command_line('doctor')}`."
        )
    return device


def current(device: torch.device) -> AbstractContextManager[object]:
    """Make a GPU the current one of this thread for a while.

    Triton launches on the current GPU whatever its arguments are on, and so do events, graphs and
    pinned copies that name no device. A thread begins with GPU 0.
    """
    return torch.cuda.device(device) if device.type == "cuda" else contextlib.nullcontext()


def on_its_device(
    method: Callable[Concatenate[_Owner, _Values], _Result],
) -> Callable[Concatenate[_Owner, _Values], _Result]:
    """Run an engine's method with the engine's `_device` as the current one."""

    @functools.wraps(method)
    def run(owner: _Owner, /, *values: _Values.args, **named: _Values.kwargs) -> _Result:
        engine: Any = owner
        with current(engine._device):  # noqa: SLF001 - its own methods are decorated
            return method(owner, *values, **named)

    return run


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """Return bfloat16 for a GPU and float32 for a CPU, unless told otherwise.

    Few CPUs compute bfloat16 faster than float32, and on those that do the pixels would differ
    from everybody else's.
    """
    if name == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    return {"bfloat16": torch.bfloat16, "float32": torch.float32}[name]


def choose_path(name: str, device: torch.device) -> bool:
    """Tell whether the fast path draws; `auto` is fast on a GPU.

    On a CPU both take the same time, and the reference made every earlier image.
    """
    return name == "fast" or (name == "auto" and device.type == "cuda")


def check_precision(name: str, device: torch.device, dtype: torch.dtype, *, is_fast: bool) -> None:
    """Refuse a precision of the weights that this device or path does not have.

    Raises:
        SettingsError: It has not.

    """
    if name == "full":
        return
    capability = torch.cuda.get_device_capability(device) if device.type == "cuda" else (0, 0)
    if name == "fp8" and (capability < _ADA or dtype is not torch.bfloat16):
        raise _no_precision(
            name,
            "it needs bfloat16 on a GPU of compute capability 8.9 or newer (Ada, Hopper, "
            "Blackwell); use full or int8",
        )
    if not is_fast:
        raise _no_precision(name, "it needs the fast path; set ENGINE_PATH=fast, or use full")
    if name in ("int8", "int4") and not importlib.util.find_spec("torchao"):
        raise _no_precision(name, f"torchao is missing; run `{install_line('torchao')}`")


def _no_precision(name: str, why: str) -> SettingsError:
    return SettingsError(f"The setting PRECISION {name!r} does not work here: {why}.")


def make_deterministic() -> None:
    """Choose, once a process, the kernels that give the same bits every time."""
    # cuBLAS reads this when its first handle is made; with it, its workspaces are fixed.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    # A kernel without a deterministic form warns: an image with a warning beats no image.
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    # Filling every new tensor costs time, and nothing here reads memory it did not write.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def device_name(device: torch.device) -> str:
    """Return what a recipe says of the device: the GPU's name or the kind of CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return platform.processor() or platform.machine()


def kernel_conditions(device: torch.device) -> dict[str, object]:
    """Return what a recipe says of the libraries and switches that choose the kernels."""
    on_gpu = device.type == "cuda"
    return {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if on_gpu else None,  # type: ignore[no-untyped-call]
        "cublas_workspace": os.environ.get("CUBLAS_WORKSPACE_CONFIG") if on_gpu else None,
        "cpu_instructions": None if on_gpu else torch.backends.cpu.get_cpu_capability(),
        "autotuning": torch.backends.cudnn.benchmark,
        "compilation": None,  # no part is compiled by torch.compile; see `kernels` for Triton's
    }
