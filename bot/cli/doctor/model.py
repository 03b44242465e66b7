"""The doctor's checks of the model: its files, and whether this machine can draw with it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from bot.cli.common import NOT_PROVEN, FileBars, open_engine
from bot.cli.doctor.check import Check, ok, problem, warning
from bot.environment.installation import command_line
from bot.environment.signals import stopping_at_once
from bot.errors import BotError
from bot.models import MANIFEST_NAME, ModelFiles, lora_folder, unproven, verify
from bot.settings import Settings

if TYPE_CHECKING:  # importing it for real would import torch
    from bot.engine.hardware import Gpu

_GIB: Final = 1024**3
_NAMED: Final = 3  # LoRAs that cannot be used
_LARGE_MODEL: Final = 1024  # its native edge in pixels


def compute(settings: Settings, *, native: int) -> Iterator[Check]:
    """Check what torch would compute on; `native` is the model's native edge, 0 if unknown."""
    try:
        with stopping_at_once():
            from bot.engine import hardware  # noqa: PLC0415 - torch takes seconds to import
    except (ImportError, OSError) as error:
        yield problem(
            "torch", f"cannot be imported: {str(error).splitlines()[0][:200]}", "install it again"
        )
        return
    try:
        gpus = [] if settings.device == "cpu" else hardware.gpus()
    except RuntimeError as error:
        yield problem(
            "gpu", str(error).splitlines()[0][:200], "update the GPU's driver, or set DEVICE=cpu"
        )
        return
    if gpus:
        for i, gpu in enumerate(gpus):
            yield _gpu(f"gpu {i}", gpu)
    elif settings.device.startswith("cuda"):
        yield problem(
            "gpu",
            f"DEVICE={settings.device}, but torch {version('torch')} finds no GPU",
            "install a CUDA build of torch, or set DEVICE=auto",
        )
    else:
        yield _cpu(hardware.cpu_threads(), native=native)


def _gpu(name: str, gpu: Gpu) -> Check:
    detail = f"{gpu.name}, {gpu.free / _GIB:.1f} of {gpu.total / _GIB:.1f} GiB free"
    if gpu.supports_bfloat16:
        return ok(name, detail)
    return warning(
        name, detail, "this GPU has no bfloat16: set DTYPE=float32, which needs twice the memory"
    )


def _cpu(threads: int, *, native: int) -> Check:
    detail = f"none found: drawing on the CPU with {threads} threads"
    if native < _LARGE_MODEL:
        return ok("gpu", detail)
    return warning(
        "gpu",
        detail,
        "a model of this size takes many minutes an image on a CPU: use a GPU or MODEL=demo",
    )


def memory(settings: Settings, files: ModelFiles) -> Check:
    """Say how much of the model would stay on the GPU, or why this machine cannot run it."""
    try:
        plan = open_engine(files, settings).foresee()
    except BotError as error:
        return problem("memory", error.message)
    return ok("memory", f"MEMORY={settings.memory}: {plan}")


def model(files: ModelFiles) -> Check:
    """Verify every file of the model against its manifest."""
    with FileBars() as bars:
        problems = verify(files, progress=bars)
    detail = f"{files.model_id} in {files.place}, revision {files.revision}"
    if problems:
        named = ", ".join(f"{each.path} ({each.reason})" for each in problems)
        return problem("model", f"{detail}: {named}", files.cure)
    if unproven(files):
        advice = f"write its checksums with `md5sum` into {MANIFEST_NAME} when you trust it"
        if files.weights:
            advice = "compare the SHA-256 of the files with the page that they come from"
        return warning("model", f"{detail}: {NOT_PROVEN}", advice)
    return ok("model", f"{detail}: every file is right")


def loras(settings: Settings, files: ModelFiles) -> Check:
    """Say which LoRAs there are; only their headers are read, and what was found out before."""
    folder = lora_folder(files, settings)
    if settings.lora_dir is not None and not settings.lora_dir.is_dir():
        advice = "make this folder, or point LORA_DIR to the one that holds your LoRAs"
        return warning("loras", f"LORA_DIR={settings.lora_dir} is no folder", advice)
    folder.refresh()
    found = folder.all
    detail = f"{len(found)} in {' and '.join(map(str, folder.folders))}"
    if broken := [f"{each.name} ({each.fault})" for each in found if each.fault]:
        named = ", ".join(broken[:_NAMED])
        more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
        advice = f"take them away, or see `{command_line('lora')} list`"
        return warning("loras", f"{detail}; cannot be used: {named}{more}", advice)
    return ok("loras", detail)
