"""`python -m bot download`: fetch the configured model and verify every file of it."""

from __future__ import annotations

import argparse

from bot.cli.common import NOT_PROVEN, Commands, FileBars, let_torchao_be_quiet
from bot.environment.streams import tell
from bot.models import check_tensors, download, profile_setting, unproven
from bot.models.control import WEIGHTS, ControlWeights, fetch_control
from bot.settings import Settings


def add_to(commands: Commands) -> None:
    """Add this command to the parser."""
    parser = commands.add_parser(
        "download",
        help="fetch the configured model and verify it",
        description="Fetch the model named by MODEL from MODEL_SOURCE into MODEL_CACHE, continue "
        "where an earlier download stopped, verify every file, and fetch broken ones again. "
        "What the hubs' own tools fetched before is used where it is. Where MODEL names files of "
        "weights, only what they lack is fetched.",
    )
    parser.add_argument(
        "--control",
        nargs="?",
        const="lite",
        choices=tuple(WEIGHTS),
        help="instead of the model, fetch the weights that let a map steer images: lite (2 GB, as "
        "--control alone means) or full (6.7 GB)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Download, under one progress bar a file."""
    if options.control is not None:
        return _run_control(WEIGHTS[options.control], settings)
    with FileBars() as bars:
        files = download(
            settings.model,
            source=settings.model_source,
            model_cache=settings.model_cache,
            profile=profile_setting(settings),
            modelscope_endpoint=settings.modelscope_endpoint,
            hf_endpoint=settings.hf_endpoint,
            progress=bars,
        )
    let_torchao_be_quiet()
    check_tensors(files)
    state = NOT_PROVEN if unproven(files) else "complete and verified"
    tell(f"{files.model_id} is {state}: {files.place}")
    return 0


def _run_control(weights: ControlWeights, settings: Settings) -> int:
    is_modelscope = settings.model_source == "modelscope"
    with FileBars() as bars:
        path = fetch_control(
            weights,
            source=settings.model_source,
            model_cache=settings.model_cache,
            endpoint=settings.modelscope_endpoint if is_modelscope else settings.hf_endpoint,
            progress=bars,
        )
    state = "complete and verified"
    if weights.sha256 is None:
        state = "complete by its header, but its content is not proven: no checksum is published"
    tell(f"The {weights.name} control weights are {state}: {path}")
    return 0
