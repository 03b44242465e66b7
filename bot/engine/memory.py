"""How much memory there is, and memory that runs out: say how much there was, and what to do."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch

from bot.domain.requests import Size
from bot.engine.placement import GIB, LEAST, Footprint, Placement, described, place
from bot.errors import EngineOutOfMemoryError, SettingsError

logger = logging.getLogger(__name__)

# What CUDA's context, the libraries' kernels and a desktop take of a card beside torch's tensors.
_BESIDE: Final = round(0.6 * GIB)
_SPARE_MAIN: Final = GIB  # of main memory, for everything else
_MOST_KEPT_FREE: Final = 4 * GIB  # however often memory ran out
_WORTH: Final = GIB // 2  # of room more than is needed, before weights come back


class Budget:
    """How many bytes of a device this process may take, its weights included."""

    def __init__(self, device: torch.device, setting: str) -> None:
        """Look at what is free now.

        Args:
            device: On a CPU there is no limit.
            setting: auto for all that is free, or a number of GiB that the card is to count as.

        """
        self._device = device
        self._most = sys.maxsize
        if device.type != "cuda":
            return
        free = self._free()
        self._most = free - _BESIDE
        if setting != "auto":
            wanted = int(setting) * GIB
            if wanted > free + _BESIDE:
                logger.warning(
                    "MEMORY=%s is more than the %.1f GiB that are free on the GPU: these are used",
                    setting, free / GIB,
                )  # fmt: skip
            self._most = min(self._most, wanted - _BESIDE)

    def _free(self) -> int:
        """Return what is free on the card or held by this process."""
        free, _ = torch.cuda.mem_get_info(self._device)
        return free + torch.cuda.memory_reserved(self._device)

    def now(self) -> int:
        """Return the bytes; less than at first while another program holds more of the card."""
        if self._device.type != "cuda":
            return self._most
        return min(self._most, self._free() - _BESIDE // 4)


class MemoryPlanner:
    """What of a model stays on the device, as the room for it changes.

    Attributes:
        plan: What stays there now.

    """

    def __init__(self, model: Footprint, budget: Budget) -> None:
        """Plan for the largest image that is drawn without tiles at the model's native size.

        Raises:
            SettingsError: What does not fit the device does not fit main memory either.

        """
        self._model, self._budget = model, budget
        self._kept_free = 0
        self._drawn: set[tuple[Size, bool, int]] = set()  # while the plan was this one
        side = model.tile
        self.plan = self._best(model.work(width=side, height=side, tiled=False))
        wanted, free = model.away(self.plan), free_main_memory()
        without = "set CONTROL=off, " if model.controls else ""
        if wanted and wanted + _SPARE_MAIN > free:
            raise SettingsError(
                f"The GPU has too little room for this model, and keeping {wanted / GIB:.1f} GiB "
                f"of it in main memory does not work either: {free / GIB:.1f} GiB are free there. "
                f"{without}PRECISION=int8 halves what is kept, int4 needs less still; or set "
                "MEMORY to more."
            )

    def __str__(self) -> str:
        """Say what stays where, in one line."""
        return described(self._model, self.plan)

    def settled(self, size: Size, *, tiled: bool, beside: int = 0) -> Placement:
        """Return what stays while an image is drawn.

        More of the model comes back only where that is worth the way.

        Args:
            size: Of what the transformer sees at once.
            tiled: Whether the VAE works in tiles.
            beside: Bytes of what lies on the device beside that.

        """
        model = self._model
        if (size, tiled, beside) in self._drawn and not model.away(self.plan):
            return self.plan  # torch still holds what that took
        work = model.work(width=size.width, height=size.height, tiled=tiled) + beside
        plan = self._best(work)
        if model.away(plan) < model.away(self.plan):
            plan = self._best(work + _WORTH)
            if model.away(plan) >= model.away(self.plan):
                return self.plan
        self._take(plan)
        self._drawn.add((size, tiled, beside))
        return plan

    def spare(self, size: Size, *, tiled: bool, beside: int = 0) -> int:
        """Return the bytes of the device that nothing takes while an image is drawn.

        Args:
            size: As for `settled`.
            tiled: Likewise.
            beside: Likewise.

        """
        model, plan = self._model, self.plan
        if model.away(plan):
            return 0
        work = model.work(width=size.width, height=size.height, tiled=tiled) + beside
        taken = model.weights + work + (model.graphs if plan.graphs else 0)
        return max(0, self._budget.now() - self._kept_free - taken)

    def control_work(self, size: Size) -> int:
        """Return the bytes that an image takes beside its work because it is controlled."""
        return self._model.control_work(width=size.width, height=size.height)

    def ran_out(self) -> None:
        """Plan with less from now on: what was expected was too little."""
        self._kept_free = min(self._kept_free + _WORTH, _MOST_KEPT_FREE)
        self._drawn.clear()

    def least(self) -> Placement:
        """Return the plan that leaves the most room, where main memory has it."""
        more = self._model.away(LEAST) - self._model.away(self.plan)
        is_possible = more + _SPARE_MAIN <= free_main_memory()
        self._take(LEAST if is_possible else replace(self.plan, graphs=False))
        return self.plan

    def _take(self, plan: Placement) -> None:
        if plan != self.plan:
            self.plan = plan
            self._drawn.clear()

    def _best(self, work: int) -> Placement:
        return place(self._model, self._budget.now() - self._kept_free - work) or LEAST


def free_main_memory() -> int:
    """Return the bytes of main memory that programs can still take."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    if hasattr(os, "sysconf"):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return sys.maxsize  # nobody says; the system refuses by itself


def free_cache(device: torch.device) -> None:
    """Give back to a GPU what torch holds of it without need."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


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
        f"GPU memory ran out while drawing {what}, also with VAE tiling and all weights off "
        f"the GPU that can be: {allocated / GIB:.1f} GiB allocated, {reserved / GIB:.1f} reserved, "
        f"{free / GIB:.1f} free of {total / GIB:.1f}; {_advice(allocated, reserved, total)}."
    )


def _advice(allocated: int, reserved: int, total: int) -> str:
    """Name the likeliest cause, read from the three figures."""
    if total - reserved > 4 * GIB and reserved < total // 2:
        return "another program holds most of the GPU (see nvidia-smi): stop it, or draw smaller"
    if reserved - allocated > 2 * GIB:
        return "the memory is fragmented: restart the bot, or choose a smaller size"
    return "choose a smaller size, or a GPU with more memory"
