"""Start the bot or one of its commands: `python -m bot --help`.

Every Python since 3.6 can read this file and `bot/__init__.py`, which import nothing that has to be
installed: whoever types the wrong `python` is told so in one line.
"""

# The part of `signal` that is always there: the rest imports modules, in which Ctrl-C would raise.
import _signal  # type: ignore[import-not-found]
import os
import sys

_INSTALL = ".venv/bin/pip install -e '.[playground]'"


def main() -> None:
    """Run the command line and leave with its exit code."""
    if _signal.getsignal(_signal.SIGINT) == _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # until what follows is imported
    if sys.version_info < (3, 11):  # noqa: UP036 - pip refuses these, a clone does not
        sys.exit(_refusal("the bot needs Python 3.11, 3.12 or 3.13"))
    from bot.environment.signals import stop_at_once  # noqa: PLC0415 - not before the check
    from bot.environment.streams import mend_streams  # noqa: PLC0415

    stop_at_once()
    mend_streams()
    try:
        from bot.cli import run  # noqa: PLC0415

        code = run(sys.argv[1:])
    except ImportError as error:
        if (error.name or "").partition(".")[0] in ("bot", "cogs"):
            raise
        is_missing = isinstance(error, ModuleNotFoundError)
        reason = f"{error.name} is not installed here" if is_missing else str(error).splitlines()[0]
        sys.exit(_refusal(reason))
    sys.exit(code)


def _refusal(reason: str) -> str:
    """Return the one line for a Python that cannot run the bot."""
    version = ".".join(map(str, sys.version_info[:3]))
    return f"This is Python {version} ({sys.executable}): {reason}. {_cure()}"


def _cure() -> str:
    """Say what to type: the clone's own Python where there is one, else how to make it."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    own = os.path.join(".venv", "bin", "python")  # noqa: PTH118 - before pathlib is imported
    if not os.path.exists(os.path.join(root, "pyproject.toml")):  # noqa: PTH110, PTH118
        return "Install the bot again, with one of these versions."
    if not os.path.exists(own):  # noqa: PTH110
        return f"Run `python3 -m venv .venv && {_INSTALL}` in {root}."
    if sys.prefix == os.path.abspath(".venv"):  # noqa: PTH100
        return f"Run `{_INSTALL}`."
    return f"Run `{' '.join([own, '-m', 'bot'] + sys.argv[1:2])}`."  # noqa: RUF005


if __name__ == "__main__":
    main()
