"""The operator's own rules, which no server can loosen, from a file."""

from __future__ import annotations

from pathlib import Path

from bot.domain.rules import Entry, Layer, from_toml
from bot.environment.text_files import NotTextError, decode
from bot.errors import BotError, SettingsError


def read_rules_file(path: Path) -> tuple[Entry, ...]:
    """Read the rules of RULES_FILE: TOML with a table [operator].

    Raises:
        SettingsError: It cannot be read, or a rule of it cannot be meant.

    """
    try:
        return from_toml(decode(path.read_bytes()), [Layer.OPERATOR])
    except BotError as error:
        raise SettingsError(f"RULES_FILE '{path}' does not work: {error.message}") from None
    except (OSError, NotTextError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"RULES_FILE '{path}' cannot be read: {reason}.") from None
