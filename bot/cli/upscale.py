"""`python -m bot upscale`: a picture 2 or 4 times as large."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from typing import Final

from bot.cli.common import (
    Commands,
    check_lengths,
    let_threads_sleep,
    open_engine_aloud,
    signing_key,
    step_bar,
)
from bot.cli.outputs import Outputs
from bot.domain.drawing import Drawing, DrawTask, Step
from bot.domain.recipe import make_recipe
from bot.domain.requests import (
    DETAIL,
    FACTORS,
    WORDLESS,
    ImageRequest,
    clean_prompt,
    parse_seed,
    random_seed,
)
from bot.engine.upscaler import check_installed
from bot.environment.streams import say, tell
from bot.media.encoding import encode_png
from bot.media.image_input import read_picture_file
from bot.media.source_pictures import prompt_in, upscale_source
from bot.models import located
from bot.settings import Settings

_EPILOG: Final = """\
Real-ESRGAN enlarges the picture, which needs no GPU and no other model. With --detail the model
then draws fine detail into it, tile by tile: that takes longer, and changes the picture a little. A
side of the result may have 4096 pixels.

examples:
  %(prog)s apple.png --output large.png
  %(prog)s apple.png --factor 4 --detail --prompt "a red apple on a table" --output larger.png
"""


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "upscale",
        help="make a picture 2 or 4 times as large",
        description="Make a picture 2 or 4 times as large.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("picture", metavar="FILE", help="the picture")
    add("--factor", choices=tuple(map(str, FACTORS)), default="2", help="2 (default) or 4")
    add("--detail", action="store_true", help="also draw fine detail into it")
    add("--prompt", help="what it shows (default: as a recipe in it says)")
    add("--seed", help="of the detail (default: a random one)")
    add("--output", metavar="PNG", help="a relative path is taken from DATA_DIR/outputs")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Upscale one picture; all of it is checked before anything is written."""
    check_installed()
    picture = read_picture_file(Path(options.picture))
    source, size = upscale_source(picture, int(options.factor))
    request = ImageRequest(
        prompt=clean_prompt(options.prompt or "") or prompt_in(picture) or WORDLESS,
        seed=random_seed() if options.seed is None else parse_seed(options.seed),
        size=size,
    ).upscaled_from(source.pixel_sha256, size, strength=DETAIL if options.detail else 0)
    if request.is_drawn:
        request = request.for_profile(located(settings).profile)
    [target] = Outputs(root=settings.data_dir / "outputs").plan(options.output, [request])
    for note in picture.notes:
        say(f"Note: {note}")
    drawing = upscaled(DrawTask(request=request, inputs=(source,)), settings)
    recipe = make_recipe(request, drawing)
    path = target.write(encode_png(drawing.image, recipe=recipe, key=signing_key(settings)))
    tell(
        f"{path}  {size}  {drawing.duration_s:.1f} s  sha256 {str(recipe['pixel_sha256'])[:16]}",
        kept=f"The image is here: {path}.",
    )
    return 0


def upscaled(task: DrawTask, settings: Settings) -> Drawing:
    """Draw an upscaled image under a bar; the upscaler alone needs no other model.

    Raises:
        BotError: It cannot be drawn.

    """
    with step_bar(0) as bar:

        def on_step(step: Step) -> None:
            bar.total = step.total
            bar.update(step.number - bar.n)

        if not task.request.is_drawn:
            let_threads_sleep()
            from bot.engine.upscaler.upscale import upscale_alone  # noqa: PLC0415 - imports torch

            return upscale_alone(
                task, device=settings.device, cpu_threads=settings.cpu_threads, on_step=on_step
            )
        files = located(settings)
        check_lengths([task.request], files.folder)
        with closing(open_engine_aloud(files, settings)) as engine:
            return engine.draw(task, on_step=on_step)
