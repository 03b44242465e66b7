"""`python -m bot lora samples`: a picture of each LoRA that has none, for `/lora list`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from bot.cli.common import Commands, check_lengths, open_engine_aloud
from bot.domain.drawing import DrawTask
from bot.domain.loras import Lora
from bot.domain.requests import Adapter, ImageRequest, Size, clean_prompt
from bot.engine import Engine
from bot.environment.streams import say, tell
from bot.errors import BotError, EngineError, OutputPathError
from bot.media.encoding import picture_thumbnail, to_pillow
from bot.media.picture_files import write_whole
from bot.models import LoraFolder, located, lora_folder, model_rules
from bot.settings import Settings

_PROMPT: Final = "a cat"
_SEED: Final = 42
_SIDE: Final = 512  # pixels of what is kept
_FAILED: Final = 1  # the exit code


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "samples",
        help="draw a picture of each LoRA that has none",
        description="Draw a picture with each LoRA that has none beside its file (name.png, "
        "name.preview.png …), for `/lora list`. They are kept in DATA_DIR/lora_samples. Exit code "
        "1: one could not be drawn.",
    )
    add = parser.add_argument
    add("--prompt", default=_PROMPT, metavar="WORDS", help="what to draw, behind its trigger words")
    add("--again", action="store_true", help="also draw those anew that were drawn before")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Draw one after the other; one that cannot be drawn stops no other."""
    files = located(settings)
    folder = lora_folder(files, settings)
    folder.refresh()
    while folder.hash_next():
        pass
    size = model_rules(files, settings, folder).default
    work = {
        path: _request(lora, options.prompt, size)
        for lora, path in _without_picture(folder, again=options.again)
    }
    if not work:
        say("There is nothing to draw: each LoRA that can be used has a picture.")
        return 0
    check_lengths(list(work.values()), files.folder)
    with closing(open_engine_aloud(files, settings)) as engine:
        engine.load()
        drawn = [_draw(engine, request, path) for path, request in work.items()]
    return 0 if all(drawn) else _FAILED


def _without_picture(folder: LoraFolder, *, again: bool) -> Iterator[tuple[Lora, Path]]:
    """Yield what is to be drawn, and where it is kept."""
    for lora in folder.all:
        if lora.sha256 is not None and not lora.fault:
            own, known = folder.sample_path(lora.sha256), folder.picture(lora.sha256)
            if own is not None and (known is None or (again and known == own)):
                yield lora, own


def _request(lora: Lora, prompt: str, size: Size) -> ImageRequest:
    assert lora.sha256 is not None
    return ImageRequest(
        prompt=", ".join([*lora.triggers, clean_prompt(prompt)]),
        seed=_SEED,
        size=size,
        adapters=(Adapter(name=lora.name, sha256=lora.sha256, scale=1.0),),
    )


def _draw(engine: Engine, request: ImageRequest, path: Path) -> bool:
    """Draw one and keep it; return whether that was possible."""
    try:
        drawing = engine.draw(DrawTask(request=request))
    except EngineError:  # of no LoRA alone
        raise
    except BotError as error:
        say(error.message)
        return False
    _write(path, picture_thumbnail(to_pillow(drawing.image), side=_SIDE))
    tell(f"{request.adapters[0].name}  {path}")
    return True


def _write(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        raise OutputPathError(
            f"The picture {path} cannot be written ({error.strerror or error}): change the "
            "permissions of DATA_DIR."
        ) from error
