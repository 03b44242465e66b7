"""What several commands share: the engine from the settings, and bars of files."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import gc
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from tqdm import tqdm

from bot.domain.requests import ImageRequest, RequestField
from bot.domain.signature import SigningKey
from bot.environment.signals import stopping_at_once
from bot.environment.streams import say
from bot.environment.text_files import NotTextError, decode
from bot.errors import BotError, InvalidRequestError
from bot.models import ModelFiles, control_file, lora_folder
from bot.settings import Settings
from bot.storage import Store

if TYPE_CHECKING:  # importing it for real would import torch
    from bot.engine.z_image import ZImageEngine

_ID_DIGITS: Final = 19  # of a number of 63 bits
_ID_SHOWN: Final = 80  # characters
_MAX_TEXT_BYTES: Final = 10_000_000  # more are no prompts; a device may never end

# What `add_subparsers` returns; the class has no public name.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001


def open_engine(files: ModelFiles, settings: Settings) -> ZImageEngine:
    """Return an engine for these model files; it loads them when it is first used."""
    let_threads_sleep()
    let_torchao_be_quiet()
    # torch and diffusers take seconds to import: `--help` and refusals do not wait for them.
    with stopping_at_once(), _no_collections():
        from bot.engine.z_image import ZImageEngine  # noqa: PLC0415

    return ZImageEngine(
        files.folder,
        model_id=files.model_id,
        revision=files.revision,
        model_files=files.learned,
        weights=files.weights,
        profile=files.profile,
        device=settings.device,
        dtype=settings.dtype,
        cpu_threads=settings.cpu_threads,
        path=settings.engine_path,
        precision=settings.precision,
        memory=settings.memory,
        lora_path=lora_folder(files, settings).path,
        control=control_file(files, settings),
    )


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Look for no garbage among what imports make and keep: that takes one second of seven."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def add_option(parser: argparse.ArgumentParser, field: RequestField) -> None:
    """Let a command take a field of a request."""
    names = dict.fromkeys((f"--{field.option.replace('_', '-')}", f"--{field.option}"))
    explained = field.help.replace("%", "%%")  # argparse fills it in
    parser.add_argument(*names, action="append" if field.is_list else "store", help=explained)


def signing_key(settings: Settings) -> SigningKey | None:
    """Return the key of this installation; None if its bot was never started or cannot be asked."""

    async def look() -> SigningKey | None:
        data = settings.data_dir
        async with Store(data / "bot.sqlite3", images=data / "images").to_read() as store:
            return store.key

    try:
        return asyncio.run(look())
    except BotError:
        return None


def open_engine_aloud(files: ModelFiles, settings: Settings) -> ZImageEngine:
    """Return an engine, and say first what is about to take seconds, or minutes for a large one."""
    say(f"Loading {files.model_id} ...")
    return open_engine(files, settings)


def check_lengths(requests: Sequence[ImageRequest], model: Path) -> None:
    """Refuse prompts longer than the model reads, before its weights are loaded.

    Raises:
        InvalidRequestError: One has too many tokens.

    """
    from bot.engine.tokens import TokenCounter  # noqa: PLC0415 - refusals go before it

    TokenCounter(model).check(requests)


def guild_id(typed: str) -> int:
    """Return the id of a server that was typed, for a parser."""
    return _discord_id(typed, "Copy Server ID")


def user_id(typed: str) -> int:
    """Return the id of a user that was typed, for a parser."""
    return _discord_id(typed, "Copy User ID")


def _discord_id(typed: str, menu: str) -> int:
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= _ID_DIGITS else 0
    if not 0 < number < 2**63:
        raise argparse.ArgumentTypeError(
            f"{typed[:_ID_SHOWN]!r} is no id: use the number that Discord's `{menu}` gives"
        )
    return number


def step_bar(total: int) -> tqdm[Any]:
    """Return a bar of steps, which shows on a terminal only."""
    return tqdm(total=total, unit="step", file=sys.stderr, disable=None, leave=False)


def read_text(name: str, what: str) -> str:
    """Read a file of text, whatever wrote it; `-` is the standard input.

    Args:
        name: The file, as it was typed.
        what: What a refusal calls it.

    Raises:
        InvalidRequestError: It cannot be read.

    """
    try:
        with (
            contextlib.nullcontext(sys.stdin.buffer)
            if name == "-"
            else Path(name).open("rb") as file
        ):
            content = file.read(_MAX_TEXT_BYTES + 1)
        if len(content) > _MAX_TEXT_BYTES:
            raise InvalidRequestError(
                f"The {what} {name!r} has more than {_MAX_TEXT_BYTES / 1e6:.0f} MB, so it is none."
            )
        return decode(content)
    except OSError as error:
        is_closed = name == "-" and error.errno == errno.EBADF
        reason = "the standard input is closed" if is_closed else error.strerror
        raise InvalidRequestError(f"The {what} {name!r} cannot be read: {reason}.") from error
    except NotTextError as error:
        raise InvalidRequestError(f"The {what} {name!r} cannot be read: {error}.") from error


def let_threads_sleep() -> None:
    """Let OpenMP's threads sleep while they wait; to be called before torch is imported.

    They spin by default, which costs an image up to ten times its time where something else, the
    bot's own event loop for example, wants one of the cores.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def let_torchao_be_quiet() -> None:
    """Keep what torchao says at its import off the terminal; to be called before torch is imported.

    Where it is installed diffusers imports it too, and half a page tells of kernels that nobody
    asked for. PRECISION needs none of them. Its source has an escape sequence that Python 3.12 and
    newer warn of when they compile it, which is here where the installer did not (uv).
    """
    warnings.filterwarnings(
        "ignore", "invalid escape sequence", SyntaxWarning, module=r".*[/\\]torchao[/\\]"
    )
    os.environ.setdefault("TORCHAO_FORCE_SKIP_LOADING_SO_FILES", "1")
    for name in ("torchao", "torch.utils._pytree", "diffusers.quantizers.torchao"):
        logging.getLogger(name).setLevel(logging.ERROR)


# What is said of a model whose files are all there, but have no checksums to compare with.
NOT_PROVEN: Final = "complete, but nothing proves its content: no checksums are known"


class FileBars:
    """Show `(file, done, total)` reports as progress bars on the standard error."""

    def __enter__(self) -> Self:
        """Begin without a bar."""
        self._bar: tqdm[Any] | None = None
        self._file = ""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the last bar."""
        self._close()

    def __call__(self, file: str, done: int, total: int | None) -> None:
        """Show that `done` of `total` bytes of a file are here."""
        if file != self._file or self._bar is None:
            self._close()
            self._file = file
            self._bar = tqdm(
                total=total, desc=file, unit="B", unit_scale=True, file=sys.stderr, disable=None
            )
        self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
