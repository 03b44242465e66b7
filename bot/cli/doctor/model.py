"""The doctor's checks of the model: its files, and whether this machine can draw with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from bot.cli.common import NOT_PROVEN, FileBars, open_engine
from bot.cli.doctor.check import Check, ok, problem, warning
from bot.domain.jobs import Speed
from bot.domain.requests import ImageRequest, Quality
from bot.environment.installation import command_line
from bot.environment.signals import stopping_at_once
from bot.errors import BotError
from bot.models import (
    MANIFEST_NAME,
    ModelFiles,
    control_file,
    lora_folder,
    model_rules,
    unproven,
    verify,
)
from bot.models.control import control_cure, fault_of
from bot.services.estimator import Estimator
from bot.settings import Settings
from bot.storage import Store

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


def profile(files: ModelFiles, settings: Settings) -> Check:
    """Say how the model is drawn with, and how long an image takes, where that is known."""
    found, rules = files.profile, model_rules(files, settings)
    steps = ", ".join(f"{each} {found.steps(each)}" for each in Quality)
    guidance = f"guidance {found.usual_guidance:g} of at most {found.max_guidance:g}"
    twice = ", two forwards a step" if found.usual_guidance else ", one forward a step"
    normalised = ", normalised" if found.cfg_normalization else ""
    request = ImageRequest.parse(rules=rules, prompt="x", seed=0)
    seconds = Estimator(_speeds(files, settings)).seconds([request])
    time = "no image was drawn here yet" if seconds is None else f"{seconds:.1f} s as drawn here"
    return ok(
        "profile",
        f"{found} ({found.model_name}): steps {steps}; {guidance}{twice}{normalised}; "
        f"a usual image: {request.num_forwards} forwards, {time}",
    )


def _speeds(files: ModelFiles, settings: Settings) -> dict[int, Speed]:
    """Return how fast the bot drew here; nothing where it was never started or cannot be asked."""

    async def look() -> dict[int, Speed]:
        data = settings.data_dir
        async with Store(data / "bot.sqlite3", images=data / "images").to_read() as store:
            return await store.machine.speeds(files.model_id, settings.device)

    try:
        return asyncio.run(look())
    except BotError:
        return {}


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


def control(settings: Settings, files: ModelFiles) -> Check:
    """Say which control weights would be used, and whether they fit the model."""
    shown = f"CONTROL={settings.control}"
    try:
        file = control_file(files, settings)
        if file is None and settings.control == "off":
            return ok("control", f"{shown}: no map steers an image")
        if file is None:
            cure = control_cure(files)
            return ok("control", f"{shown}: {cure}")
        fault = fault_of(file)
        open_engine(files, settings).foresee()
    except BotError as error:
        return problem("control", error.message)
    if fault is not None:
        return problem("control", f"{file.path}: {fault}", "fetch it again")
    return ok("control", f"{shown}: {file.path}")
