"""The page of `privacy-policy`, a file in each language, with values in braces to be filled in."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en-US", "zh-CN")


def policy_page(language: str) -> str:
    """Return the page in one of `LANGUAGES`, not filled in yet."""
    return files(__package__).joinpath(f"{language}.md").read_text(encoding="utf-8")
