"""Weights that do not fit a card: kept in main memory, and copied to it just before their turn.

Two buffers on the device take turns: while one layer is computed from the first, the next layer's
matrices are copied into the second on a stream of its own. The kernels and the values they read are
those of weights that stay on the device, so the results are the same bits. On a CPU the copies are
copies within main memory: of no use there but to be tested.
"""

from __future__ import annotations

import contextlib
import logging
import math
import mmap
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch
from torch import nn

from bot.engine.backends.fused.quantised import Shrink
from bot.engine.backends.fused.weights import Matrices, Owners, share, taken_apart

logger = logging.getLogger(__name__)

_ALIGNMENT: Final = 512  # bytes, as torch's allocator aligns: the same kernels serve both places


class HostBuffer:
    """Main memory that the GPU copies from by itself, where it can be pinned.

    Torch's own pinned memory comes in powers of two: 0.54 GB for a block of 0.35.
    """

    def __init__(self, size: int, *, pinned: bool) -> None:
        """Reserve so many bytes."""
        memory = mmap.mmap(-1, size)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with contextlib.suppress(OSError):  # a kernel without: only slower to pin
                memory.madvise(mmap.MADV_HUGEPAGE)
        self.bytes = torch.frombuffer(memory, dtype=torch.uint8)
        if pinned:
            self._pin(size)

    def _pin(self, size: int) -> None:
        runtime: Any = torch.cuda.cudart()  # type: ignore[no-untyped-call]
        address = self.bytes.data_ptr()
        code = runtime.cudaHostRegister(address, size, 0)
        if code != runtime.cudaError.success:
            logger.warning("Main memory cannot be pinned (CUDA error %s): slower copies", int(code))
            with contextlib.suppress(RuntimeError):
                torch.zeros(1, device="cuda")  # the next launch reports the refusal: here, unheard
            return
        # The bytes are held until then: what is registered must not be unmapped.
        weakref.finalize(self, _unpin, self.bytes, torch.cuda.current_device()).atexit = False


def _unpin(registered: torch.Tensor, device: int) -> None:
    torch.cuda.synchronize(device)  # a copy may be on its way
    runtime: Any = torch.cuda.cudart()  # type: ignore[no-untyped-call]
    runtime.cudaHostUnregister(registered.data_ptr())


class OffloadedLayer:
    """One layer's matrices in main memory, in one buffer.

    Attributes:
        size: Of the buffer in bytes.
        bytes: The buffer.

    """

    def __init__(self, matrices: Matrices, *, pinned: bool) -> None:
        """Copy them there."""
        self._makers, self._places = [], []
        end = 0
        parts = []
        for matrix in matrices:
            tensors, make = taken_apart(matrix)
            self._makers.append((len(tensors), make))
            for each in tensors:
                self._places.append((end, each.dtype, each.shape))
                end += math.ceil(each.nbytes / _ALIGNMENT) * _ALIGNMENT
                parts.append(each)
        self.size = end
        self._host = HostBuffer(end, pinned=pinned)
        self.bytes = self._host.bytes
        self._copy(parts)

    def take(self, matrices: Matrices) -> None:
        """Copy other values of these matrices there."""
        self._copy([each for matrix in matrices for each in taken_apart(matrix)[0]])

    def _copy(self, parts: Sequence[torch.Tensor]) -> None:
        for inside, each in zip(self._tensors(self.bytes), parts, strict=True):
            inside.copy_(each)

    def over(self, buffer: torch.Tensor) -> Matrices:
        """Return the matrices as they are in a buffer, uint8, that holds these bytes."""
        tensors = iter(self._tensors(buffer))
        return Matrices(*(make([next(tensors) for _ in range(n)]) for n, make in self._makers))

    def _tensors(self, buffer: torch.Tensor) -> list[torch.Tensor]:
        return [
            buffer[start : start + shape.numel() * dtype.itemsize].view(dtype).view(shape)
            for start, dtype, shape in self._places
        ]


class StagingBuffers:
    """The two buffers on the device, shared by all that streams: no two networks run at once."""

    def __init__(self, device: torch.device) -> None:
        """Reserve nothing yet."""
        self.device = device
        self.is_cuda = device.type == "cuda"
        self._buffers: list[torch.Tensor] = []
        self._holds: list[OffloadedLayer | None] = [None, None]
        self._last = 1
        # Of each buffer: that it is filled, and that what was computed from it is.
        self._filled: list[Any] = []
        self._read: list[Any] = []
        self._copies: Any = None
        if self.is_cuda:
            self._copies = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            events = [torch.cuda.Event() for _ in range(4)]  # type: ignore[no-untyped-call]
            self._filled, self._read = events[:2], events[2:]

    def forget(self) -> None:
        """Read layers again from main memory, where their values are about to change."""
        if self.is_cuda:
            torch.cuda.synchronize(self.device)
        self._holds = [None, None]

    def reserve(self, size: int) -> None:
        """Make the buffers at least so many bytes large; 0 gives them back."""
        if self._buffers and 0 < size <= len(self._buffers[0]):
            return
        self.forget()
        self._buffers = []
        if size:
            self._buffers = [
                torch.empty(size, dtype=torch.uint8, device=self.device) for _ in range(2)
            ]

    @contextlib.contextmanager
    def lent(self, layer: OffloadedLayer, *, following: OffloadedLayer) -> Iterator[Matrices]:
        """Have a layer's matrices on the device; meanwhile those of the following one come."""
        slot = self._slot_of(layer)
        if slot is None:
            slot = 1 - self._last
            self._fill(slot, layer)
        self._last = slot
        if self.is_cuda:
            torch.cuda.current_stream(self.device).wait_event(self._filled[slot])
        if self._slot_of(following) is None:
            self._fill(1 - slot, following)
        yield layer.over(self._buffers[slot])
        if self.is_cuda:
            self._read[slot].record(torch.cuda.current_stream(self.device))

    def _slot_of(self, layer: OffloadedLayer) -> int | None:
        return next((i for i, held in enumerate(self._holds) if held is layer), None)

    def _fill(self, slot: int, layer: OffloadedLayer) -> None:
        """Copy a layer into a buffer, behind what still reads that buffer."""
        self._holds[slot] = layer
        with torch.cuda.stream(self._copies):  # nothing where there is no such stream
            if self.is_cuda:
                self._copies.wait_event(self._read[slot])
            self._buffers[slot][: layer.size].copy_(layer.bytes, non_blocking=True)
            if self.is_cuda:
                self._filled[slot].record(self._copies)


class Layers:
    """The matrices of layers that run one after the other, each here or away.

    Args:
        staging: Where what is away is copied to.
        shrink: What brought the matrices to fewer bits.

    """

    def __init__(self, staging: StagingBuffers, shrink: Shrink | None = None) -> None:
        """Begin with none."""
        self._staging, self._shrink = staging, shrink
        # Of each linear layer: its layer here, the matrix that holds its rows, and which these are.
        self._places: dict[nn.Module, tuple[int, int, slice]] = {}
        self._stale: set[int] = set()  # whose copy in main memory is not what is on the device
        self._owners: list[Owners] = []
        self._here: list[Matrices | None] = []
        self._away: list[OffloadedLayer | None] = []

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._here)

    @property
    def streams(self) -> bool:
        """Tell whether any is away."""
        return any(each is None for each in self._here)

    @property
    def largest(self) -> int:
        """Return the bytes of the largest that is away, 0 without one."""
        return max((each.size for each in self._absent()), default=0)

    def add(self, matrices: Matrices, owners: Owners, *, stays: bool) -> None:
        """Take the next layer's matrices, which are on the device."""
        for m, linears in enumerate(owners):
            start = 0
            for linear in linears:
                rows = slice(start, start + linear.out_features)
                self._places[linear], start = (len(self), m, rows), rows.stop
        self._owners.append(owners)
        self._here.append(matrices)
        self._away.append(None)
        if not stays:
            self._send(len(self) - 1)

    def keep(self, count: int) -> None:
        """Let so many layers be on the device, and the others away."""
        leaving = going(len(self), len(self) - count)
        for i in leaving:
            if self._here[i] is not None:
                self._send(i)
        for i in range(len(self)):
            if i not in leaving and self._here[i] is None:
                self._bring(i)

    def write(self, linear: nn.Module, values: torch.Tensor) -> bool:
        """Write the weight of a linear layer where it is, in as many bits as it is in there.

        Rows are brought to fewer bits one by one, so each layer has those it would have alone.

        Args:
            linear: As its owner.
            values: On the device.

        Returns:
            False if its rows are in none of these matrices.

        """
        if (place := self._places.get(linear)) is None:
            return False
        i, m, rows = place
        here, away = self._here[i], self._away[i]
        if here is not None:
            self._stale.add(i)
        else:
            assert away is not None
            here = away.over(away.bytes)
        shrunk = values if self._shrink is None else self._shrink(values)
        for own, new in zip(taken_apart(here[m])[0], taken_apart(shrunk)[0], strict=True):
            own[rows].copy_(new)
        return True

    def walk(self, start: int = 0, stop: int | None = None) -> Iterator[Matrices]:
        """Yield the matrices of each layer; those of one may be gone once the next is asked for."""
        ring = self._absent()
        turn = sum(here is None for here in self._here[:start])
        for here in self._here[start:stop]:
            if here is not None:
                yield here
                continue
            layer, following = ring[turn], ring[(turn + 1) % len(ring)]
            turn += 1
            with self._staging.lent(layer, following=following) as matrices:
                yield matrices

    def _absent(self) -> list[OffloadedLayer]:
        pairs = zip(self._here, self._away, strict=True)
        return [away for here, away in pairs if here is None and away is not None]

    def _send(self, i: int) -> None:
        matrices = self._here[i]
        assert matrices is not None
        away = self._away[i] or OffloadedLayer(matrices, pinned=self._staging.is_cuda)
        if i in self._stale:
            away.take(matrices)
            self._stale.discard(i)
        self._here[i], self._away[i] = None, away
        self._share(i, away.over(away.bytes))

    def _bring(self, i: int) -> None:
        away = self._away[i]
        assert away is not None
        # The copy in main memory stays: what was short of room once may be so again.
        self._here[i] = here = away.over(away.bytes.to(self._staging.device, copy=True))
        self._share(i, here)

    def _share(self, i: int, matrices: Matrices) -> None:
        for matrix, layers in zip(matrices, self._owners[i], strict=True):
            share(matrix, layers)


def going(layers: int, count: int) -> list[int]:
    """Return which of so many layers are away: spread out, so that copies hide behind the others.

    Each set holds the smaller ones, so that a little more room moves little.
    """
    bits = max(layers - 1, 1).bit_length()
    scattered = sorted(range(layers), key=lambda i: int(f"{i:0{bits}b}"[::-1], 2))
    return sorted(scattered[: max(0, min(count, layers))])
